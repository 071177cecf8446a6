"""The versions of the rules that were ever in force, and the rules that were refused."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Subquery, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.defaults import team_modules
from dispatch.domain.title import Wording
from dispatch.errors import BadRules
from dispatch.routing import succession
from dispatch.routing.rulebook import Rulebook
from dispatch.routing.succession import SHOWN, NeededTeam, Serving
from dispatch.storage import heartbeats
from dispatch.storage.database import Tx
from dispatch.storage.tables.tickets import hop, live, rulebook, rules_refused, ticket


def latest(tx: Tx) -> str | None:
    """The version that came into force last: counted, for clocks differ and are set back."""
    order = (func.coalesce(rulebook.c.place, 0).desc(), rulebook.c.id.desc())
    return tx.execute(select(rulebook.c.version).order_by(*order).limit(1)).scalar()


def text_of_version(tx: Tx, version: str) -> str | None:
    """The text of a version that is or was in force."""
    return tx.execute(select(rulebook.c.text).where(rulebook.c.version == version)).scalar()


def in_force(tx: Tx) -> Rulebook | None:
    """The rules in force; None when there are none, or when they are of a later release, which this one can't read."""
    from dispatch.routing import loader  # parsing takes pydantic and a YAML parser: not for every process

    version = latest(tx)
    text = None if version is None else text_of_version(tx, version)
    if text is None:
        return None
    try:
        return loader.parse(text, f"rules {version}")
    except BadRules:
        return None


def teams_at_work(tx: Tx) -> list[str]:
    """The teams that live hops are with."""
    return list(tx.execute(select(hop.c.team).where(live).distinct().order_by(hop.c.team)).scalars())


def needed_teams(tx: Tx) -> list[NeededTeam]:
    """The teams that live hops are with, and those that hops may go back to, step by step."""
    return [*_needed(tx, _HOLDING, asked=False), *_needed(tx, _ASKED, asked=True)]


_HOLDING = (
    select(ticket.c.kind, hop.c.team, hop.c.ticket_id).join(ticket, ticket.c.id == hop.c.ticket_id).where(live)
).subquery()
_first_askers = (
    select(hop.c.asked_by.label("id"), hop.c.ticket_id, ticket.c.kind)
    .join(ticket, ticket.c.id == hop.c.ticket_id)
    .where(live, hop.c.asked_by.is_not(None))
    .cte("askers", recursive=True)
)
_earlier = hop.alias("earlier")
_askers = _first_askers.union(
    select(_earlier.c.asked_by, _first_askers.c.ticket_id, _first_askers.c.kind)
    .join(_earlier, _earlier.c.id == _first_askers.c.id)
    .where(_earlier.c.asked_by.is_not(None))
)
_ASKED = select(_askers.c.kind, hop.c.team, _askers.c.ticket_id).join(hop, hop.c.id == _askers.c.id).subquery()


def _needed(tx: Tx, of: Subquery, *, asked: bool) -> list[NeededTeam]:
    counted = select(of.c.kind, of.c.team, func.count(of.c.ticket_id.distinct())).group_by(of.c.kind, of.c.team)
    found = []
    for kind, team, tickets in tx.execute(counted.order_by(of.c.kind, of.c.team)):
        some = select(of.c.ticket_id).distinct().where(of.c.kind == kind, of.c.team == team).order_by(of.c.ticket_id)
        first = tx.execute(some.limit(SHOWN)).scalars().all()
        found.append(NeededTeam(kind, team, asked, tickets, first))
    return found


def obstacles(tx: Tx, new: Rulebook, old: Rulebook | None, now: datetime, *, starting: bool = False) -> list[Wording]:
    """The reasons why `new` can't take the place of `old` now, as `routing.succession.obstacles` finds them."""
    served, started = heartbeats.served_teams(tx, now), heartbeats.teams_started_with(tx, now)
    serving = Serving(served, started, team_modules(), starting=starting)
    return list(succession.obstacles(new, old, needed_teams(tx), serving))


def put_in_force(tx: Tx, new: Rulebook, now: datetime) -> None:
    """Put this version in force. It may have been in force before, or another process may be doing the same."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    place = select(func.coalesce(func.max(rulebook.c.place), 0) + 1).scalar_subquery()
    row = dialect.insert(rulebook).values(version=new.version, text=new.text, in_force_from=now, place=place)
    moved = {"in_force_from": now, "place": place}
    tx.execute(row.on_conflict_do_update(index_elements=[rulebook.c.version], set_=moved))


def note_refused(tx: Tx, refused: BadRules, now: datetime) -> None:
    """Record the refusal, unless the last one has the same faults: every process sees the same file."""
    faults = "\n".join(refused.lines)
    last = tx.execute(select(rules_refused.c.faults).order_by(rules_refused.c.id.desc()).limit(1)).scalar()
    if last != faults:
        tx.execute(insert(rules_refused).values(at=now, faults=faults))

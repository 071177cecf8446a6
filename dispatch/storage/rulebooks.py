"""The versions of the rules that were ever in force, and the rules that were refused."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.domain.ticket import LIVE_HOP
from dispatch.errors import BadRules
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Tx
from dispatch.storage.tables.tickets import hop, rulebook, rules_refused


def latest(tx: Tx) -> str | None:
    """The version that came into force last: counted, for clocks differ and are set back."""
    order = (func.coalesce(rulebook.c.place, 0).desc(), rulebook.c.id.desc())
    return tx.execute(select(rulebook.c.version).order_by(*order).limit(1)).scalar()


def text_of_version(tx: Tx, version: str) -> str | None:
    """The text of a version that is or was in force."""
    return tx.execute(select(rulebook.c.text).where(rulebook.c.version == version)).scalar()


def teams_at_work(tx: Tx) -> set[str]:
    """The teams that have live hops."""
    return set(tx.execute(select(hop.c.team).where(hop.c.state.in_(LIVE_HOP)).distinct()).scalars())


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

"""数字: what is under way and what came in and ended, as whoever watches over it all sees it on the wall.

What is of now is counted off the indexes of what is alive, what is of a time off those of that time: nothing in here
reads all tickets ever made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, literal_column, select

from dispatch.domain.effect import EffectState
from dispatch.domain.ticket import LIVE_HOP, HopState
from dispatch.reports.lists import Areas, team_loads, within
from dispatch.routing.rulebook import END, Rulebook
from dispatch.storage import effects, heartbeats, hops
from dispatch.storage.database import Tx
from dispatch.storage.rows import ProcessRow
from dispatch.storage.tables.tickets import archive_record, hop, survey, ticket
from dispatch.tickets.closing import UNREACHABLE


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one team has before it: how many hops, how many of them late, since when the oldest is on its board."""

    hops: int
    late: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Queue:
    """What the relay has to send: how many rows are due, since when the oldest; how many are in the quarantine."""

    due: int
    since: datetime | None
    quarantined: int


@dataclass(frozen=True, slots=True)
class Overview:
    """`open`, `backlog`, `hops` and `effects` are of now; the rest is of a time: (hour in UTC, arrived, ended); cases
    archived, and how many of those came back; answers to surveys, of how many that were answers at all, how many
    ended their case."""

    open: int
    backlog: dict[str, Backlog]
    hops: Queue
    effects: Queue
    hours: list[tuple[datetime, int, int]]
    archived: int
    reopened: int
    answers: dict[str, int]
    answered: int
    satisfied: int


def overview(tx: Tx, rulebook: Rulebook, since: datetime, now: datetime, areas: Areas = None) -> Overview:
    """Of faults and construction orders alike. Outside effects belong to no area: all are counted."""
    loads = team_loads(tx, areas)
    opened = select(func.count()).where(ticket.c.ended_at.is_(None), within(ticket.c.area, areas))
    archived, reopened = _archived(tx, since, areas)
    answers = _answers(tx, since, areas)
    given = [each for each in answers if each.name != UNREACHABLE]
    return Overview(
        open=tx.execute(opened).scalar_one(),
        backlog={team: _backlog(load) for team, load in loads.items()},
        hops=_hops(tx, loads, now, areas),
        effects=_effects(tx, now),
        hours=_hours(tx, since, now, areas),
        archived=archived,
        reopened=reopened,
        answers=_by_name(answers),
        answered=sum(each.times for each in given),
        satisfied=sum(each.times for each in given if _ends(rulebook, each)),
    )


def processes(tx: Tx, now: datetime) -> list[tuple[ProcessRow, bool]]:
    """Relays and workers that were seen within the hour, each with whether it is alive."""
    return [(row, row.seen_at >= now - heartbeats.SILENCE) for row in heartbeats.processes(tx, now)]


def _backlog(load: dict[str, Any]) -> Backlog:
    return Backlog(sum(load.get(state, 0) for state in LIVE_HOP), load["late"], load["oldest"])


def _hops(tx: Tx, loads: dict[str, dict[str, Any]], now: datetime, areas: Areas) -> Queue:
    oldest = tx.execute(select(func.min(hop.c.wake_at)).where(hops.OUTBOX.due(now), within(hop.c.area, areas))).scalar()
    due = sum(load.get(HopState.DUE, 0) for load in loads.values())
    return Queue(due, oldest, sum(load.get(HopState.QUARANTINED, 0) for load in loads.values()))


def _effects(tx: Tx, now: datetime) -> Queue:
    by_state: Counter[str] = Counter()
    for row in effects.counts(tx):
        by_state[row.state] += row.number
    due, quarantined = by_state[EffectState.DUE], by_state[EffectState.QUARANTINED]
    return Queue(due, effects.oldest_due(tx, now), quarantined)


def _hours(tx: Tx, since: datetime, now: datetime, areas: Areas) -> list[tuple[datetime, int, int]]:
    """Every hour since then, the quiet ones too."""
    arrived = _by_hour(tx, ticket.c.made_at, since, areas)
    ended = _by_hour(tx, ticket.c.ended_at, since, areas)
    hour, told = since.replace(minute=0, second=0, microsecond=0), []
    while hour <= now:
        told.append((hour, arrived.get(hour, 0), ended.get(hour, 0)))
        hour += timedelta(hours=1)
    return told


def _by_hour(tx: Tx, column: ColumnElement[Any], since: datetime, areas: Areas) -> dict[datetime, int]:
    """How many tickets have a time in each hour since then."""
    form = "%Y-%m-%dT%H:00:00"
    if tx.dialect.name == "sqlite":
        hour = func.strftime(form, column)
    else:
        hour = func.to_char(func.timezone("UTC", column), literal_column("'YYYY-MM-DD\"T\"HH24:00:00'"))
    query = select(hour.label("hour"), func.count()).where(column >= since, within(ticket.c.area, areas))
    counted = tx.execute(query.group_by(hour))
    return {datetime.strptime(text, form).replace(tzinfo=UTC): count for text, count in counted}


def _archived(tx: Tx, since: datetime, areas: Areas) -> tuple[int, int]:
    """How many cases were archived since then, and how many of those were opened again."""
    again = func.count().filter(ticket.c.reopened > archive_record.c.round)
    query = select(func.count(), again).join(ticket, ticket.c.id == archive_record.c.ticket_id)
    archived, reopened = tx.execute(
        query.where(archive_record.c.archived_at >= since, within(ticket.c.area, areas))
    ).one()
    return archived, reopened


class _Answer(NamedTuple):
    flow: str
    team: str
    name: str
    times: int


def _answers(tx: Tx, since: datetime, areas: Areas) -> list[_Answer]:
    of = (ticket.c.kind, hop.c.team, survey.c.answer)
    query = (
        select(*of, func.count())
        .select_from(survey)
        .join(hop, hop.c.id == survey.c.hop_id)
        .join(ticket, ticket.c.id == hop.c.ticket_id)
        .where(survey.c.answered_at >= since, within(hop.c.area, areas))
    )
    return [_Answer(*row) for row in tx.execute(query.group_by(*of))]


def _by_name(answers: Sequence[_Answer]) -> dict[str, int]:
    times: Counter[str] = Counter()
    for each in answers:
        times[each.name] += each.times
    return dict(times)


def _ends(rulebook: Rulebook, answer: _Answer) -> bool:
    """Whether the answer ends the case by the rules in force: so it is the rules that say what a good answer is."""
    rules = rulebook.flows.get(answer.flow, {}).get(answer.team, {}).get(answer.name, ())
    return bool(rules) and all(rule.to == END for rule in rules)

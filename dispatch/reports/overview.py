"""数字: figures of the whole desk for the overview page: current work, and arrivals, ends and answers over a period.

Current figures use the partial indexes on live rows, those of a period an index on the time: no query reads all
tickets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, literal_column, select

from dispatch.domain.effect import EffectState
from dispatch.domain.opinion import DISSATISFIED, GRADES, UNREACHABLE
from dispatch.domain.referral import Whose
from dispatch.domain.ticket import LIVE_HOP, HopState, TicketState
from dispatch.reports.lists import Areas, TeamLoad, in_areas, team_loads
from dispatch.routing.rulebook import END, Rulebook
from dispatch.storage import effects, heartbeats, hops, referrals
from dispatch.storage.database import Tx
from dispatch.storage.rows import ProcessRow
from dispatch.storage.tables.tickets import archive_record, hop, survey, ticket


@dataclass(frozen=True, slots=True)
class Backlog:
    """One team's open work: live hops, how many of them are late, and when the oldest on its board came there."""

    hops: int
    late: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Queue:
    """The relay's outbox: rows that are due, since when the oldest has been due, and rows in quarantine."""

    due: int
    since: datetime | None
    quarantined: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The desk's figures. The first four fields are current, the others count over a period."""

    open: int  # tickets
    backlog: dict[str, Backlog]  # by team
    hops: Queue
    effects: Queue
    hours: list[tuple[datetime, int, int]]  # (hour in UTC, tickets that arrived, tickets that ended)
    archived: int  # cases archived
    reopened: int  # how many of those were reopened later
    answers: dict[str, int]  # surveys by answer, `unreachable` among them
    answered: int  # surveys that a customer answered
    satisfied: int  # how many of those ended their case, and weren't dissatisfied
    grades: dict[int, int]  # surveys by grade, 5 to 1
    referrals: dict[Whose, int]  # callers who weren't ours, by whose they are
    explained: dict[str, int]  # reports of suspended lines solved on the phone, by what they were suspended for


def overview(tx: Tx, rulebook: Rulebook, since: datetime, now: datetime, areas: Areas = None) -> Overview:
    """The figures of faults and construction orders; the period is `since` to `now`.

    Outside effects and strangers' calls belong to no area, so all of them are counted whatever `areas` says.
    """
    loads = team_loads(tx, areas)
    opened = select(func.count()).where(ticket.c.ended_at.is_(None), in_areas(ticket.c.area, areas))
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
        satisfied=sum(each.times for each in given if each.name != DISSATISFIED and _ends(rulebook, each)),
        grades=_grades(tx, since, areas),
        referrals=referrals.counts(tx, since),
        explained=_explained(tx, since, areas),
    )


def processes(tx: Tx, now: datetime) -> list[tuple[ProcessRow, bool]]:
    """Relays and workers with a heartbeat in the last hour, each with whether it is alive now."""
    return [(row, row.seen_at >= now - heartbeats.SILENCE) for row in heartbeats.processes(tx, now)]


def _backlog(load: TeamLoad) -> Backlog:
    return Backlog(load.hops(*LIVE_HOP), load.late, load.oldest)


def _hops(tx: Tx, loads: Mapping[str, TeamLoad], now: datetime, areas: Areas) -> Queue:
    oldest = tx.execute(
        select(func.min(hop.c.wake_at)).where(hops.OUTBOX.due(now), in_areas(hop.c.area, areas))
    ).scalar()
    due = sum(load.hops(HopState.DUE) for load in loads.values())
    return Queue(due, oldest, sum(load.hops(HopState.QUARANTINED) for load in loads.values()))


def _effects(tx: Tx, now: datetime) -> Queue:
    by_state: Counter[str] = Counter()
    for row in effects.counts(tx):
        by_state[row.state] += row.number
    due, quarantined = by_state[EffectState.DUE], by_state[EffectState.QUARANTINED]
    return Queue(due, effects.oldest_due(tx, now), quarantined)


def _hours(tx: Tx, since: datetime, now: datetime, areas: Areas) -> list[tuple[datetime, int, int]]:
    """Arrivals and ends for every hour since then, also for hours without any."""
    arrived = _by_hour(tx, ticket.c.made_at, since, areas)
    ended = _by_hour(tx, ticket.c.ended_at, since, areas)
    hour, told = since.replace(minute=0, second=0, microsecond=0), []
    while hour <= now:
        told.append((hour, arrived.get(hour, 0), ended.get(hour, 0)))
        hour += timedelta(hours=1)
    return told


def _by_hour(tx: Tx, column: ColumnElement[Any], since: datetime, areas: Areas) -> dict[datetime, int]:
    """Count the tickets that have this column's time in each hour since then. Hours without any are missing."""
    form = "%Y-%m-%dT%H:00:00"
    if tx.dialect.name == "sqlite":
        hour = func.strftime(form, column)
    else:
        hour = func.to_char(func.timezone("UTC", column), literal_column("'YYYY-MM-DD\"T\"HH24:00:00'"))
    query = select(hour.label("hour"), func.count()).where(column >= since, in_areas(ticket.c.area, areas))
    counted = tx.execute(query.group_by(hour))
    return {datetime.strptime(text, form).replace(tzinfo=UTC): count for text, count in counted}


def _archived(tx: Tx, since: datetime, areas: Areas) -> tuple[int, int]:
    """Count the cases archived since then, and those of them that were reopened."""
    again = func.count().filter(ticket.c.reopened > archive_record.c.round)
    query = select(func.count(), again).join(ticket, ticket.c.id == archive_record.c.ticket_id)
    archived, reopened = tx.execute(
        query.where(archive_record.c.archived_at >= since, in_areas(ticket.c.area, areas))
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
        .where(survey.c.answered_at >= since, in_areas(hop.c.area, areas))
    )
    return [_Answer(*row) for row in tx.execute(query.group_by(*of))]


def _grades(tx: Tx, since: datetime, areas: Areas) -> dict[int, int]:
    query = select(survey.c.grade, func.count()).join(hop, hop.c.id == survey.c.hop_id)
    query = query.where(survey.c.grade.is_not(None), survey.c.answered_at >= since, in_areas(hop.c.area, areas))
    given = {row[0]: row[1] for row in tx.execute(query.group_by(survey.c.grade))}
    return {grade: given.get(grade, 0) for grade in reversed(GRADES)}


def _explained(tx: Tx, since: datetime, areas: Areas) -> dict[str, int]:
    kind = ticket.c.suspension_kind
    solved = kind.is_not(None), ticket.c.state == TicketState.SOLVED, ticket.c.ended_at >= since
    query = select(kind, func.count()).where(*solved, in_areas(ticket.c.area, areas)).group_by(kind)
    return {row[0]: row[1] for row in tx.execute(query)}


def _by_name(answers: Sequence[_Answer]) -> dict[str, int]:
    times: Counter[str] = Counter()
    for each in answers:
        times[each.name] += each.times
    return dict(times)


def _ends(rulebook: Rulebook, answer: _Answer) -> bool:
    """Return whether the answer ends the case by the rules in force. The rules decide which answers mean satisfied."""
    rules = rulebook.flows.get(answer.flow, {}).get(answer.team, {}).get(answer.name, ())
    return bool(rules) and all(rule.to == END for rule in rules)

"""Read-only queries: boards, journeys, teams, the quarantine. Nothing in here changes anything."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal_column, or_, select, true

from dispatch.storage import history, hops, records, tickets
from dispatch.storage.book_tables import account
from dispatch.storage.database import Tx
from dispatch.storage.tables import crew, hop, on_board, survey, ticket
from dispatch.ticket.life import LIVE_HOP, HopState

_asker = hop.alias("asker")

Areas = Collection[str] | None
"""The areas that are asked about; None: all."""


class Sight(NamedTuple):
    """Of which areas, and of which teams' tickets, somebody may be told; None: of all."""

    areas: Areas = None
    teams: Collection[str] | None = None


_BOARD: Select[Any] = (
    select(
        hop.c.id,
        hop.c.ticket_id,
        hop.c.seq,
        hop.c.team,
        hop.c.state,
        hop.c.found,
        hop.c.assignee,
        hop.c.holder,
        hop.c.boarded_at,
        hop.c.wake_at,
        hop.c.late,
        hop.c.failures,
        hop.c.failure,
        hop.c.claimed_at,
        ticket.c.kind,
        ticket.c.state.label("ticket_state"),
        account.c.number.label("account"),
        ticket.c.area,
        ticket.c.symptom,
        ticket.c.description,
        ticket.c.priority,
        ticket.c.urged,
        ticket.c.hops,
        ticket.c.reopened,
        _asker.c.team.label("asker_team"),
    )
    .join(ticket, ticket.c.id == hop.c.ticket_id)
    .join(account, account.c.id == ticket.c.account_id)
    .outerjoin(_asker, _asker.c.id == hop.c.asked_by)
)


def board(tx: Tx, team: str, limit: int, areas: Areas = None, after: int | None = None) -> Sequence[Row[Any]]:
    """What is on a team's board: the urged and the urgent first, then the oldest; those behind the hop `after`."""
    order = (ticket.c.urged.desc(), ticket.c.priority, hop.c.boarded_at, hop.c.id)
    query = _BOARD.where(on_board, hop.c.team == team, _within(areas)).order_by(*order)
    if after is not None:
        query = query.where(_behind(tx, after))
    return tx.execute(query.limit(limit)).all()


def _behind(tx: Tx, hop_id: int) -> ColumnElement[bool]:
    """Behind this hop as it stands now, on the board or not any more; behind none when there is no such hop."""
    place = select(ticket.c.urged, ticket.c.priority, hop.c.boarded_at).join(ticket, ticket.c.id == hop.c.ticket_id)
    row = tx.execute(place.where(hop.c.id == hop_id)).one_or_none()
    if row is None or row.boarded_at is None:
        return true()
    later = or_(hop.c.boarded_at > row.boarded_at, and_(hop.c.boarded_at == row.boarded_at, hop.c.id > hop_id))
    less_urgent = or_(ticket.c.priority > row.priority, and_(ticket.c.priority == row.priority, later))
    return or_(ticket.c.urged < row.urged, and_(ticket.c.urged == row.urged, less_urgent))


def quarantine(tx: Tx, areas: Areas = None) -> Sequence[Row[Any]]:
    """What failed too often and waits for a person's release."""
    return tx.execute(_BOARD.where(hop.c.state == HopState.QUARANTINED, _within(areas)).order_by(hop.c.id)).all()


def team_loads(tx: Tx, areas: Areas = None) -> dict[str, dict[str, Any]]:
    """Per team: live hops by state, the oldest boarding, how many are late, how many people the crew has."""
    loads: dict[str, dict[str, Any]] = {}
    query = (
        select(hop.c.team, hop.c.state, func.count(), func.min(hop.c.boarded_at), func.count().filter(hop.c.late))
        .where(hop.c.state.in_(LIVE_HOP))
        .group_by(hop.c.team, hop.c.state)
    )
    people = select(crew.c.team, func.count(crew.c.person.distinct())).group_by(crew.c.team)
    if areas is not None:
        query = query.join(ticket, ticket.c.id == hop.c.ticket_id).where(_within(areas))
        people = people.where(crew.c.area.in_(areas))
    for team, state, count, oldest, late in tx.execute(query):
        load = loads.setdefault(team, {"oldest": None, "late": 0})
        load[state] = count
        load["late"] += late
        if oldest and (load["oldest"] is None or oldest < load["oldest"]):
            load["oldest"] = oldest
    for team, number in tx.execute(people):
        loads.setdefault(team, {"oldest": None, "late": 0})["crew"] = number
    return loads


def teams_of(tx: Tx, ticket_ids: Sequence[int]) -> dict[int, set[str]]:
    """The teams that ever had each of these tickets."""
    teams: dict[int, set[str]] = {ticket_id: set() for ticket_id in ticket_ids}
    query = select(hop.c.ticket_id, hop.c.team).where(hop.c.ticket_id.in_(ticket_ids)).distinct()
    for ticket_id, team in tx.execute(query):
        teams[ticket_id].add(team)
    return teams


@dataclass(frozen=True, slots=True)
class Journey:
    """All that is known of one ticket; rows as stored."""

    ticket: Row[Any]
    hops: Sequence[Row[Any]]
    history: Sequence[Row[Any]]
    records: Sequence[Row[Any]]


def journey(tx: Tx, ticket_id: int) -> Journey:
    """Raises NotFound."""
    return Journey(
        tickets.get(tx, ticket_id),
        hops.of_tickets(tx, [ticket_id]),
        history.of_tickets(tx, [ticket_id]),
        records.records(tx, ticket_id),
    )


def latest(
    tx: Tx,
    limit: int,
    number: str | None = None,
    unfinished: bool = False,
    team: str | None = None,
    before: int | None = None,
    sights: Sequence[Sight] = (Sight(),),
) -> Sequence[Row[Any]]:
    """The newest tickets (of one account, with one team now, older than `before`) that any of the sights lets be seen,
    with the team that has each now."""
    live = and_(hop.c.ticket_id == ticket.c.id, hop.c.state.in_(LIVE_HOP))
    now_with = (hop.c.team, hop.c.state.label("hop_state"), hop.c.holder, hop.c.seq)
    query = tickets.whole().add_columns(*now_with).outerjoin(hop, live).where(or_(*map(_seen, sights)))
    if number is not None:
        query = query.where(account.c.number == number)
    if unfinished:
        query = query.where(ticket.c.ended_at.is_(None))
    if team is not None:
        query = query.where(hop.c.team == team)
    if before is not None:
        query = query.where(ticket.c.id < before)
    return tx.execute(query.order_by(ticket.c.id.desc()).limit(limit)).all()


def _seen(sight: Sight) -> ColumnElement[bool]:
    if sight.teams is None:
        return _within(sight.areas)
    had = hop.alias("had")
    ever = select(had.c.id).where(had.c.ticket_id == ticket.c.id, had.c.team.in_(sight.teams)).exists()
    return and_(_within(sight.areas), ever)


def _within(areas: Areas) -> ColumnElement[bool]:
    return true() if areas is None else ticket.c.area.in_(areas)


@dataclass(frozen=True, slots=True)
class Overview:
    """What is under way now; what came in and ended by the hour (UTC): (hour, arrived, ended); answers to surveys."""

    open: int
    late: int
    quarantined: int
    backlog: dict[str, int]
    hours: list[tuple[datetime, int, int]]
    reopened: int
    answers: dict[str, int]


def overview(tx: Tx, since: datetime, areas: Areas = None) -> Overview:
    """Of faults and construction orders alike."""
    within = _within(areas)
    loads = team_loads(tx, areas)
    unfinished = select(func.count()).where(ticket.c.ended_at.is_(None), within)
    reopened = select(func.count()).where(ticket.c.made_at >= since, ticket.c.reopened > 0, within)
    answered = (
        select(survey.c.answer, func.count())
        .join(hop, hop.c.id == survey.c.hop_id)
        .join(ticket, ticket.c.id == hop.c.ticket_id)
        .where(survey.c.answered_at >= since, within)
        .group_by(survey.c.answer)
    )
    arrived = _by_hour(tx, ticket.c.made_at, since, within)
    ended = _by_hour(tx, ticket.c.ended_at, since, within)
    return Overview(
        open=tx.execute(unfinished).scalar_one(),
        late=sum(load["late"] for load in loads.values()),
        quarantined=sum(load.get(HopState.QUARANTINED, 0) for load in loads.values()),
        backlog={team: sum(load.get(state, 0) for state in LIVE_HOP) for team, load in loads.items()},
        hours=[(hour, arrived.get(hour, 0), ended.get(hour, 0)) for hour in sorted({*arrived, *ended})],
        reopened=tx.execute(reopened).scalar_one(),
        answers=dict(tx.execute(answered).all()),
    )


def _by_hour(tx: Tx, column: ColumnElement[Any], since: datetime, within: ColumnElement[bool]) -> dict[datetime, int]:
    """How many tickets have a time in each hour since then."""
    form = "%Y-%m-%dT%H:00:00"
    if tx.dialect.name == "sqlite":
        hour = func.strftime(form, column)
    else:
        hour = func.to_char(func.timezone("UTC", column), literal_column("'YYYY-MM-DD\"T\"HH24:00:00'"))
    counted = select(hour.label("hour"), func.count()).where(column >= since, within).group_by(hour)
    return {datetime.strptime(text, form).replace(tzinfo=UTC): count for text, count in tx.execute(counted)}

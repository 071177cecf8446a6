"""Read-only queries: boards, journeys, teams, the quarantine. Nothing in here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, func, select

from dispatch.storage import history, hops, records, tickets
from dispatch.storage.book_tables import account
from dispatch.storage.database import Tx
from dispatch.storage.tables import crew, hop, on_board, ticket
from dispatch.ticket.life import LIVE_HOP, HopState

_asker = hop.alias("asker")

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
        ticket.c.kind,
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


def board(tx: Tx, team: str, limit: int) -> Sequence[Row[Any]]:
    """What is on a team's board: the urged and the urgent first, then the oldest."""
    order = (ticket.c.urged.desc(), ticket.c.priority, hop.c.boarded_at, hop.c.id)
    return tx.execute(_BOARD.where(on_board, hop.c.team == team).order_by(*order).limit(limit)).all()


def quarantine(tx: Tx) -> Sequence[Row[Any]]:
    """What failed too often and waits for a person's release."""
    return tx.execute(_BOARD.where(hop.c.state == HopState.QUARANTINED).order_by(hop.c.id)).all()


def team_loads(tx: Tx) -> dict[str, dict[str, Any]]:
    """Per team: live hops by state, the oldest boarding, how many are late, how many people the crew has."""
    loads: dict[str, dict[str, Any]] = {}
    query = (
        select(hop.c.team, hop.c.state, func.count(), func.min(hop.c.boarded_at), func.count().filter(hop.c.late))
        .where(hop.c.state.in_(LIVE_HOP))
        .group_by(hop.c.team, hop.c.state)
    )
    for team, state, count, oldest, late in tx.execute(query):
        load = loads.setdefault(team, {"oldest": None, "late": 0})
        load[state] = count
        load["late"] += late
        if oldest and (load["oldest"] is None or oldest < load["oldest"]):
            load["oldest"] = oldest
    for team, people in tx.execute(select(crew.c.team, func.count(crew.c.person.distinct())).group_by(crew.c.team)):
        loads.setdefault(team, {"oldest": None, "late": 0})["crew"] = people
    return loads


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


def latest(tx: Tx, limit: int, number: str | None = None, unfinished: bool = False) -> Sequence[Row[Any]]:
    """The newest tickets (of one account), with the team that has each now."""
    live = and_(hop.c.ticket_id == ticket.c.id, hop.c.state.in_(LIVE_HOP))
    query = tickets.whole().add_columns(hop.c.team, hop.c.state.label("hop_state"), hop.c.holder).outerjoin(hop, live)
    if number is not None:
        query = query.where(account.c.number == number)
    if unfinished:
        query = query.where(ticket.c.ended_at.is_(None))
    return tx.execute(query.order_by(ticket.c.id.desc()).limit(limit)).all()

"""The queries and counts of a replay run.

A run consists of the faults whose request keys begin with its name, or of the construction orders of the accounts that
were opened under such keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from dispatch.domain.kind import Kind
from dispatch.domain.ticket import LIVE_HOP, HopState, TicketState
from dispatch.storage.database import Tx
from dispatch.storage.rows import BoardedHop, TimedHop, shaped
from dispatch.storage.tables.accounts import operation
from dispatch.storage.tables.tickets import archive_record, history, hop, on_board, ticket

_asker = hop.alias("asker")


def _of(name: str, kind: Kind = Kind.FAULT) -> ColumnElement[bool]:
    if kind == Kind.FAULT:
        return _begins(ticket.c.request_key, name)
    opened = select(operation.c.account_id).where(operation.c.kind == "open", _begins(operation.c.request_key, name))
    return and_(ticket.c.kind == kind, ticket.c.account_id.in_(opened))


def _begins(key: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """A range on the unique index: `name/…`."""
    return and_(key >= f"{name}/", key < f"{name}0")


def run_tickets(tx: Tx, name: str, kind: Kind = Kind.FAULT) -> list[tuple[int, str]]:
    """(ticket id, request key) of the run's tickets; a construction order's key is None."""
    return [(id_, key) for id_, key in tx.execute(select(ticket.c.id, ticket.c.request_key).where(_of(name, kind)))]


def run_progress(tx: Tx, name: str, kind: Kind = Kind.FAULT) -> int:
    """Return the number of the run's tickets that have ended."""
    query = select(func.count()).where(_of(name, kind), ticket.c.ended_at.is_not(None))
    return tx.execute(query).scalar_one()


def on_boards(tx: Tx, teams: Sequence[str], people: Sequence[str], after: int, limit: int) -> Sequence[BoardedHop]:
    """Hops of any run that wait on these teams' boards or that these people hold, with larger ids than `after`."""
    query: Select[Any] = (
        select(
            hop.c.id, hop.c.ticket_id, hop.c.team, hop.c.state, ticket.c.kind, ticket.c.hops,
            ticket.c.reopened,
            _asker.c.team.label("asker_team"),
        )
        .join(ticket, ticket.c.id == hop.c.ticket_id)
        .outerjoin(_asker, _asker.c.id == hop.c.asked_by)
        .where(
            on_board,
            hop.c.team.in_(teams),
            or_(hop.c.state == HopState.WAITING, and_(hop.c.state == HopState.CLAIMED, hop.c.holder.in_(people))),
            hop.c.id > after,
        )
        .order_by(hop.c.id)
        .limit(limit)
    )  # fmt: skip
    return shaped(BoardedHop, tx.execute(query)).all()


class RunCounts(NamedTuple):
    """A run's figures in the database, at its end. `unplaced`: tickets neither ended nor in exactly one live hop."""

    tickets: int
    archived: int
    closed: int
    reopened: int
    hops: int
    quarantined: int
    unplaced: list[int]


def run_counts(tx: Tx, name: str, kind: Kind = Kind.FAULT) -> RunCounts:
    of = _of(name, kind)
    live = select(hop.c.ticket_id, func.count().label("n")).where(hop.c.state.in_(LIVE_HOP)).group_by(hop.c.ticket_id)
    lives = live.subquery()
    unplaced = (
        select(ticket.c.id)
        .outerjoin(lives, lives.c.ticket_id == ticket.c.id)
        .where(of, ticket.c.ended_at.is_(None), func.coalesce(lives.c.n, 0) != 1)
    )
    recorded = select(archive_record.c.ticket_id).where(archive_record.c.ticket_id == ticket.c.id).exists()
    of_run = select(func.count()).select_from(hop.join(ticket, ticket.c.id == hop.c.ticket_id)).where(of)
    return RunCounts(
        tickets=tx.execute(select(func.count()).where(of)).scalar_one(),
        archived=tx.execute(select(func.count()).where(of, recorded)).scalar_one(),
        closed=tx.execute(select(func.count()).where(of, ticket.c.state == TicketState.CLOSED)).scalar_one(),
        reopened=tx.execute(select(func.count()).where(of, ticket.c.reopened > 0)).scalar_one(),
        hops=tx.execute(of_run).scalar_one(),
        quarantined=tx.execute(of_run.where(hop.c.state == HopState.QUARANTINED)).scalar_one(),
        unplaced=list(tx.execute(unplaced).scalars()),
    )


def run_hops(tx: Tx, name: str, kind: Kind = Kind.FAULT) -> Iterator[TimedHop]:
    """The times of every hop of the run, streamed, since a run may have a hundred thousand."""
    query: Select[Any] = (
        select(
            hop.c.id, hop.c.team, hop.c.made_at, hop.c.sent_at, hop.c.received_at,
            hop.c.boarded_at, hop.c.claimed_at, hop.c.ended_at,
        )
        .join(ticket, ticket.c.id == hop.c.ticket_id)
        .where(_of(name, kind))
    )  # fmt: skip
    yield from shaped(TimedHop, tx.execution_options(yield_per=2_000).execute(query))


def touched_by_others(tx: Tx, ticket_ids: Sequence[int], people: Sequence[str]) -> set[int]:
    """The ids of those tickets on which anybody but these people has acted."""
    query = select(history.c.ticket_id).where(history.c.ticket_id.in_(ticket_ids), history.c.actor.not_in(people))
    return set(tx.execute(query.distinct()).scalars())

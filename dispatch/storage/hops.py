"""Hops: the set-based statements that move batches of them. A hop moves only as the life table allows."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, literal, select, update

from dispatch.domain.ticket import IN_HAND, LIVE_HOP, HopState, hop_sources, hop_target
from dispatch.storage import epoch
from dispatch.storage.bulk import Rows, in_list_parameter, list_parameters, update_rows
from dispatch.storage.column_types import constants
from dispatch.storage.database import Tx
from dispatch.storage.outbox import NOW, UNTIL, Outbox, Pair, Waited
from dispatch.storage.rows import HeldHop, HopRow, LockedHop, Visit, shaped
from dispatch.storage.tables.accounts import account
from dispatch.storage.tables.tickets import hop, off_board, on_board, ticket

OUTBOX = Outbox(hop, hop_sources, hop_target, off_board, sent_at=func.coalesce(hop.c.sent_at, NOW))
postpone, fail = OUTBOX.postpone, OUTBOX.fail


class SentHop(NamedTuple):
    """A hop marked as sent, to be published to its team's queue."""

    id: int
    generation: int
    team: str
    ticket_id: int
    kind: str
    failures: int
    waited: Waited = Waited()

    @property
    def pair(self) -> Pair:
        return self.id, self.generation


_asker = hop.alias("asker")


_NOT_NEEDED = ("state", "facts", "evidence", "found")  # `state` is an argument, the others are JSON


def _whole(state: ColumnElement[Any] = hop.c.state) -> Select[Any]:
    """A query for `LockedHop` rows; `state` may be another expression than the column."""
    return (
        select(
            *(column for column in hop.c if column.name not in _NOT_NEEDED),
            state.label("state"),
            ticket.c.kind,
            ticket.c.state.label("ticket_state"),
            ticket.c.account_id,
            account.c.number.label("account"),
            ticket.c.channel,
            ticket.c.symptom,
            ticket.c.category,
            ticket.c.priority,
            ticket.c.hops,
            ticket.c.last_seq,
            ticket.c.reopened,
            _asker.c.team.label("asker_team"),
            _asker.c.asked_by.label("asker_asked_by"),
            epoch.BASE.label("epoch"),
        )
        .join(ticket, ticket.c.id == hop.c.ticket_id)
        .join(account, account.c.id == ticket.c.account_id)
        .outerjoin(_asker, _asker.c.id == hop.c.asked_by)
        .order_by(hop.c.id)  # always the same order, so that two batches can't wait for each other
    )


_THESE = in_list_parameter(hop.c.id, "ids")
_READ = _whole().where(_THESE)
_LOCKED = _READ.with_for_update(of=hop)
_RECEIVED = _whole(literal(HopState.RECEIVED, hop.c.state.type)).where(OUTBOX.at_work_on)
_LOCKED_RECEIVED = _RECEIVED.with_for_update(of=hop)
_RECEIVED_OF_TEAM = _RECEIVED.where(hop.c.team == bindparam("team"))
_LOCKED_RECEIVED_OF_TEAM = _RECEIVED_OF_TEAM.with_for_update(of=hop)
_OF_TEAM = select(hop.c.id, hop.c.generation).where(OUTBOX.those, hop.c.team == bindparam("team"))


def lock(tx: Tx, hop_ids: Sequence[int]) -> dict[int, LockedHop]:
    """Lock these hops until the transaction ends; the hops by id."""
    return {row.id: row for row in shaped(LockedHop, tx.execute(_LOCKED, list_parameters(tx, ids=hop_ids)))}


def read(tx: Tx, hop_ids: Sequence[int]) -> Sequence[LockedHop]:
    """These hops as `lock` gives them, without a lock: to be shown."""
    return shaped(LockedHop, tx.execute(_READ, list_parameters(tx, ids=hop_ids))).all()


_NUMBERED = hop.c.ticket_id == bindparam("ticket"), hop.c.seq == bindparam("seq")
_LIVE = hop.c.ticket_id == bindparam("ticket"), hop.c.state.in_(constants(LIVE_HOP))
_LOCKED_ONE = _whole().where(*_NUMBERED).with_for_update(of=hop)
_LOCKED_LIVE = _whole().where(*_LIVE).with_for_update(of=hop)


def lock_one(tx: Tx, ticket_id: int, seq: int | None = None) -> LockedHop | None:
    """Lock the ticket's hop number `seq`, or without it the live hop; None when there is none."""
    if seq is None:
        return shaped(LockedHop, tx.execute(_LOCKED_LIVE, {"ticket": ticket_id})).one_or_none()
    return shaped(LockedHop, tx.execute(_LOCKED_ONE, {"ticket": ticket_id, "seq": seq})).one_or_none()


def lock_received(tx: Tx, pairs: Sequence[Pair], team: str | None = None) -> Sequence[LockedHop]:
    """Lock the message's hops whose generation still matches, and which are the team's, when it is given.

    Their state reads as RECEIVED: the same transaction will write it.
    """
    query = _LOCKED_RECEIVED if team is None else _LOCKED_RECEIVED_OF_TEAM
    return shaped(LockedHop, tx.execute(query, _of(tx, pairs, team))).all()


def read_received(tx: Tx, pairs: Sequence[Pair], team: str | None = None) -> Sequence[LockedHop]:
    """`lock_received` without a lock, to read before acting."""
    query = _RECEIVED if team is None else _RECEIVED_OF_TEAM
    return shaped(LockedHop, tx.execute(query, _of(tx, pairs, team))).all()


def _of(tx: Tx, pairs: Sequence[Pair], team: str | None) -> dict[str, Any]:
    return OUTBOX.named(tx, pairs) | ({} if team is None else {"team": team})


def of_team(tx: Tx, pairs: Sequence[Pair], team: str) -> list[Pair]:
    """The pairs whose generation still matches and whose hop is this team's."""
    return sorted((row.id, row.generation) for row in tx.execute(_OF_TEAM, {**OUTBOX.named(tx, pairs), "team": team}))


def update_hops(tx: Tx, rows: Rows) -> None:
    """Update hops. Each row has an `id` and the columns that change, the same columns in all rows."""
    update_rows(tx, hop, rows)


@functools.cache
def _teams_due(teams: tuple[str, ...]) -> Select[Any]:
    """A query for one row with a column for each team: since when its oldest due hop waits."""
    return select(*(OUTBOX.oldest_due(hop.c.team == team).scalar_subquery() for team in teams))


def teams_due(tx: Tx, now: datetime, teams: Iterable[str]) -> dict[str, datetime]:
    """By team: since when its oldest due hop waits, for teams that have one; one index lookup for each team."""
    asked = tuple(sorted(teams))
    since = tx.execute(_teams_due(asked), {"now": now}).one()
    return {team: due for team, due in zip(asked, since, strict=True) if due is not None}


_TAKING = OUTBOX.taking(hop.c.team == bindparam("team"))
_SENT = (
    select(hop.c.id, hop.c.generation, hop.c.team, hop.c.ticket_id, ticket.c.kind, hop.c.failures)
    .join(ticket, ticket.c.id == hop.c.ticket_id)
    .where(_THESE, hop.c.state == OUTBOX.sent)
    .order_by(hop.c.id)
)


def take_due(tx: Tx, now: datetime, lease: timedelta, limit: int, teams: Iterable[str]) -> list[SentHop]:
    """Mark due hops as sent under a new generation and return them: at most `limit` of each team, the oldest first."""
    taken = OUTBOX.take(tx, _TAKING, now, lease, limit, [{"team": team} for team in sorted(teams)])
    if not taken:
        return []
    return [SentHop(*row, taken[row.id]) for row in tx.execute(_SENT, list_parameters(tx, ids=list(taken)))]


def receive(tx: Tx, pairs: Sequence[Pair], now: datetime, lease: timedelta) -> list[Pair]:
    """Receive the message's hops whose generation still matches, and return them. The others are stale."""
    return OUTBOX.receive(tx, pairs, now, lease, received_at=now)


_AT_WORK = hop.c.state.in_((*hop_sources("receive"), hop_target("receive")))
"""A worker may receive a hop and do its first step in one transaction."""
_ADVANCE = (
    update(hop)
    .where(_THESE, _AT_WORK)
    .values(
        state=hop_target("receive"),
        received_at=func.coalesce(hop.c.received_at, NOW),
        generation=hop.c.generation + 1,
        steps_done=bindparam("steps", type_=Integer),
        wake_at=UNTIL,
    )
    .returning(hop.c.id, hop.c.generation)
)
_BOARD = (
    update(hop)
    .where(_THESE, _AT_WORK)
    .values(
        state=hop_target("board"),
        received_at=func.coalesce(hop.c.received_at, NOW),
        boarded_at=NOW,
        wake_at=UNTIL,
        failures=0,
        failure=None,
    )
)


def note_steps_done(tx: Tx, hop_ids: Sequence[int], steps_done: int, now: datetime, lease: timedelta) -> list[Pair]:
    """Record that these hops have done so many steps; they go on under a new generation and a new lease.

    Returns the hops that are still in the worker's hands.
    """
    given = {"steps": steps_done, "now": now, "until": now + lease, **list_parameters(tx, ids=hop_ids)}
    advanced = tx.execute(_ADVANCE, given)
    return sorted((row.id, row.generation) for row in advanced)


def put_on_board(tx: Tx, hop_ids: Sequence[int], now: datetime, wake_at: datetime | None) -> None:
    """Put one team's hops on its board; `wake_at` is when they must have been claimed, None without such a limit."""
    tx.execute(_BOARD, {"now": now, "until": wake_at, **list_parameters(tx, ids=hop_ids)})


def note_found(tx: Tx, rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """Store what a worker found out about each hop."""
    update_hops(tx, [{"id": hop_id, "found": found} for hop_id, found in rows])


_FINDINGS = select(hop.c.ticket_id, hop.c.team, hop.c.finding).where(
    in_list_parameter(hop.c.ticket_id, "ids"), hop.c.finding.is_not(None)
)


def times_reported(tx: Tx, ticket_ids: Sequence[int]) -> Counter[tuple[int, str, str]]:
    """How often each team has reported each finding on these tickets, by (ticket id, team, finding)."""
    return Counter(
        (row.ticket_id, row.team, row.finding) for row in tx.execute(_FINDINGS, list_parameters(tx, ids=ticket_ids))
    )


_NOTES = (
    select(hop.c.ticket_id, hop.c.id, hop.c.found)
    .where(in_list_parameter(hop.c.ticket_id, "ids"))
    .order_by(hop.c.ticket_id, hop.c.seq)
)


def notes(tx: Tx, ticket_ids: Sequence[int]) -> dict[int, list[tuple[int, dict[str, Any]]]]:
    """What workers found out about the hops of these tickets, as (hop id, note) in the order of the hops, by ticket."""
    found: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for ticket_id, hop_id, note in tx.execute(_NOTES, list_parameters(tx, ids=ticket_ids)):
        if note:
            found.setdefault(ticket_id, []).append((hop_id, note))
    return found


_WOKEN = select(hop.c.id).where(on_board, hop.c.wake_at <= NOW).order_by(hop.c.wake_at).limit(bindparam("most"))
_LOCKED_WOKEN = _WOKEN.with_for_update(skip_locked=True)


def is_woken(tx: Tx, now: datetime) -> bool:
    """Return whether the `wake_at` of any hop on a board has come; one index lookup."""
    return tx.execute(_WOKEN, {"now": now, "most": 1}).first() is not None


def lock_woken(tx: Tx, now: datetime, limit: int) -> list[LockedHop]:
    """Lock hops on boards whose `wake_at` has come, except those that another process has locked."""
    ids = tx.execute(_LOCKED_WOKEN, {"now": now, "most": limit}).scalars().all()
    return list(lock(tx, ids).values())


_ID, _LIVE_ID = select(hop.c.id).where(*_NUMBERED), select(hop.c.id).where(*_LIVE)


def find(tx: Tx, ticket_id: int, seq: int | None = None) -> int | None:
    """The id of the ticket's hop number `seq`, or without it of the live hop; None when there is none."""
    if seq is None:
        return tx.execute(_LIVE_ID, {"ticket": ticket_id}).scalar()
    return tx.execute(_ID, {"ticket": ticket_id, "seq": seq}).scalar()


def of_people(tx: Tx, names: Sequence[str]) -> list[int]:
    """The ids of the hops that people have in hand, or for which they are proposed while nobody has them."""
    proposed = hop.c.assignee.in_(names) & hop.c.state.in_(constants(tuple(set(LIVE_HOP) - set(IN_HAND))))
    held = hop.c.holder.in_(names) & hop.c.state.in_(constants(IN_HAND))
    either = select(hop.c.id).where(held).union_all(select(hop.c.id).where(proposed))
    return sorted(tx.execute(either).scalars())


_HELD = (
    select(hop.c.holder, hop.c.team, hop.c.state, hop.c.area, ticket.c.kind, hop.c.ticket_id, hop.c.seq)
    .join(ticket, ticket.c.id == hop.c.ticket_id)
    .where(hop.c.state.in_(constants(IN_HAND)))
    .order_by(hop.c.id)
)


def in_hand(tx: Tx) -> Sequence[HeldHop]:
    """All hops that somebody has in hand."""
    return shaped(HeldHop, tx.execute(_HELD)).all()


_OF_TICKETS = select(hop).where(in_list_parameter(hop.c.ticket_id, "ids")).order_by(hop.c.ticket_id, hop.c.seq)


def of_tickets(tx: Tx, ticket_ids: Sequence[int]) -> Sequence[HopRow]:
    """All hops of these tickets, by ticket and `seq`."""
    return shaped(HopRow, tx.execute(_OF_TICKETS, list_parameters(tx, ids=ticket_ids))).all()


_VISITS = (
    select(hop, ticket.c.kind, ticket.c.state.label("ticket_state"))
    .join(ticket, ticket.c.id == hop.c.ticket_id)
    .where(hop.c.ticket_id == bindparam("ticket"))
    .order_by(hop.c.seq)
)


def visits(tx: Tx, ticket_id: int) -> Sequence[Visit]:
    """All hops of a ticket, each with the ticket's kind and state."""
    return shaped(Visit, tx.execute(_VISITS, {"ticket": ticket_id})).all()

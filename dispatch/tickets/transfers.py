"""转接队列 The queue of calls that 10050 transfers to 10086: who has waited longest is answered next.

An agent who takes a call has it for a short lease, so that nobody else takes it, and a seat that dies keeps no caller
waiting. A caller who hangs up before anybody answers is called back: a list of its own.
Source: 家庭宽带业务流程 V1.0, section 7, steps 2 and 4.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from dispatch.domain.acts import act_wording
from dispatch.domain.numbers import ticket_number, ticket_wording
from dispatch.domain.roles import Actor, require
from dispatch.domain.ticket import TicketState
from dispatch.domain.title import Wording
from dispatch.errors import CallTaken, IllegalMove
from dispatch.storage import history, tickets, transfers
from dispatch.storage.database import Tx
from dispatch.storage.rows import TicketRow
from dispatch.storage.ticket_changes import write_act
from dispatch.storage.transfers import CallRow
from dispatch.storage.wakeups import boards_changed

LEASE = timedelta(minutes=3)
QUEUE = "@transfers"
"""The name under which who watches the queue is told of changes; no team can have it."""
MOST = 200

_CALL = Wording("转接来电", "a transferred call")


class WaitingCall(NamedTuple):
    """A call with what 10050 noted. `taken_by`: who answers it now; None: nobody."""

    call: CallRow
    transferred_by: str
    note: str
    taken_by: str | None


class CallQueue(NamedTuple):
    """Callers on the line, and those to be called back; the longest waiting first."""

    on_line: list[WaitingCall]
    to_call_back: list[WaitingCall]


def queue(tx: Tx, actor: Actor, now: datetime) -> CallQueue:
    """The calls of the actor's areas that aren't dealt with yet. Raises NotAllowed."""
    require(actor, "see transfers", _CALL)
    rows = transfers.waiting(tx, actor.areas, MOST)
    noted = transfers.notes(tx, [row.id for row in rows])
    calls = [WaitingCall(row, *noted.get(row.id, ("", "")), _answered_by(row, now)) for row in rows]
    return CallQueue(
        [each for each in calls if each.call.hung_up_at is None],
        [each for each in calls if each.call.hung_up_at is not None],
    )


def waiting(tx: Tx, actor: Actor, now: datetime) -> int:
    """How many callers of the actor's areas wait for somebody to answer. Raises NotAllowed."""
    require(actor, "see transfers", _CALL)
    return transfers.count_free(tx, actor.areas, now - LEASE)


def take_next(tx: Tx, actor: Actor, now: datetime) -> int | None:
    """Take the caller who has waited longest; the actor's own call first, if they have one. Returns the ticket's id;
    None when nobody waits. Raises NotAllowed."""
    require(actor, "take call", _CALL)
    ticket_id = transfers.lock_next(tx, actor.name, actor.areas, now - LEASE)
    if ticket_id is not None:
        _take(tx, ticket_id, actor, now)
    return ticket_id


def take(tx: Tx, ticket_id: int, actor: Actor, now: datetime) -> None:
    """Take this call, also to call back who hung up. Raises NotAllowed, NotFound, IllegalMove, CallTaken."""
    require(actor, "take call", _CALL)
    _locked(tx, ticket_id, actor, now)
    _take(tx, ticket_id, actor, now)


def keep(tx: Tx, ticket_id: int, actor: Actor, now: datetime) -> None:
    """Go on having a call that the actor has taken, for another lease: a dialogue may be long.

    Raises NotAllowed, NotFound, IllegalMove; CallTaken when a colleague has it now.
    """
    require(actor, "take call", _CALL)
    row = _locked(tx, ticket_id, actor, now)
    if row.taken_by == actor.name:
        write_act(tx, [], tickets=[{"id": row.id, "taken_at": now}])


def hang_up(tx: Tx, ticket_id: int, actor: Actor, now: datetime) -> None:
    """Note that the caller hung up: they are called back. Raises NotAllowed, NotFound, IllegalMove, CallTaken."""
    require(actor, "take call", _CALL)
    row = _locked(tx, ticket_id, actor, now)
    changed = {"id": row.id, "hung_up_at": row.hung_up_at or now, "taken_by": None, "taken_at": None}
    write_act(tx, [history.entry(row.id, now, "hang up", actor)], tickets=[changed])
    boards_changed(tx, {QUEUE})


def current(tx: Tx, actor: Actor, now: datetime) -> int | None:
    """The id of the ticket whose call the actor has taken; None: none."""
    return transfers.of_agent(tx, actor.name, now - LEASE)


def require_free(row: TicketRow, actor: Actor, now: datetime) -> None:
    """Check that no other agent answers the call of this ticket. Raises CallTaken."""
    agent = _answered_by(row, now)
    if row.state == TicketState.TRANSFERRED and agent not in (None, actor.name):
        raise CallTaken(ticket=ticket_number(row.kind, row.id), agent=agent)


def _take(tx: Tx, ticket_id: int, actor: Actor, now: datetime) -> None:
    taken = {"id": ticket_id, "taken_by": actor.name, "taken_at": now}
    write_act(tx, [history.entry(ticket_id, now, "take call", actor)], tickets=[taken])
    boards_changed(tx, {QUEUE})


def _locked(tx: Tx, ticket_id: int, actor: Actor, now: datetime) -> TicketRow:
    row = tickets.get(tx, ticket_id, lock=True)
    if not actor.covers(row.area):
        raise tickets.not_found(ticket_id)
    if row.state != TicketState.TRANSFERRED:
        raise IllegalMove(
            what=ticket_wording(row.kind, ticket_id),
            move=act_wording("take call"),
            state=TicketState(row.state).wording,
            sources=[TicketState.TRANSFERRED.wording],
        )
    require_free(row, actor, now)
    return row


def _answered_by(row: CallRow | TicketRow, now: datetime) -> str | None:
    return row.taken_by if row.taken_at is not None and now - row.taken_at < LEASE else None

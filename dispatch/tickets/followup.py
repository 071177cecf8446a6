"""后续诉求: later requests of a customer who has reported a fault: urge 催单, withdraw 撤单."""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.kind import ORDERS
from dispatch.domain.numbers import hop_wording, ticket_number, ticket_wording
from dispatch.domain.rank import rank
from dispatch.domain.roles import Actor, require
from dispatch.domain.text import REASON, clean
from dispatch.domain.ticket import HopState, TicketState, hop_move, ticket_move
from dispatch.domain.time import write_duration
from dispatch.domain.title import Wording
from dispatch.errors import NotWithdrawable, UrgedEnough
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import history, hops, tickets
from dispatch.storage.database import Tx
from dispatch.storage.rows import LockedHop, TicketRow
from dispatch.storage.ticket_changes import write_act
from dispatch.storage.wakeups import boards_changed
from dispatch.tickets import next_hop


def urge(tx: Tx, rulebook: Rulebook, ticket_id: int, reason: str, actor: Actor, now: datetime) -> int:
    """Record that the customer urges, and move their hop up its board. Returns how often they have urged by now.

    Raises NotAllowed, NotFound, UrgedEnough, BadInput.
    """
    require(actor, "urge", Wording("工单", "a ticket"))
    row, live = _locked(tx, ticket_id, actor)
    number, limits = ticket_number(row.kind, ticket_id), rulebook.limits
    if row.state not in (TicketState.OPEN, TicketState.TRANSFERRED):
        raise UrgedEnough(ticket=number, why=_nobody_at_work(TicketState(row.state)))
    if row.urged >= limits.urges:
        often = Wording(
            f"已催 {row.urged} 次，已达上限", f"it has been urged {row.urged} times already, which is the limit"
        )
        raise UrgedEnough(ticket=number, why=often)
    if row.urged_at is not None and now < row.urged_at + limits.urge_every:
        every = write_duration(limits.urge_every)
        just_now = Wording(f"{every} 内已催过", f"the last time was less than {every} ago")
        raise UrgedEnough(ticket=number, why=just_now)
    why = clean(reason, REASON)
    times = row.urged + 1
    write_act(
        tx,
        [history.entry(ticket_id, now, "urge", actor, next(iter(live), None), times=times, reason=why)],
        hops=[{"id": hop_id, "rank": rank(row.priority, times)} for hop_id in live],
        tickets=[{"id": ticket_id, "urged": times, "urged_at": now}],
    )
    boards_changed(tx, {hop.team for hop in live.values()})
    return times


def _nobody_at_work(state: TicketState) -> Wording:
    return Wording(f"现为“{state.label.zh}”，无人在办", f"it is {state}, nobody is at work on it")


def withdraw(tx: Tx, ticket_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Withdraw the ticket and end its live hop.

    Raises NotAllowed, NotFound, IllegalMove, BadInput; NotWithdrawable for a construction order: an account, a
    reserved port and the customer's money depend on it, so only cancel and refund ends it.
    """
    require(actor, "withdraw", Wording("工单", "a ticket"))
    why = clean(reason, REASON)
    row, live = _locked(tx, ticket_id, actor)
    number = ticket_number(row.kind, ticket_id)
    if row.kind in ORDERS:
        raise NotWithdrawable(ticket=number)
    state = ticket_move(TicketState(row.state), "withdraw", ticket_wording(row.kind, ticket_id))
    ended = [
        {
            "id": hop.id,
            "state": hop_move(HopState(hop.state), "withdraw", hop_wording(hop.kind, ticket_id, hop.seq)),
            "ended_at": now,
            "wake_at": None,
            "held_seconds": next_hop.held_seconds(hop, now),
            "reason": why,
        }
        for hop in live.values()
    ]
    write_act(
        tx,
        [history.entry(ticket_id, now, "withdraw", actor, next(iter(live), None), reason=why)],
        hops=ended,
        tickets=[{"id": ticket_id, "state": state, "ended_at": now, "outcome": state}],
    )
    boards_changed(tx, {hop.team for hop in live.values()})


def _locked(tx: Tx, ticket_id: int, actor: Actor) -> tuple[TicketRow, dict[int, LockedHop]]:
    """Lock the ticket and its live hop; the hop comes by its id. Raises NotFound, also for a ticket of another area."""
    live = _lock_live(tx, ticket_id)  # every transaction locks the hop before the ticket, so that none deadlocks
    row = tickets.get(tx, ticket_id, lock=True)
    if not actor.covers(row.area):
        raise tickets.not_found(ticket_id)
    if hops.find(tx, ticket_id) not in live:  # the ticket moved on before we had locked it
        live = _lock_live(tx, ticket_id)
    return row, live


def _lock_live(tx: Tx, ticket_id: int) -> dict[int, LockedHop]:
    """Lock the ticket's live hop and return it by its id. The result is empty when the ticket has none."""
    row = hops.lock_one(tx, ticket_id)
    return {} if row is None else {row.id: row}

"""How a move 移机 ends: at activation the line is at its new place and the old one is free; or its order failed, and
the new place is free again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from dispatch import effects
from dispatch.accounts import monthly_fee, waiting_list
from dispatch.accounts.enrolment import VOIDED
from dispatch.domain.account_move import MoveState, move_move
from dispatch.domain.kind import Kind
from dispatch.domain.numbers import ticket_number
from dispatch.domain.plans import months_later
from dispatch.domain.roles import WORKER
from dispatch.domain.time import local_date
from dispatch.domain.title import Wording
from dispatch.effects import Order
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import account_moves, accounts, enrolments, resources
from dispatch.storage.account_rows import AccountMoveRow, AccountRow
from dispatch.storage.database import Tx
from dispatch.storage.place_rows import AddressRow
from dispatch.storage.rows import LockedHop
from dispatch.tickets import next_hop
from dispatch.tickets.construction import ACTIVATED, effect_keys
from dispatch.tickets.next_hop import Ending


def complete(
    tx: Tx, rulebook: Rulebook, rows: Sequence[LockedHop], zone: tzinfo, turn: timedelta, now: datetime
) -> None:
    """Put these orders' accounts at their new addresses, free the old places and end the hops, in one transaction.

    Who waits for an old place is told; `turn` as of `waiting_list`. Raises IllegalMove.
    """
    keys = effect_keys(tx, [row.id for row in rows])
    for account, move, hop in _moves(tx, rows):
        state = move_move(MoveState(move.state), "activate", _wording(move))
        new = resources.get_address(tx, move.to_address)
        accounts.change(tx, account.id, address_id=new.id, pon_port_id=move.to_port, area=new.area)
        _free(tx, account.pon_port_id, move.to_port, turn, now)
        account_moves.change_state(tx, move.id, state)
        _void_plan(tx, keys[hop.id], account, move, zone, now)
        _tell(tx, keys[hop.id], account, new, hop, now)
    next_hop.end_hops(tx, rulebook, [Ending(row, "finish", WORKER, finding=ACTIVATED) for row in rows], now)


def fail(tx: Tx, rows: Sequence[LockedHop], turn: timedelta, now: datetime) -> None:
    """Free the new places of moves whose orders failed. The hops wait on at the refund desk, for the fee."""
    keys = effect_keys(tx, [row.id for row in rows])
    for account, move, hop in _moves(tx, rows):
        if move.state != MoveState.OPEN:
            continue
        account_moves.change_state(tx, move.id, move_move(MoveState.OPEN, "fail"))
        _free(tx, move.to_port, account.pon_port_id, turn, now)
        effects.provision(tx, keys[hop.id], account, Order.CANCEL_MOVE, now)


def _moves(tx: Tx, rows: Sequence[LockedHop]) -> list[tuple[AccountRow, AccountMoveRow, LockedHop]]:
    """The orders' accounts and moves, locked: the accounts first, as at the counter."""
    hop_of = {row.ticket_id: row for row in rows}
    account_of = {row.id: row for row in accounts.lock(tx, [row.account_id for row in rows])}
    found = account_moves.of_orders(tx, list(hop_of))
    return [(account_of[move.account_id], move, hop_of[move.order_id]) for move in found]


def _free(tx: Tx, port_id: int | None, kept: int | None, turn: timedelta, now: datetime) -> None:
    """Free the place of a port, unless the account keeps one there: within one port only one was taken."""
    if port_id is None or port_id == kept:
        return
    resources.free_port(tx, port_id)
    waiting_list.tell_of_freed(tx, port_id, now, turn)


def _void_plan(tx: Tx, key: str, account: AccountRow, move: AccountMoveRow, zone: tzinfo, now: datetime) -> None:
    """Void the plan that isn't sold in the new area, unless the account has another by now."""
    after, current = move.voids, enrolments.in_force(tx, account.id)
    if after is None or current is None or current.id != after["enrolment"]:
        return
    terms = after["terms"]
    until = months_later(local_date(now, zone), terms["term"]) if terms.get("term") else None
    enrolments.end_enrolment(tx, account.id, VOIDED, now)
    enrolments.enrol(tx, account.id, move.operation_id, after["plan"], after["plans_version"], terms, None, now, until)
    monthly_fee.charge(tx, key, account, terms, now, now)


def _tell(tx: Tx, key: str, account: AccountRow, new: AddressRow, hop: LockedHop, now: datetime) -> None:
    """Order the line's move from the network, and tell the customer."""
    line = accounts.line_data(tx, [account.id])[account.id]
    effects.provision(tx, key, account, Order.MOVE, now, olt=new.olt, port=new.port, speed=line.speed)
    number = ticket_number(hop.kind, hop.ticket_id)
    told = f"您的宽带账号{account.number}移机已完成，新址宽带可以使用。移机单{number}。"
    effects.tell(tx, key, account.mobile, told, now)


def _wording(move: AccountMoveRow) -> Wording:
    number = ticket_number(Kind.MOVE, move.order_id)
    return Wording(f"移机 {number}", f"move {number}")

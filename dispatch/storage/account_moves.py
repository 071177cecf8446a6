"""Moves 移机: accounts on their way to another address."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, insert, select, update

from dispatch.domain.account_move import MOVE_ENDS, MoveState
from dispatch.storage.account_rows import AccountMoveRow
from dispatch.storage.column_types import constants
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account_move, address, pon_port

_unfinished = account_move.c.state.not_in(constants(MOVE_ENDS))


class NewPort(NamedTuple):
    """The port to which a move goes."""

    olt: str
    port: str
    full: bool  # no place is free


def insert_move(
    tx: Tx,
    account_id: int,
    operation_id: int,
    to_address: int,
    to_port: int,
    order_id: int,
    voids: Mapping[str, object] | None,
) -> None:
    """Insert a move under way. `voids`: the enrolment that takes the place of the plan, which isn't sold there."""
    row = {"to_address": to_address, "to_port": to_port, "order_id": order_id, "voids": voids, "state": MoveState.OPEN}
    tx.execute(insert(account_move).values(account_id=account_id, operation_id=operation_id, **row))


def unfinished(tx: Tx, account_id: int) -> AccountMoveRow | None:
    """The account's move that is under way, or that failed and waits for its refund."""
    query = select(account_move).where(account_move.c.account_id == account_id, _unfinished)
    return shaped(AccountMoveRow, tx.execute(query)).one_or_none()


def to_address(tx: Tx, address_id: int) -> AccountMoveRow | None:
    """The move that is under way to this address."""
    under_way = account_move.c.state == MoveState.OPEN
    query = select(account_move).where(account_move.c.to_address == address_id, under_way)
    return shaped(AccountMoveRow, tx.execute(query)).one_or_none()


def of_orders(tx: Tx, order_ids: Collection[int]) -> Sequence[AccountMoveRow]:
    """The moves of these orders, locked in the order of their accounts."""
    query = select(account_move).where(account_move.c.order_id.in_(order_ids)).order_by(account_move.c.account_id)
    return shaped(AccountMoveRow, tx.execute(query.with_for_update())).all()


def new_ports(tx: Tx, account_ids: Collection[int]) -> dict[int, NewPort]:
    """The ports to which these accounts move, by account id; accounts that don't move are left out."""
    full = (pon_port.c.used >= pon_port.c.capacity).label("full")
    query: Select[Any] = (
        select(account_move.c.account_id, pon_port.c.olt, pon_port.c.port, full)
        .join(pon_port, pon_port.c.id == account_move.c.to_port)
        .where(account_move.c.account_id.in_(account_ids), account_move.c.state == MoveState.OPEN)
    )
    return {row.account_id: NewPort(row.olt, row.port, bool(row.full)) for row in tx.execute(query)}


def address_of(tx: Tx, move: AccountMoveRow) -> str:
    """The text of the address to which the move goes."""
    return str(tx.execute(select(address.c.text).where(address.c.id == move.to_address)).scalar_one())


def change_state(tx: Tx, move_id: int, state: MoveState) -> None:
    tx.execute(update(account_move).where(account_move.c.id == move_id).values(state=state))

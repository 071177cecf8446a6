"""Queries and changes of broadband accounts."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select, update

from dispatch.domain.account import LIVING, AccountState
from dispatch.domain.roles import Actor
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.bulk import in_list_parameter, list_parameters
from dispatch.storage.column_types import constants
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account, enrolment, pon_port


class LineData(NamedTuple):
    """Data of an account's line for the provisioning system. `speed` is in Mbit/s; None without a plan."""

    id: int
    number: str
    olt: str | None
    port: str | None
    speed: int | None


is_living = account.c.state.in_(constants(LIVING))


def enter_existing(tx: Tx, rows: Sequence[tuple[str, str, str]], actor: Actor, now: datetime) -> int:
    """Enter accounts that were opened elsewhere, from (number, area, mobile) rows. Known numbers stay as they are.

    Returns how many were new.
    """
    wanted = [number for number, _, _ in rows]
    known = set(tx.execute(select(account.c.number).where(account.c.number.in_(wanted), is_living)).scalars())
    new = [
        {
            "number": number,
            "state": AccountState.IN_SERVICE,
            "area": area,
            "mobile": mobile,
            "added_at": now,
            "added_by": actor.name,
        }
        for number, area, mobile in rows
        if number not in known
    ]
    if new:
        tx.execute(insert(account), new)
    return len(new)


_BY_NUMBERS = (
    select(account)
    .where(in_list_parameter(account.c.number, "numbers"))
    .order_by(is_living, account.c.id)  # of several with one number the last row wins
)
_SHARED = _BY_NUMBERS.with_for_update(read=True)


def by_numbers(tx: Tx, numbers: Sequence[str], *, lock: bool = False) -> dict[str, AccountRow]:
    """By number: its living account, or else the account that had the number last.

    `lock` takes a shared lock: no other transaction suspends or closes the accounts meanwhile.
    """
    found = shaped(AccountRow, tx.execute(_SHARED if lock else _BY_NUMBERS, list_parameters(tx, numbers=numbers)))
    return {row.number: row for row in found}


def find(tx: Tx, number: str, *, lock: bool = False) -> AccountRow | None:
    """The living account of this number. `lock` locks it until the transaction ends."""
    query = select(account).where(account.c.number == number, is_living)
    return shaped(AccountRow, tx.execute(query.with_for_update() if lock else query)).one_or_none()


def at_address(tx: Tx, address_id: int) -> AccountRow | None:
    """The living account at this address."""
    query = select(account).where(account.c.address_id == address_id, is_living)
    return shaped(AccountRow, tx.execute(query)).one_or_none()


def of_customer(tx: Tx, customer_id: int) -> Sequence[AccountRow]:
    """The customer's accounts, ended ones included, the newest first."""
    query = select(account).where(account.c.customer_id == customer_id).order_by(account.c.id.desc())
    return shaped(AccountRow, tx.execute(query)).all()


def lock_accounts_of_holder(tx: Tx, number: str) -> None:
    """Lock all living accounts of the customer who holds this one, always in the same order, so that two clerks at work
    on two accounts of one customer don't deadlock."""
    holder = select(account.c.customer_id).where(account.c.number == number, is_living).scalar_subquery()
    query = select(account.c.id).where(account.c.customer_id == holder, is_living).order_by(account.c.id)
    tx.execute(query.with_for_update()).all()


def change_contact_of_holder(tx: Tx, customer_id: int, before: str, after: str) -> None:
    """Change the contact of the customer's living accounts where it was the customer's own mobile number `before`."""
    followers = (account.c.customer_id == customer_id) & (account.c.mobile == before) & is_living
    tx.execute(update(account).where(followers).values(mobile=after))


def insert_account(tx: Tx, **columns: object) -> AccountRow:
    """Insert an account and number it: `kd` for 宽带, then its id in ten digits."""
    made = insert(account).values(number=secrets.token_hex(8), **columns).returning(account.c.id)
    account_id = tx.execute(made).scalar_one()
    change(tx, account_id, number=f"kd{account_id:010d}")
    return get(tx, account_id)


def get(tx: Tx, account_id: int, *, lock: bool = False) -> AccountRow:
    query = select(account).where(account.c.id == account_id)
    return shaped(AccountRow, tx.execute(query.with_for_update() if lock else query)).one()


def lock(tx: Tx, account_ids: Sequence[int]) -> Sequence[AccountRow]:
    """Lock these accounts until the transaction ends, always in the same order, so that two transactions don't
    deadlock."""
    query = select(account).where(account.c.id.in_(account_ids)).order_by(account.c.id)
    return shaped(AccountRow, tx.execute(query.with_for_update())).all()


def states(tx: Tx, account_ids: Sequence[int]) -> dict[int, tuple[str, str | None]]:
    """By account id: its state, and the reason of its suspension; None when it isn't suspended."""
    query = select(account.c.id, account.c.state, account.c.suspended_for).where(account.c.id.in_(account_ids))
    return {row.id: (row.state, row.suspended_for) for row in tx.execute(query)}


def line_data(tx: Tx, account_ids: Sequence[int]) -> dict[int, LineData]:
    """The accounts' lines, by account id."""
    query = (
        select(account.c.id, account.c.number, pon_port.c.olt, pon_port.c.port, enrolment.c.terms)
        .outerjoin(pon_port, pon_port.c.id == account.c.pon_port_id)
        .outerjoin(enrolment, (enrolment.c.account_id == account.c.id) & enrolment.c.ended_at.is_(None))
        .where(account.c.id.in_(account_ids))
    )
    return {row.id: LineData(*row[:4], (row.terms or {}).get("speed")) for row in tx.execute(query)}


def first_by_number(tx: Tx, limit: int) -> Sequence[AccountRow]:
    """The first accounts in the order of their numbers."""
    return shaped(AccountRow, tx.execute(select(account).order_by(account.c.number).limit(limit))).all()


def latest(tx: Tx, limit: int, before: int | None = None, areas: Collection[str] | None = None) -> Sequence[AccountRow]:
    """The newest accounts first, of these areas or of all; only those with smaller ids than `before`."""
    query = select(account).order_by(account.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(account.c.id < before)
    if areas is not None:
        query = query.where(account.c.area.in_(areas))
    return shaped(AccountRow, tx.execute(query)).all()


def change(tx: Tx, account_id: int, **columns: object) -> None:
    tx.execute(update(account).where(account.c.id == account_id).values(**columns))

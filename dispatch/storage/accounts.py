"""Broadband accounts: rows in, rows out."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select, update

from dispatch.domain.account import LIVING, AccountState
from dispatch.domain.roles import Actor
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.bulk import among_given, listed
from dispatch.storage.column_types import constants
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account, enrolment, pon_port


class LineData(NamedTuple):
    """What the provisioning system must know of an account's line; `speed` in Mbit/s, of the plan that it is in."""

    id: int
    number: str
    olt: str | None
    port: str | None
    speed: int | None


is_living = account.c.state.in_(constants(LIVING))


def take_over(tx: Tx, rows: Sequence[tuple[str, str, str]], actor: Actor, now: datetime) -> int:
    """Enter (number, area, mobile) rows of accounts that were opened elsewhere, leaving known numbers as they are; the
    number that were new."""
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
    .where(among_given(account.c.number, "numbers"))
    .order_by(is_living, account.c.id)  # the last one of a number stays
)
_SHARED = _BY_NUMBERS.with_for_update(read=True)


def by_numbers(tx: Tx, numbers: Sequence[str], *, lock: bool = False) -> dict[str, AccountRow]:
    """The living account of each of these numbers, by number, or else the one that had it last.

    With `lock` none of them is suspended or closed by another while this transaction goes on.
    """
    found = shaped(AccountRow, tx.execute(_SHARED if lock else _BY_NUMBERS, listed(tx, numbers=numbers)))
    return {row.number: row for row in found}


def find(tx: Tx, number: str, *, lock: bool = False) -> AccountRow | None:
    """The living account of this number; with `lock` it is this transaction's alone."""
    query = select(account).where(account.c.number == number, is_living)
    return shaped(AccountRow, tx.execute(query.with_for_update() if lock else query)).one_or_none()


def at_address(tx: Tx, address_id: int) -> AccountRow | None:
    """The living account of this address."""
    query = select(account).where(account.c.address_id == address_id, is_living)
    return shaped(AccountRow, tx.execute(query)).one_or_none()


def of_customer(tx: Tx, customer_id: int) -> Sequence[AccountRow]:
    """Ended ones among them, the newest first."""
    query = select(account).where(account.c.customer_id == customer_id).order_by(account.c.id.desc())
    return shaped(AccountRow, tx.execute(query)).all()


def lock_of_holder(tx: Tx, number: str) -> None:
    """Lock the living accounts of whoever holds this one, always in the same order: two clerks who come to one customer
    by two of his accounts don't wait for each other."""
    holder = select(account.c.customer_id).where(account.c.number == number, is_living).scalar_subquery()
    query = select(account.c.id).where(account.c.customer_id == holder, is_living).order_by(account.c.id)
    tx.execute(query.with_for_update()).all()


def follow_holder(tx: Tx, customer_id: int, before: str, after: str) -> None:
    """Living accounts whose contact was the holder's own mobile number follow him to the new one."""
    his = (account.c.customer_id == customer_id) & (account.c.mobile == before) & is_living
    tx.execute(update(account).where(his).values(mobile=after))


def allocate(tx: Tx, **columns: object) -> AccountRow:
    """A new account under the next free number of our own: `kd` for 宽带, and its id in ten digits."""
    made = insert(account).values(number=secrets.token_hex(8), **columns).returning(account.c.id)
    account_id = tx.execute(made).scalar_one()
    change(tx, account_id, number=f"kd{account_id:010d}")
    return get(tx, account_id)


def get(tx: Tx, account_id: int, *, lock: bool = False) -> AccountRow:
    query = select(account).where(account.c.id == account_id)
    return shaped(AccountRow, tx.execute(query.with_for_update() if lock else query)).one()


def lock(tx: Tx, account_ids: Sequence[int]) -> Sequence[AccountRow]:
    """These accounts, locked until the transaction ends; always in the same order, so that two can't wait for each
    other."""
    query = select(account).where(account.c.id.in_(account_ids)).order_by(account.c.id)
    return shaped(AccountRow, tx.execute(query.with_for_update())).all()


def states(tx: Tx, account_ids: Sequence[int]) -> dict[int, tuple[str, str | None]]:
    """By account id: its state, and why it is suspended where it is."""
    query = select(account.c.id, account.c.state, account.c.suspended_for).where(account.c.id.in_(account_ids))
    return {row.id: (row.state, row.suspended_for) for row in tx.execute(query)}


def lines(tx: Tx, account_ids: Sequence[int]) -> dict[int, LineData]:
    """By account id."""
    query = (
        select(account.c.id, account.c.number, pon_port.c.olt, pon_port.c.port, enrolment.c.terms)
        .outerjoin(pon_port, pon_port.c.id == account.c.pon_port_id)
        .outerjoin(enrolment, (enrolment.c.account_id == account.c.id) & enrolment.c.ended_at.is_(None))
        .where(account.c.id.in_(account_ids))
    )
    return {row.id: LineData(*row[:4], (row.terms or {}).get("speed")) for row in tx.execute(query)}


def newest(tx: Tx, limit: int) -> Sequence[AccountRow]:
    """In the order of their numbers."""
    return shaped(AccountRow, tx.execute(select(account).order_by(account.c.number).limit(limit))).all()


def latest(tx: Tx, limit: int, before: int | None = None, areas: Collection[str] | None = None) -> Sequence[AccountRow]:
    """The newest first, of these areas or of all, behind the one with the id `before`."""
    query = select(account).order_by(account.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(account.c.id < before)
    if areas is not None:
        query = query.where(account.c.area.in_(areas))
    return shaped(AccountRow, tx.execute(query)).all()


def change(tx: Tx, account_id: int, **columns: object) -> None:
    tx.execute(update(account).where(account.c.id == account_id).values(**columns))

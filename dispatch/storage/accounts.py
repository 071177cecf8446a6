"""Broadband accounts: rows in, rows out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from dispatch.books.life import LIVING, AccountState
from dispatch.storage.book_tables import account
from dispatch.storage.database import Tx
from dispatch.ticket.roles import Actor

is_living = account.c.state.in_(LIVING)


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


def by_numbers(tx: Tx, numbers: Sequence[str], *, lock: bool = False) -> dict[str, Row[Any]]:
    """The newest account of each of these numbers, by number: at most one of a number is living.

    With `lock` none of them is suspended or closed by another while this transaction goes on.
    """
    query = select(account).where(account.c.number.in_(numbers)).order_by(account.c.id)
    return {row.number: row for row in tx.execute(query.with_for_update(read=True) if lock else query)}


def find(tx: Tx, number: str, *, lock: bool = False) -> Row[Any] | None:
    """The living account of this number; with `lock` it is this transaction's alone."""
    query = select(account).where(account.c.number == number, is_living)
    return tx.execute(query.with_for_update() if lock else query).one_or_none()


def newest(tx: Tx, limit: int) -> Sequence[Row[Any]]:
    """In the order of their numbers."""
    return tx.execute(select(account).order_by(account.c.number).limit(limit)).all()


def change(tx: Tx, account_id: int, **columns: object) -> None:
    tx.execute(update(account).where(account.c.id == account_id).values(**columns))

"""Former names of accounts: for a year after a renaming the account is found by its old name too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from sqlalchemy import delete, insert, select

from dispatch.domain import folding
from dispatch.domain.account import LIVING
from dispatch.domain.time import local_date
from dispatch.errors import Renamed
from dispatch.storage import accounts
from dispatch.storage.account_rows import AccountRow, AliasRow
from dispatch.storage.accounts import name_key
from dispatch.storage.bulk import in_list
from dispatch.storage.column_types import ascii_lower
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account_alias

KEPT = timedelta(days=365)

_name = ascii_lower(account_alias.c.name)


class FormerName(NamedTuple):
    """When an account lost a name, and its present name."""

    at: datetime
    new: str

    def said(self, zone: tzinfo) -> Renamed:
        """The sentence for whoever used the former name."""
        return Renamed(day=local_date(self.at, zone), new=self.new)


def add(tx: Tx, account_id: int, name: str, now: datetime) -> None:
    """Keep a name that the account has had until now. One that it had before lasts from now on."""
    tx.execute(delete(account_alias).where(_name == name_key(name)))
    tx.execute(insert(account_alias).values(name=name, account_id=account_id, made_at=now, until=now + KEPT))


def find(tx: Tx, typed: Sequence[str], now: datetime) -> dict[str, AliasRow]:
    """The aliases in force among these names, by the name as people typed it."""
    keys = {each: name_key(folding.account(each)) for each in typed}
    if not keys:
        return {}
    query = select(account_alias).where(in_list(_name, sorted(set(keys.values()))), account_alias.c.until > now)
    found = {name_key(row.name): row for row in shaped(AliasRow, tx.execute(query))}
    return {each: found[key] for each, key in keys.items() if key in found}


def called(tx: Tx, typed: Sequence[str], now: datetime, *, lock: bool = False) -> dict[str, AccountRow]:
    """The accounts of these names as people typed them, by name; a living account also by its former names.

    `lock` as of `accounts.by_numbers`.
    """
    found = accounts.by_numbers(tx, typed, lock=lock)
    others = [name for name in typed if name not in found or found[name].state not in LIVING]
    for name, alias in find(tx, others, now).items():
        number = accounts.get(tx, alias.account_id).number
        found[name] = accounts.by_numbers(tx, [number], lock=lock)[number]
    return found


def lock_called(tx: Tx, typed: str, now: datetime) -> AccountRow | None:
    """The living account of this name or former name, locked until the transaction ends."""
    found = accounts.find(tx, typed, lock=True)
    alias = None if found else find(tx, [typed], now).get(typed)
    if alias is None:
        return found
    found = accounts.get(tx, alias.account_id, lock=True)
    return found if typed in find(tx, [typed], now) else None  # it may have ended while we waited for the lock


def renaming(tx: Tx, account: AccountRow, typed: str, now: datetime) -> FormerName | None:
    """The renaming to tell of, when the account was found by a former name; None when by its present one."""
    if account.state not in LIVING or name_key(folding.account(typed)) == name_key(account.number):
        return None
    alias = find(tx, [typed], now).get(typed)
    return None if alias is None else FormerName(alias.made_at, account.number)


def end(tx: Tx, account_id: int) -> None:
    """End all aliases of an account: it has another owner, or has ended."""
    tx.execute(delete(account_alias).where(account_alias.c.account_id == account_id))


def free(tx: Tx, name: str) -> None:
    """End the alias of this name: an account has the name again."""
    tx.execute(delete(account_alias).where(_name == name_key(name)))


def forget(tx: Tx, now: datetime, limit: int) -> int:
    """Delete at most `limit` aliases whose time is over; returns how many. A name may be a mobile number."""
    over = select(account_alias.c.id).where(account_alias.c.until <= now).limit(limit)
    return tx.execute(delete(account_alias).where(account_alias.c.id.in_(over))).rowcount

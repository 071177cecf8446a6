"""Queries and changes of broadband accounts."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, insert, select, update

from dispatch.domain import folding
from dispatch.domain.account import LIVING, AccountState
from dispatch.domain.roles import Actor
from dispatch.domain.search import SearchKind
from dispatch.storage import search_index
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.bulk import in_list_parameter, insert_numbered, list_parameters
from dispatch.storage.column_types import ascii_lower, constants
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account, account_alias, enrolment, pon_port


class LineData(NamedTuple):
    """Data of an account's line for provisioning and billing. `speed` is in Mbit/s, `monthly_fee` in fen; None without
    a plan."""

    id: int
    number: str
    olt: str | None
    port: str | None
    speed: int | None
    monthly_fee: int | None = None


is_living = account.c.state.in_(constants(LIVING))
_name = ascii_lower(account.c.number)
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def name_key(number: str) -> str:
    """The form by which names of accounts are compared, as the database makes it."""
    return number.translate(_LOWER)


def has_name(number: str) -> ColumnElement[bool]:
    """The condition: accounts with this name, in either case."""
    return _name == name_key(number)


def twins(tx: Tx) -> list[list[str]]:
    """Groups of living accounts whose names differ only in case; an earlier release let them be added."""
    names = select(_name).where(account.c.twin != 0, is_living)
    rows = tx.execute(select(account.c.number).where(_name.in_(names), is_living).order_by(_name, account.c.id))
    groups = itertools.groupby(rows.scalars(), name_key)
    return [members for _, group in groups if len(members := list(group)) > 1]


def rename(tx: Tx, account_id: int, number: str) -> AccountRow:
    """Give the account another name. From now on it's nobody's twin."""
    change(tx, account_id, number=number, twin=0)
    return get(tx, account_id)


def enter_existing(tx: Tx, rows: Sequence[tuple[str, str, str]], actor: Actor, now: datetime) -> int:
    """Enter accounts that were opened elsewhere, from (number, area, mobile) rows. Known numbers stay as they are,
    and a former name of an account isn't free.

    Returns how many were new.
    """
    wanted = [name_key(number) for number, _, _ in rows]
    known = set(tx.execute(select(_name).where(_name.in_(wanted), is_living)).scalars())
    former = ascii_lower(account_alias.c.name)
    known |= set(tx.execute(select(former).where(former.in_(wanted), account_alias.c.until > now)).scalars())
    new = {
        name_key(number): {
            "number": number,
            "state": AccountState.IN_SERVICE,
            "area": area,
            "mobile": mobile,
            "added_at": now,
            "added_by": actor.name,
        }
        for number, area, mobile in rows
        if name_key(number) not in known
    }
    search_index.add(tx, SearchKind.ACCOUNT, insert_numbered(tx, account, list(new.values())))
    return len(new)


_BY_NAMES = (
    select(account)
    .where(in_list_parameter(_name, "names"))
    .order_by(is_living, account.c.id)  # of several with one number the last row wins
)
_SHARED = _BY_NAMES.with_for_update(read=True)


def by_numbers(tx: Tx, numbers: Sequence[str], *, lock: bool = False) -> dict[str, AccountRow]:
    """By number, as people typed it: its living account, or else the account that had the number last.

    `lock` takes a shared lock: no other transaction suspends or closes the accounts meanwhile.
    """
    typed = {number: (name_key(number), name_key(folding.account(number))) for number in numbers}
    names = sorted({name for each in typed.values() for name in each})
    found: dict[str, list[AccountRow]] = {}
    for row in shaped(AccountRow, tx.execute(_SHARED if lock else _BY_NAMES, list_parameters(tx, names=names))):
        found.setdefault(name_key(row.number), []).append(row)
    chosen = {
        number: _named(number, found.get(exact) or found.get(folded) or ()) for number, (exact, folded) in typed.items()
    }
    return {number: row for number, row in chosen.items() if row is not None}


def _named(number: str, rows: Sequence[AccountRow]) -> AccountRow | None:
    """The row with this name, of those whose names differ at most in case: the living one, else the last.

    Where an earlier release let several live, only the exact name tells which is meant.
    """
    living = [row for row in rows if row.state in LIVING]
    if len(living) > 1:
        return next((row for row in living if row.number == number), None)
    return next(iter(living), rows[-1] if rows else None)


def find(tx: Tx, number: str, *, lock: bool = False) -> AccountRow | None:
    """The living account of this number, in either case. `lock` locks it until the transaction ends."""
    query = select(account).where(has_name(number), is_living).order_by(account.c.id)
    return _named(number, shaped(AccountRow, tx.execute(query.with_for_update() if lock else query)).all())


def at_address(tx: Tx, address_id: int) -> AccountRow | None:
    """The living account at this address."""
    query = select(account).where(account.c.address_id == address_id, is_living)
    return shaped(AccountRow, tx.execute(query)).one_or_none()


def of_customer(tx: Tx, customer_id: int) -> Sequence[AccountRow]:
    """The customer's accounts, ended ones included, the newest first."""
    query = select(account).where(account.c.customer_id == customer_id).order_by(account.c.id.desc())
    return shaped(AccountRow, tx.execute(query)).all()


def living_of(tx: Tx, customer_id: int) -> int:
    """How many living accounts the customer has."""
    query = select(func.count()).select_from(account).where(account.c.customer_id == customer_id, is_living)
    return int(tx.execute(query).scalar_one())


def lock_accounts_of_holder(tx: Tx, number: str) -> None:
    """Lock all living accounts of the customer who holds this one, always in the same order, so that two clerks at work
    on two accounts of one customer don't deadlock."""
    holder = select(account.c.customer_id).where(has_name(number), is_living)
    query = select(account.c.id).where(account.c.customer_id.in_(holder), is_living).order_by(account.c.id)
    tx.execute(query.with_for_update()).all()


def change_contact_of_holder(tx: Tx, customer_id: int, before: str, after: str) -> None:
    """Change the contact of the customer's living accounts where it was the customer's own mobile number `before`."""
    followers = (account.c.customer_id == customer_id) & (account.c.mobile == before) & is_living
    changed = tx.execute(update(account).where(followers).values(mobile=after).returning(account.c.id))
    search_index.renew_accounts(tx, changed.scalars().all())


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
    terms = ((row, row.terms or {}) for row in tx.execute(query))
    return {row.id: LineData(*row[:4], of.get("speed"), of.get("monthly_fee")) for row, of in terms}


def full_ports(tx: Tx, account_ids: Sequence[int]) -> dict[int, bool]:
    """By account id: whether its port has no free place; accounts without a known port are left out."""
    query = select(account.c.id, (pon_port.c.used >= pon_port.c.capacity).label("full"))
    found = tx.execute(
        query.join(pon_port, pon_port.c.id == account.c.pon_port_id).where(account.c.id.in_(account_ids))
    )
    return {row.id: bool(row.full) for row in found}


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
    if columns.keys() & search_index.OF_ACCOUNTS:
        search_index.renew_accounts(tx, [account_id])

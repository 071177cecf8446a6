"""The index of the search 查找: it is kept in the transaction of the act that changes what is found, and built anew.

A kind's rows are made by one query from the books, so that an act and a rebuild write the same. `docs/search.md`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, Table, TextClause, and_, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.domain.numbers import ticket_number
from dispatch.domain.search import TOKENS_VERSION, SearchKind, SearchText, area_token, number_of, search_text, tokens
from dispatch.storage.bulk import in_list, in_list_parameter, list_parameters
from dispatch.storage.database import Tx
from dispatch.storage.tables.accounts import account, address, customer
from dispatch.storage.tables.devices import registered_device
from dispatch.storage.tables.search import SEARCHED, search_state
from dispatch.storage.tables.tickets import ticket

BATCH = 200
"""Rows that are made in one statement, and built in one transaction: few, so that other writers don't wait long."""
SAMPLE, FREQUENT = 2000, 0.005
"""Rows of which tokens are counted, and the share from which a token is frequent."""
SAMPLE_LIFE = timedelta(days=1)

_LOCK = 7_146_201
"""PostgreSQL's advisory lock: a build takes it alone, and reads no row that an act is about to index."""

OF_CUSTOMERS = frozenset({"name", "mobile"})
OF_ACCOUNTS = frozenset({"number", "customer_id", "mobile", "address_id", "area"})
"""The columns by which customers and accounts are found."""

_BASE: Mapping[SearchKind, Table] = {
    SearchKind.TICKET: ticket,
    SearchKind.ACCOUNT: account,
    SearchKind.ADDRESS: address,
    SearchKind.DEVICE: registered_device,
}


class _Made(NamedTuple):
    """A row of a search table."""

    id: int
    area: str
    said: SearchText


class IndexState(NamedTuple):
    """How far a kind's index is built (`cursor` None: complete), and how frequent its frequent tokens are."""

    cursor: int | None
    shares: Mapping[str, float]
    sampled_at: datetime | None
    version: int


# --- kept by acts


def add(tx: Tx, kind: SearchKind, ids: Sequence[int]) -> None:
    """Index rows that this transaction has inserted."""
    for some in _in_batches(ids):
        _insert(tx, kind, _made(tx, kind, some))


def renew(tx: Tx, kind: SearchKind, ids: Sequence[int]) -> None:
    """Index rows that this transaction has changed, or inserted."""
    if ids:
        _share(tx)
    for some in _in_batches(ids):
        _replace(tx, kind, _made(tx, kind, some))


def renew_accounts(tx: Tx, account_ids: Sequence[int]) -> None:
    """Index accounts whose number, customer, contact, address or area has changed, and their tickets."""
    renew(tx, SearchKind.ACCOUNT, account_ids)
    renew(tx, SearchKind.TICKET, _ids(tx, select(ticket.c.id).where(in_list(ticket.c.account_id, account_ids))))


def renew_customer(tx: Tx, customer_id: int) -> None:
    """Index what is found by a customer's name or mobile number: their accounts, and the tickets of their time."""
    accounts = _ids(tx, select(account.c.id).where(account.c.customer_id == customer_id))
    renew(tx, SearchKind.ACCOUNT, accounts)
    theirs = or_(
        ticket.c.customer_id == customer_id,
        and_(ticket.c.customer_id.is_(None), in_list(ticket.c.account_id, accounts)),
    )
    renew(tx, SearchKind.TICKET, _ids(tx, select(ticket.c.id).where(theirs)))


# --- built


def state(tx: Tx, kind: SearchKind) -> IndexState:
    columns = [search_state.c[name] for name in IndexState._fields]
    found = tx.execute(select(*columns).where(search_state.c.kind == kind)).one_or_none()
    return IndexState(None, {}, None, TOKENS_VERSION) if found is None else IndexState(*found)


def begin(tx: Tx, kind: SearchKind) -> None:
    """Empty a kind's index, to be built by `build`. Acts index their rows meanwhile."""
    table = SEARCHED[kind]
    if tx.dialect.name == "postgresql":
        tx.execute(text(f"TRUNCATE {table.name}"))
    else:
        tx.execute(delete(table))
        tx.execute(text(f"INSERT INTO {_fts(kind)}({_fts(kind)}) VALUES ('delete-all')"))  # noqa: S608 — our names
    _set_state(tx, kind, version=TOKENS_VERSION, cursor=0)


def build(tx: Tx, kind: SearchKind) -> int:
    """Index the next rows of a kind whose index isn't complete; return how many. None left: it is complete then."""
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    cursor = state(tx, kind).cursor
    if cursor is None:
        return 0
    base = _BASE[kind]
    ids = _ids(tx, select(base.c.id).where(base.c.id > cursor).order_by(base.c.id).limit(BATCH))
    _replace(tx, kind, _made(tx, kind, ids))
    _set_state(tx, kind, cursor=ids[-1] if len(ids) == BATCH else None)
    return len(ids)


def sample(tx: Tx, kind: SearchKind, now: datetime) -> None:
    """Count which tokens are frequent, in rows from all over the table."""
    table = SEARCHED[kind]
    first, last = tx.execute(select(func.min(table.c.id), func.max(table.c.id))).one()
    found: list[Any] = []
    if last is not None:
        query = select(table.c.text, table.c.initials)
        starts = [random.randint(first, last) for _ in range(20)]  # noqa: S311 — of statistics
        for start in starts if last - first >= SAMPLE else [None]:
            part = query if start is None else query.where(table.c.id >= start).limit(SAMPLE // len(starts))
            found += tx.execute(part.order_by(table.c.id))
    counts = Counter(token for row in found for token in tokens(SearchText(*row)))
    shares = {token: round(n / len(found), 4) for token, n in counts.items() if n >= max(10, FREQUENT * len(found))}
    _set_state(tx, kind, shares=shares, sampled_at=now)


def tend(tx: Tx, now: datetime) -> int:
    """Go on with a build, or count frequent tokens anew where that is due; return how many rows were built."""
    for kind in SearchKind:
        known = state(tx, kind)
        if known.version != TOKENS_VERSION:
            begin(tx, kind)
            return BATCH
        if known.cursor is not None:
            return build(tx, kind)
        if known.sampled_at is None or known.sampled_at < now - SAMPLE_LIFE:
            sample(tx, kind, now)
            return 0
    return 0


# --- rows


def _made(tx: Tx, kind: SearchKind, ids: Sequence[int]) -> list[_Made]:
    if not ids:
        return []
    rows = tx.execute(_SOURCES[kind], list_parameters(tx, ids=ids))
    match kind:
        case SearchKind.TICKET:
            return [_of_ticket(*row) for row in rows]
        case SearchKind.ACCOUNT:
            return [_of_account(*row) for row in rows]
        case SearchKind.ADDRESS:
            return [_Made(id_, area, search_text([said], [said])) for id_, area, said in rows]
        case SearchKind.DEVICE:
            return [_Made(id_, "", search_text(said, [])) for id_, *said in rows]


_ACCOUNTS: Select[Any] = (
    select(account.c.id, account.c.area, account.c.number, account.c.mobile, customer.c.name, customer.c.mobile,
           address.c.text)
    .outerjoin(customer, customer.c.id == account.c.customer_id)
    .outerjoin(address, address.c.id == account.c.address_id)
)  # fmt: skip


def _of_account(id_: int, area: str, number: str, contact: str, *of_customer: str | None) -> _Made:
    name, mobile, place = (each or "" for each in of_customer)
    fields = dict.fromkeys([number, name, contact, mobile, place])
    return _Made(id_, area, search_text(fields, [name, place]))


_TICKETS: Select[Any] = (
    select(ticket.c.id, ticket.c.area, ticket.c.kind, ticket.c.description, account.c.number, account.c.mobile,
           or_(ticket.c.customer_id.is_(None), ticket.c.customer_id == account.c.customer_id),
           customer.c.name, customer.c.mobile, address.c.text)
    .join(account, account.c.id == ticket.c.account_id)
    .outerjoin(customer, customer.c.id == func.coalesce(ticket.c.customer_id, account.c.customer_id))
    .outerjoin(address, address.c.id == func.coalesce(ticket.c.address_id, account.c.address_id))
)  # fmt: skip
"""Tickets with the customer and the address of their report; an order of an earlier release has its account's."""


def _of_ticket(
    id_: int, area: str, kind: str, said: str, number: str, contact: str, still_theirs: bool, *of_customer: str | None
) -> _Made:
    name, mobile, place = (each or "" for each in of_customer)
    reached = contact if still_theirs else ""
    fields = dict.fromkeys([ticket_number(kind, id_), number, name, mobile, reached, place, said])
    return _Made(id_, area, search_text(fields, [name, place]))


_SOURCES: Mapping[SearchKind, Select[Any]] = {
    SearchKind.TICKET: _TICKETS.where(in_list_parameter(ticket.c.id, "ids")),
    SearchKind.ACCOUNT: _ACCOUNTS.where(in_list_parameter(account.c.id, "ids")),
    SearchKind.ADDRESS: select(address.c.id, address.c.area, address.c.text).where(
        in_list_parameter(address.c.id, "ids")
    ),
    SearchKind.DEVICE: select(registered_device.c.id, registered_device.c.serial, registered_device.c.model).where(
        in_list_parameter(registered_device.c.id, "ids")
    ),
}
"""The queries of what a kind's rows are made of; built once, for every report of a fault runs one."""


# --- written


def _insert(tx: Tx, kind: SearchKind, rows: Collection[_Made]) -> None:
    if not rows:
        return
    tx.execute(_INSERTS[kind], [_columns(tx, row) for row in rows])
    _write_tokens(tx, kind, rows)


def _replace(tx: Tx, kind: SearchKind, rows: Collection[_Made]) -> None:
    """Write the rows that differ from what is indexed."""
    table, ids = SEARCHED[kind], [row.id for row in rows]
    query = select(table.c.id, table.c.area, table.c.text, table.c.initials).where(in_list(table.c.id, ids))
    old = {id_: _Made(id_, area, SearchText(*said)) for id_, area, *said in tx.execute(query)} if ids else {}
    changed = [row for row in rows if old.get(row.id) != row]
    if not changed:
        return
    _forget_tokens(tx, kind, [old[row.id] for row in changed if row.id in old])
    made = (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(table)
    anew = {name: made.excluded[name] for name in ("area", "text", "initials", "tokens")}
    tx.execute(
        made.on_conflict_do_update(index_elements=[table.c.id], set_=anew), [_columns(tx, row) for row in changed]
    )
    _write_tokens(tx, kind, changed)


def _columns(tx: Tx, row: _Made) -> dict[str, Any]:
    numbers = sorted(map(number_of, _tokens(row))) if tx.dialect.name == "postgresql" else None
    return {"id": row.id, "area": row.area, "text": row.said.text, "initials": row.said.initials, "tokens": numbers}


def _tokens(row: _Made) -> set[str]:
    return tokens(row.said) | ({area_token(row.area)} if row.area else set())


def _write_tokens(tx: Tx, kind: SearchKind, rows: Iterable[_Made]) -> None:
    _tell_fts(tx, _ADD[kind], rows)


def _forget_tokens(tx: Tx, kind: SearchKind, rows: Iterable[_Made]) -> None:
    """SQLite's index keeps no text, so it must be told the tokens that it has of a row, all of them."""
    _tell_fts(tx, _REMOVE[kind], rows)


def _tell_fts(tx: Tx, statement: TextClause, rows: Iterable[_Made]) -> None:
    if tx.dialect.name == "sqlite":
        given = [{"id": row.id, "tokens": " ".join(sorted(_tokens(row)))} for row in rows]
        if given:
            tx.execute(statement, given)


def _fts(kind: SearchKind) -> str:
    return f"{kind}_tokens"


_INSERTS = {kind: insert(table) for kind, table in SEARCHED.items()}
_ADD = {
    kind: text(f"INSERT INTO {_fts(kind)}(rowid, tokens) VALUES (:id, :tokens)")  # noqa: S608 — our names
    for kind in SearchKind
}
_REMOVE = {
    kind: text(f"INSERT INTO {_fts(kind)}({_fts(kind)}, rowid, tokens) VALUES ('delete', :id, :tokens)")  # noqa: S608
    for kind in SearchKind
}


def _share(tx: Tx) -> None:
    """Wait for a build's transaction. It began before this act's change, and would write what was before."""
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))


def _set_state(tx: Tx, kind: SearchKind, **columns: object) -> None:
    changed = tx.execute(update(search_state).where(search_state.c.kind == kind).values(**columns))
    if not changed.rowcount:
        whole = {"version": TOKENS_VERSION, "shares": {}, **columns}
        tx.execute(insert(search_state).values(kind=kind, **whole))


def _ids(tx: Tx, query: Select[Any]) -> list[int]:
    return list(tx.execute(query).scalars())


def _in_batches(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))

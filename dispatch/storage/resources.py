"""Access resources 接入资源: standard addresses, and the PON ports that reach them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, Table, bindparam, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.domain import folding
from dispatch.domain.search import SearchKind
from dispatch.routing.address_file import CoveredAddress
from dispatch.storage import search_index
from dispatch.storage.database import Tx
from dispatch.storage.place_rows import AddressLine, AddressMatch, AddressRow
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account, address, pon_port

_AT_ONCE = 500
"""Rows in one statement of a bulk insert."""


def find_address(tx: Tx, text: str) -> AddressRow | None:
    """The address with its PON port, however it is written; None when it isn't a standard address.

    Where an earlier release let several be entered that differ only in writing, the same text wins, then the oldest.
    """
    query: Select[Any] = select(
        address.c.id, address.c.text, address.c.area, address.c.pon_port_id,
        pon_port.c.olt, pon_port.c.port, pon_port.c.capacity, pon_port.c.used,
    ).outerjoin(pon_port, pon_port.c.id == address.c.pon_port_id)  # fmt: skip
    same = or_(address.c.text == text, address.c.key == folding.address_key(text))
    exact = case((address.c.text == text, 0), else_=1)
    return shaped(AddressRow, tx.execute(query.where(same).order_by(exact, address.c.id).limit(1))).one_or_none()


def get_address(tx: Tx, address_id: int) -> AddressRow:
    text = tx.execute(select(address.c.text).where(address.c.id == address_id)).scalar_one()
    found = find_address(tx, text)
    assert found is not None
    return found


def occupy_port(tx: Tx, port_id: int) -> bool:
    """Take one of the port's free places; False when none is left. Of two transactions, one gets the last place."""
    taken = update(pon_port).where(pon_port.c.id == port_id, pon_port.c.used < pon_port.c.capacity)
    return bool(tx.execute(taken.values(used=pon_port.c.used + 1)).rowcount)


def free_port(tx: Tx, port_id: int) -> None:
    """Give back the place that an account had on the port."""
    tx.execute(update(pon_port).where(pon_port.c.id == port_id).values(used=pon_port.c.used - 1))


def enter_addresses(tx: Tx, rows: Sequence[CoveredAddress]) -> int:
    """Insert addresses and their ports, or update their area, port and capacity. Returns how many addresses were new.

    Raises IntegrityError when a port's capacity would be less than its use.
    """
    insert_into = (postgresql if tx.dialect.name == "postgresql" else sqlite).insert
    new = 0
    add_keys(tx)
    for start in range(0, len(rows), _AT_ONCE):
        by_text = _as_kept(tx, {reach.text: reach for reach in rows[start : start + _AT_ONCE]})
        ports = _enter_ports(tx, insert_into, [reach for reach in by_text.values() if reach.olt])
        known = select(func.count()).where(address.c.text.in_(by_text))
        new += len(by_text) - tx.execute(known).scalar_one()
        entered = insert_into(address).values(
            [
                {
                    "text": reach.text,
                    "key": folding.address_key(reach.text),
                    "area": reach.area,
                    "pon_port_id": ports.get((reach.olt, reach.port)),
                }
                for reach in by_text.values()
            ]
        )
        changed = {"area": entered.excluded.area, "pon_port_id": entered.excluded.pon_port_id}
        made = entered.on_conflict_do_update(index_elements=[address.c.text], set_=changed)
        search_index.renew(tx, SearchKind.ADDRESS, tx.execute(made.returning(address.c.id)).scalars().all())
    return new


def _as_kept(tx: Tx, rows: Mapping[str, CoveredAddress]) -> dict[str, CoveredAddress]:
    """The rows by the text that the books have for each address, where they know it in another way of writing."""
    keys = {text: folding.address_key(text) for text in rows}
    query = (
        select(address.c.text, address.c.key).where(address.c.key.in_(set(keys.values()))).order_by(address.c.id.desc())
    )
    known = tx.execute(query).all()
    texts, first = {row.text for row in known}, {row.key: row.text for row in known}
    kept = {text: text if text in texts else first.get(keys[text], text) for text in rows}
    return {kept[text]: row._replace(text=kept[text]) for text, row in rows.items()}


def add_keys(tx: Tx) -> None:
    """Give their keys to addresses that a program of an earlier release entered."""
    without = select(address.c.id, address.c.text).where(address.c.key.is_(None)).limit(_AT_ONCE)
    fill = update(address).where(address.c.id == bindparam("row")).values(key=bindparam("made"))
    while rows := tx.execute(without).all():
        tx.execute(fill, [{"row": row.id, "made": folding.address_key(row.text)} for row in rows])


def address_twins(tx: Tx) -> list[list[str]]:
    """Groups of addresses that differ only in how they are written; an earlier release let them be entered."""
    twice = select(address.c.key).group_by(address.c.key).having(func.count() > 1)
    rows = tx.execute(
        select(address.c.key, address.c.text).where(address.c.key.in_(twice)).order_by("key", address.c.id)
    )
    return [[row.text for row in group] for _, group in itertools.groupby(rows, lambda row: row.key)]


def _enter_ports(
    tx: Tx, insert_into: Callable[[Table], Any], rows: Sequence[CoveredAddress]
) -> dict[tuple[str, str], int]:
    """Insert or update these rows' ports; their ids by (OLT, port)."""
    by_name = {(reach.olt, reach.port): reach for reach in rows}
    if not by_name:
        return {}
    entered = insert_into(pon_port).values(
        [{"area": r.area, "olt": r.olt, "port": r.port, "capacity": r.capacity} for r in by_name.values()]
    )
    changed = {"area": entered.excluded.area, "capacity": entered.excluded.capacity}
    made = entered.on_conflict_do_update(index_elements=[pon_port.c.olt, pon_port.c.port], set_=changed)
    found = tx.execute(made.returning(pon_port.c.id, pon_port.c.olt, pon_port.c.port))
    return {(olt, port): port_id for port_id, olt, port in found}


def lock_free(tx: Tx, port_id: int) -> int:
    """Lock the port, and count its free places."""
    places = select(pon_port.c.capacity - pon_port.c.used).where(pon_port.c.id == port_id).with_for_update()
    return int(tx.execute(places).scalar_one())


def places_in_use(tx: Tx) -> dict[tuple[str, str], int]:
    """Count the taken places of each port, by (OLT, port); ports without any are left out."""
    used = select(pon_port.c.olt, pon_port.c.port, pon_port.c.used).where(pon_port.c.used > 0)
    return {(olt, port): taken for olt, port, taken in tx.execute(used)}


def addresses(tx: Tx, limit: int, areas: Collection[str] | None = None) -> Sequence[AddressLine]:
    """The addresses of these areas, or of all, by area and text."""
    query: Select[Any] = select(
        address.c.text, address.c.area, pon_port.c.olt, pon_port.c.port, pon_port.c.capacity, pon_port.c.used
    ).outerjoin(pon_port, pon_port.c.id == address.c.pon_port_id)
    if areas is not None:
        query = query.where(address.c.area.in_(areas))
    return shaped(AddressLine, tx.execute(query.order_by(address.c.area, address.c.text).limit(limit))).all()


def search_addresses(tx: Tx, words: Sequence[str], areas: Collection[str] | None, limit: int) -> Sequence[AddressMatch]:
    """The addresses of these areas, or of all, that contain every one of these words, however they are written."""
    query = _MATCHES
    for word in words:
        key = folding.address_key(word)
        there = address.c.text.contains(word, autoescape=True)
        query = query.where(or_(there, address.c.key.contains(key, autoescape=True)) if key else there)
    if areas is not None:
        query = query.where(address.c.area.in_(areas))
    return shaped(AddressMatch, tx.execute(query.order_by(address.c.text).limit(limit))).all()


def found_addresses(tx: Tx, ids: Sequence[int]) -> Sequence[AddressMatch]:
    """These addresses, the newest first."""
    query = _MATCHES.where(address.c.id.in_(ids)).order_by(address.c.id.desc())
    return shaped(AddressMatch, tx.execute(query)).all()


_MATCHES: Select[Any] = (
    select(
        address.c.id, address.c.text, address.c.area, (pon_port.c.capacity - pon_port.c.used).label("free"),
        account.c.id.label("taken"),
    )
    .outerjoin(pon_port, pon_port.c.id == address.c.pon_port_id)
    .outerjoin(account, (account.c.address_id == address.c.id) & account.c.ended_at.is_(None))
)  # fmt: skip

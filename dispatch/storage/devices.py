"""The register of devices 终端: where each device is, and the moves that brought it there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, insert, select

from dispatch.domain.device import DeviceKind, DeviceState
from dispatch.domain.search import SearchKind
from dispatch.storage import search_index
from dispatch.storage.bulk import in_list, insert_numbered, update_rows
from dispatch.storage.database import Tx
from dispatch.storage.device_rows import DeviceLine, DeviceMoveRow, DeviceRow
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account
from dispatch.storage.tables.devices import device_move
from dispatch.storage.tables.devices import registered_device as device

_AT_ONCE = 500


class NewDevice(NamedTuple):
    """A device to be entered: serial number as kept, price in fen."""

    serial: str
    kind: DeviceKind
    model: str
    price: int


class Cause(NamedTuple):
    """Who moves a device, when, by what (a slip, a hop, a file; empty: by hand), and why, if that was said."""

    actor: str
    at: datetime
    source: str = ""
    why: str = ""


def enter(tx: Tx, rows: Sequence[NewDevice], cause: Cause) -> int:
    """Enter devices into the store; those with a known serial number are left as they are. Returns how many are new."""
    new = 0
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        known = kinds(tx, [row.serial for row in some])
        unknown = [{**row._asdict(), "state": DeviceState.STOCK} for row in some if row.serial not in known]
        ids = insert_numbered(tx, device, unknown)
        search_index.add(tx, SearchKind.DEVICE, ids)
        entries = [_entry(id_, None, DeviceState.STOCK, cause, None, None) for id_ in ids]
        if entries:
            tx.execute(insert(device_move), entries)
        new += len(ids)
    return new


def kinds(tx: Tx, serials: Collection[str]) -> dict[str, str]:
    """The kinds of those devices that the register has, by serial number."""
    found: dict[str, str] = {}
    every = list(serials)
    for start in range(0, len(every), _AT_ONCE):
        query = select(device.c.serial, device.c.kind).where(in_list(device.c.serial, every[start : start + _AT_ONCE]))
        found.update((serial, kind) for serial, kind in tx.execute(query))
    return found


def lock(tx: Tx, serials: Collection[str]) -> Sequence[DeviceRow]:
    """Lock those devices that the register has, always in the same order, so that two transactions don't deadlock."""
    query = select(device).where(device.c.serial.in_(sorted(set(serials)))).order_by(device.c.id)
    return shaped(DeviceRow, tx.execute(query.with_for_update())).all()


def lock_issued(tx: Tx, account_id: int) -> Sequence[DeviceRow]:
    """Lock the devices at the account's address."""
    here = and_(device.c.account_id == account_id, device.c.state == DeviceState.ISSUED)
    query = select(device).where(here).order_by(device.c.id)
    return shaped(DeviceRow, tx.execute(query.with_for_update())).all()


def issued_onts(tx: Tx, account_ids: Sequence[int]) -> dict[int, str]:
    """The serial numbers of the ONTs at these accounts' addresses, by account id."""
    if not account_ids:
        return {}
    query = select(device.c.account_id, device.c.serial).where(
        device.c.account_id.in_(account_ids),
        device.c.state == DeviceState.ISSUED,
        device.c.kind == DeviceKind.ONT,
    )
    return {row.account_id: row.serial for row in tx.execute(query)}


def carried_by(tx: Tx, person: str) -> Sequence[DeviceRow]:
    """The devices that a person carries, by kind and serial number."""
    query = select(device).where(device.c.person == person).order_by(device.c.kind, device.c.serial)
    return shaped(DeviceRow, tx.execute(query)).all()


def of_accounts(tx: Tx, account_ids: Sequence[int], limit: int) -> Sequence[DeviceLine]:
    """The devices that are at these accounts' addresses, or were last, the newest there first."""
    query = _lines().where(device.c.account_id.in_(account_ids))
    return shaped(
        DeviceLine, tx.execute(query.order_by(device.c.issued_at.desc(), device.c.id.desc()).limit(limit))
    ).all()


def listed(
    tx: Tx,
    limit: int,
    state: DeviceState | None = None,
    person: str | None = None,
    serial: str | None = None,
    after: int | None = None,
) -> Sequence[DeviceLine]:
    """Devices, the oldest in the register first: in this state, with this person, of a serial number that contains
    `serial`; only those with higher ids than `after`."""
    query = _lines()
    if state is not None:
        query = query.where(device.c.state == state)
    if person is not None:
        query = query.where(device.c.person == person)
    if serial is not None:
        query = query.where(device.c.serial.contains(serial, autoescape=True))
    if after is not None:
        query = query.where(device.c.id > after)
    return shaped(DeviceLine, tx.execute(query.order_by(device.c.id).limit(limit))).all()


def line(tx: Tx, serial: str) -> DeviceLine | None:
    return shaped(DeviceLine, tx.execute(_lines().where(device.c.serial == serial))).one_or_none()


def found(tx: Tx, ids: Sequence[int]) -> Sequence[DeviceLine]:
    """These devices, the newest in the register first."""
    return shaped(DeviceLine, tx.execute(_lines().where(device.c.id.in_(ids)).order_by(device.c.id.desc()))).all()


def moves(tx: Tx, device_id: int) -> Sequence[DeviceMoveRow]:
    """All moves of a device, the oldest first."""
    query = select(device_move).where(device_move.c.device_id == device_id).order_by(device_move.c.id)
    return shaped(DeviceMoveRow, tx.execute(query)).all()


def move(
    tx: Tx,
    rows: Iterable[DeviceRow],
    state: DeviceState,
    cause: Cause,
    *,
    person: str | None = None,
    account_id: int | None = None,
) -> None:
    """Move locked devices to `state`. One that is issued goes to `account_id`; one that comes back or is lost keeps the
    account that it was at, and forgets it in the store."""
    moved, entries = [], []
    for row in rows:
        of, since = row.account_id, row.issued_at
        if state is DeviceState.ISSUED:
            of, since = account_id, cause.at
        elif state not in (DeviceState.RETURNED, DeviceState.LOST):
            of, since = None, None
        moved.append({"id": row.id, "state": state, "person": person, "account_id": of, "issued_at": since})
        entries.append(_entry(row.id, row.state, state, cause, person, of))
    update_rows(tx, device, moved)
    if entries:
        tx.execute(insert(device_move), entries)


def _entry(
    device_id: int, before: str | None, after: str, cause: Cause, person: str | None, account_id: int | None
) -> dict[str, Any]:
    row = {"device_id": device_id, "before": before, "after": after, "person": person, "account_id": account_id}
    return {**row, "at": cause.at, "actor": cause.actor, "source": cause.source, "why": cause.why}


def _lines() -> Select[Any]:
    """Each device with the number and the area of its account."""
    columns = (account.c.number.label("account"), account.c.area)
    return select(device, *columns).outerjoin(account, account.c.id == device.c.account_id)

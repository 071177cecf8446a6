"""终端: the store of devices: load them, hand them out, take them in again, report them lost, scrap them.

What stands at a customer's moves by reports (`tickets.devices`) and at the counter (`accounts.devices`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispatch.access.people import People
from dispatch.domain.device import DeviceState, device_move, read_serial
from dispatch.domain.roles import Actor, Role, require
from dispatch.domain.text import NOTE, REASON, clean
from dispatch.domain.title import Wording, WrongValue
from dispatch.errors import BadDeviceFile, BadInput, NotFound
from dispatch.routing.device_file import DeviceList
from dispatch.storage import devices, operations
from dispatch.storage.database import Tx
from dispatch.storage.device_rows import DeviceRow
from dispatch.storage.devices import Cause, NewDevice

DEVICES = Wording("终端", "devices")
CARRIERS = (Role.INSTALLER, Role.CONSTRUCTION)
"""The roles that may carry devices."""
MOST_AT_ONCE = 200


def load(tx: Tx, listed: DeviceList, actor: Actor, now: datetime) -> int:
    """Enter the devices of a file into the store, all or none; known ones stay as they are. Returns how many are new.

    Raises NotAllowed; BadDeviceFile for a device that is known as one of another kind.
    """
    require(actor, "load devices", DEVICES)
    known = devices.kinds(tx, [row.serial for row in listed.rows])
    faults = [
        Wording(f"{row.serial} 已登记为 {kind}", f"{row.serial} is registered as {kind}").at(
            f"{listed.file}:{row.line}:1"
        )
        for row in listed.rows
        if (kind := known.get(row.serial, row.kind)) != row.kind
    ]
    if faults:
        raise BadDeviceFile(file=listed.file, faults=faults)
    new = [NewDevice(*row[:4]) for row in listed.rows]
    entered = devices.enter(tx, new, Cause(actor.name, now, listed.file.rpartition("/")[2][:120]))
    operations.note_audit(tx, "load devices", f"{len(new)} devices", f"{entered} new", actor, now)
    return entered


def hand_out(tx: Tx, serials: Sequence[str], person: str, actor: Actor, now: datetime) -> Sequence[DeviceRow]:
    """Hand devices out to somebody who builds or mends lines; all or none.

    Raises NotAllowed, UnknownUser, UnfitUser, NotFound, IllegalMove; BadInput.
    """
    require(actor, "hand out", DEVICES)
    name = People(tx, [person]).holder(person.strip(), CARRIERS, None)
    return _move(tx, serials, "hand out", DeviceState.CARRIED, Cause(actor.name, now), person=name)


def take_in(tx: Tx, serials: Sequence[str], note: str, actor: Actor, now: datetime) -> Sequence[DeviceRow]:
    """Take devices into the store again; all or none. Raises NotAllowed, NotFound, IllegalMove; BadInput."""
    require(actor, "take in", DEVICES)
    why = clean(note, NOTE, least=0)
    return _move(tx, serials, "take in", DeviceState.STOCK, Cause(actor.name, now, why=why))


def lose(tx: Tx, serials: Sequence[str], reason: str, actor: Actor, now: datetime) -> Sequence[DeviceRow]:
    """Report devices lost that somebody carried; all or none. A customer's is reported at the counter.

    Raises NotAllowed, NotFound, IllegalMove; BadInput without a reason.
    """
    require(actor, "lose", DEVICES)
    why = clean(reason, REASON)
    for row in _locked(tx, serials):
        if row.state == DeviceState.ISSUED:
            raise BadInput(
                what=Wording(
                    f"{row.serial} 在客户处：请在柜台办理终端遗失",
                    f"{row.serial} is a customer's: the counter reports it lost",
                )
            )
    return _move(tx, serials, "lose", DeviceState.LOST, Cause(actor.name, now, why=why))


def scrap(tx: Tx, serials: Sequence[str], reason: str, actor: Actor, now: datetime) -> Sequence[DeviceRow]:
    """Take devices out of use; all or none. Raises NotAllowed, NotFound, IllegalMove; BadInput without a reason."""
    require(actor, "scrap", DEVICES)
    why = clean(reason, REASON)
    return _move(tx, serials, "scrap", DeviceState.SCRAPPED, Cause(actor.name, now, why=why))


def typed_serial(raw: str) -> str:
    """A serial number as people type it. Raises BadInput."""
    try:
        return read_serial(raw)
    except WrongValue as wrong:
        raise BadInput(what=Wording(f"“{raw:.40}”{wrong.what.zh}", f"{raw!r:.40}: {wrong.what.en}")) from None


def called(serial: str) -> Wording:
    """The device in a sentence."""
    return Wording(f"终端 {serial}", f"device {serial}")


def _move(
    tx: Tx, serials: Sequence[str], name: str, target: DeviceState, cause: Cause, person: str | None = None
) -> Sequence[DeviceRow]:
    rows = _locked(tx, serials)
    for row in rows:
        device_move(DeviceState(row.state), name, called(row.serial))
    devices.move(tx, rows, target, cause, person=person)
    return rows


def _locked(tx: Tx, serials: Sequence[str]) -> list[DeviceRow]:
    """Lock the devices of these serial numbers, in their order. Raises NotFound, BadInput."""
    typed = list(dict.fromkeys(typed_serial(serial) for serial in serials))
    if not 1 <= len(typed) <= MOST_AT_ONCE:
        raise BadInput(
            what=Wording(f"一次给出 1 至 {MOST_AT_ONCE} 个序列号", f"give 1 to {MOST_AT_ONCE} serial numbers at once")
        )
    found = {row.serial: row for row in devices.lock(tx, typed)}
    for serial in typed:
        if serial not in found:
            raise NotFound(what=Wording("终端", "device"), which=serial)
    return [found[serial] for serial in typed]

"""终端: the register of devices: where each one is, and what its store does with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field as Of

from dispatch.accounts import device_register
from dispatch.domain.device import LONGEST_SERIAL, DeviceKind, DeviceState
from dispatch.domain.money import write_yuan
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, IllegalMove, NotFound, UnfitUser, UnknownUser
from dispatch.storage import devices
from dispatch.storage.device_rows import DeviceLine, DeviceRow
from dispatch.web.api.schemas import Cursor, Limit, RequestBody, ResponseBody, Text, Word, page, read_cursor
from dispatch.web.policy import NOTHING
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/devices", "devices")

DeviceSerial = Annotated[str, Path(min_length=1, max_length=2 * LONGEST_SERIAL, description="Its serial number.")]
InState = Annotated[DeviceState | None, Query(description="State; absent: all.")]
OfPerson = Annotated[str | None, Query(max_length=80, description="User who carries them; absent: anybody, or nobody.")]
Containing = Annotated[
    str | None, Query(max_length=LONGEST_SERIAL, description="Part of the serial number; absent: any.")
]
_Serials = Annotated[list[str], Of(min_length=1, max_length=device_register.MOST_AT_ONCE)]


class Device(ResponseBody):
    """A device of the register."""

    serial: str
    """Serial number."""
    kind: DeviceKind
    """Kind of device."""
    model: str
    """Model."""
    price: str
    """Price when new, in yuan."""
    state: DeviceState
    """State of the device."""
    person: str | None
    """User who carries it; null: nobody."""
    account: str | None
    """Number of the account at which it is, or was last; null: at none, or in no area of the caller."""
    issued_at: datetime | None
    """Time at which the account got it; null without one."""


class DeviceMove(ResponseBody):
    """A move of a device."""

    at: datetime
    """Time of the move."""
    before: DeviceState | None
    """State before; null: it came into the register."""
    after: DeviceState
    """State after."""
    actor: str
    """User who moved it."""
    source: str
    """Slip, hop or file by which it moved; empty: by hand."""
    why: str
    """Reason or note; it may be empty."""
    person: str | None
    """User who carries it from then on; null: nobody."""


class Devices(ResponseBody):
    """Devices of the register."""

    items: list[Device]
    """Devices, those first that were entered first."""
    next: str | None
    """Cursor of the next page; null on the last one."""


class DeviceHistory(ResponseBody):
    """A device and where it has been."""

    device: Device
    """Device."""
    moves: list[DeviceMove]
    """Moves, the oldest first."""


class MovedDevices(ResponseBody):
    """The devices that were moved."""

    items: list[Device]
    """Devices, in the order of the request."""


class HandOut(RequestBody):
    """Devices to be handed out, all or none."""

    serials: _Serials
    """Serial numbers."""
    person: Word
    """User who takes them along: an installer or a builder."""


class TakeIn(RequestBody):
    """Devices that come into the store again, all or none."""

    serials: _Serials
    """Serial numbers."""
    note: Text | None = None
    """Note."""


class WriteOff(RequestBody):
    """Devices that are lost or of no more use, all or none."""

    serials: _Serials
    """Serial numbers."""
    reason: Text
    """Reason."""


@api.read("", "see devices", raises=[BadInput])
def list_devices(
    context: RequestContext,
    state: InState = None,
    person: OfPerson = None,
    serial: Containing = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Devices:
    """Lists devices, those first that were entered first."""
    wanted = serial.upper().strip() if serial else None
    rows = devices.listed(context.tx, limit + 1, state, person or None, wanted or None, read_cursor(cursor, int))
    found = page([_shown(context, row) for row in rows], limit, rows[limit - 1].id if len(rows) > limit else None)
    return Devices(items=found.items, next=found.next)


@api.read("/{device}", "see devices", raises=[BadInput, NotFound])
def see_device(context: RequestContext, device: DeviceSerial) -> DeviceHistory:
    """Shows a device and where it has been."""
    typed = device_register.typed_serial(device)
    row = devices.line(context.tx, typed)
    if row is None:
        raise NotFound(what=Wording("终端", "device"), which=typed)
    moves = [
        DeviceMove(
            at=each.at,
            before=None if each.before is None else DeviceState(each.before),
            after=DeviceState(each.after),
            actor=each.actor,
            source=each.source,
            why=each.why,
            person=each.person,
        )
        for each in devices.moves(context.tx, row.id)
    ]
    return DeviceHistory(device=_shown(context, row), moves=moves)


@api.change("/hand-out", "hand out", raises=[BadInput, NotFound, IllegalMove, UnknownUser, UnfitUser])
def hand_out_devices(context: RequestContext, asked: HandOut) -> MovedDevices:
    """Hands devices out to an installer or builder (发放); all or none."""
    actor = context.authorize()
    rows = device_register.hand_out(context.tx, asked.serials, asked.person, actor, context.now)
    return _moved(context, rows)


@api.change("/take-in", "take in", raises=[BadInput, NotFound, IllegalMove])
def take_devices_in(context: RequestContext, asked: TakeIn) -> MovedDevices:
    """Takes devices into the store again (入库); all or none."""
    actor = context.authorize()
    return _moved(context, device_register.take_in(context.tx, asked.serials, asked.note or "", actor, context.now))


@api.change("/lose", "lose", raises=[BadInput, NotFound, IllegalMove])
def report_devices_lost(context: RequestContext, asked: WriteOff) -> MovedDevices:
    """Reports devices lost that somebody carried (报失); all or none. A customer's is reported at the counter."""
    actor = context.authorize()
    return _moved(context, device_register.lose(context.tx, asked.serials, asked.reason, actor, context.now))


@api.change("/scrap", "scrap", raises=[BadInput, NotFound, IllegalMove])
def scrap_devices(context: RequestContext, asked: WriteOff) -> MovedDevices:
    """Takes devices out of use (报废); all or none."""
    actor = context.authorize()
    return _moved(context, device_register.scrap(context.tx, asked.serials, asked.reason, actor, context.now))


def _moved(context: RequestContext, rows: Sequence[DeviceRow]) -> MovedDevices:
    found = [line for row in rows if (line := devices.line(context.tx, row.serial)) is not None]
    return MovedDevices(items=[_shown(context, row) for row in found])


def _shown(context: RequestContext, row: DeviceLine) -> Device:
    areas = context.areas("see devices", NOTHING)
    seen = row.area is not None and (areas is None or row.area in areas)
    return Device(
        serial=row.serial,
        kind=DeviceKind(row.kind),
        model=row.model,
        price=write_yuan(row.price),
        state=DeviceState(row.state),
        person=row.person,
        account=row.account if seen else None,
        issued_at=row.issued_at if seen else None,
    )

"""A made-up store of devices 终端: whoever builds a line in a demonstration has taken an ONT along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from dispatch.domain.device import DeviceKind, DeviceState
from dispatch.domain.finding import NEW_DEVICE
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import devices
from dispatch.storage.database import Tx
from dispatch.storage.devices import Cause, NewDevice
from dispatch.tickets.handling import Report

STOREKEEPER = "demo-store"
MODELS = ("HG8145X6", "F670L", "HG6145F")
PRICE = 200_00
"""Fen."""


STOCK: Mapping[DeviceKind, tuple[str, int, int]] = {
    DeviceKind.ONT: ("F670L", 200_00, 12),
    DeviceKind.SET_TOP_BOX: ("B860AV", 150_00, 4),
    DeviceKind.ROUTER: ("AX3000", 180_00, 4),
}
"""What stands in the store: model, price in fen, and how many."""


def fill(tx: Tx, now: datetime) -> None:
    """Fill the store, for visitors to hand out."""
    made = [
        NewDevice(f"STOR{n:08X}", kind, model, price)
        for first, (kind, (model, price, count)) in enumerate(STOCK.items())
        for n in range(first << 16, (first << 16) + count)
    ]
    devices.enter(tx, made, Cause(STOREKEEPER, now))


def supplied(tx: Tx, rulebook: Rulebook, flow: str, team: str, report: Report, now: datetime) -> Report:
    """The report with a device that its holder carries, wherever its finding asks for one that is put in."""
    holder = report.on_behalf_of or report.actor.name
    finding = next(each for each in rulebook.findings_of(flow, team) if each.name == report.finding)
    asked = [each.name for each in finding.evidence if each.kind == NEW_DEVICE and not each.optional]
    given = {name: _handed_out(tx, report.hop_id, place, holder, now) for place, name in enumerate(asked)}
    return replace(report, evidence={**report.evidence, **given})


def _handed_out(tx: Tx, hop_id: int, place: int, person: str, now: datetime) -> str:
    """The serial number of an ONT in this person's hands, which is this hop's."""
    serial = f"DEM{'OPQRS'[place % 5]}{hop_id % 16**8:08X}"
    cause = Cause(STOREKEEPER, now)
    devices.enter(tx, [NewDevice(serial, DeviceKind.ONT, MODELS[hop_id % len(MODELS)], PRICE)], cause)
    waiting = [row for row in devices.lock(tx, [serial]) if row.state == DeviceState.STOCK]
    devices.move(tx, waiting, DeviceState.CARRIED, cause, person=person)
    return serial

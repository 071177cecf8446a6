"""The register of devices 终端: their kinds, their serial numbers 序列号, and the life table of a device. Pure.

A device is in one person's hands at a time, or at one account. The table has the form of `dispatch/domain/ticket.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from dispatch.domain import folding
from dispatch.domain.lifecycle import Life, Move, State
from dispatch.domain.money import share
from dispatch.domain.plans import months_later
from dispatch.domain.title import Title, TitledEnum, WrongValue


class DeviceKind(TitledEnum):
    """The kind of a device."""

    ONT = "ont", Title("光猫", "ONT")
    SET_TOP_BOX = "set-top-box", Title("机顶盒", "Set-top box")
    ROUTER = "router", Title("路由器", "Router")


class DeviceState(State):
    """Place of a device."""

    STOCK = "stock", Title("在库", "In stock"), "in the store, to be handed out"
    CARRIED = "carried", Title("已领用", "Carried"), "with a person who builds or mends lines"
    ISSUED = "issued", Title("在用", "At a customer's"), "at an account's address"
    RETURNED = "returned", Title("已退回", "Returned"), "back from a customer, not yet in the store"
    LOST = "lost", Title("已遗失", "Lost"), "nobody has it; a customer's was charged"
    SCRAPPED = "scrapped", Title("已报废", "Scrapped"), "ended: of no more use"


_D = DeviceState
DEVICE_MOVES: tuple[Move[DeviceState], ...] = (
    Move("hand out", (_D.STOCK,), _D.CARRIED, "network service support", "a person takes it along"),
    Move("issue", (_D.CARRIED,), _D.ISSUED, "whoever carries it", "a report says that it stands at the customer's"),
    Move("return", (_D.ISSUED,), _D.RETURNED, "clerk, installer", "it comes back at the counter or by an exchange"),
    Move(
        "take in",
        (_D.CARRIED, _D.RETURNED, _D.LOST),
        _D.STOCK,
        "network service support",
        "it is in the store again",
    ),
    Move(
        "lose",
        (_D.CARRIED, _D.ISSUED),
        _D.LOST,
        "network service support, clerk",
        "it is gone; a customer pays for theirs",
    ),
    Move("scrap", (_D.STOCK, _D.RETURNED), _D.SCRAPPED, "network service support, operations", "it is of no more use"),
)

_DEVICE = Life(DeviceState, DEVICE_MOVES)

DEVICE_ENDS = _DEVICE.ends

device_move = _DEVICE.move
device_sources = _DEVICE.sources

_ONT = re.compile(r"[A-Z]{4}[0-9A-F]{8}|[0-9A-F]{16}")
"""A vendor's four letters and eight digits to base 16, or the same in sixteen. Source: ITU-T G.984.3, 9.2.1."""
_OTHER = re.compile(r"[0-9A-Z-]{8,32}")
LONGEST_SERIAL = 32

MOST_PRICE = 1_000_000
"""Fen: no terminal costs more than 10,000 yuan."""


def read_serial(raw: str) -> str:
    """A serial number as it is kept: upper case, without spaces. Raises WrongValue."""
    serial = folding.code(raw)
    if not _ONT.fullmatch(serial) and not _OTHER.fullmatch(serial):
        raise WrongValue(
            "不是序列号：应为 8 至 32 位字母、数字或“-”，如 ZTEG1A2B3C4D",
            "this is no serial number: it has 8 to 32 letters, digits or -, such as ZTEG1A2B3C4D",
        )
    return serial


def read_serial_of(kind: DeviceKind, raw: str) -> str:
    """The same for a device of this kind. Raises WrongValue."""
    serial = read_serial(raw)
    if kind is DeviceKind.ONT and not _ONT.fullmatch(serial):
        raise WrongValue(
            "不是光猫序列号：应为 4 个字母加 8 位十六进制数，或 16 位十六进制数",
            "this is no ONT's serial number: four letters and eight digits to base 16, or sixteen such digits",
        )
    return serial


def price_now(price: int, issued_on: date, today: date, months: int) -> int:
    """The price in fen of a lost device: it falls to nothing within `months` whole months from its issue."""
    return share(price, max(0, months - whole_months(issued_on, today)), months)


def whole_months(since: date, today: date) -> int:
    """The whole months from `since` until `today`; none before it."""
    months = max(0, (today.year - since.year) * 12 + today.month - since.month)
    return months - 1 if months and months_later(since, months) > today else months


KINDS: Mapping[str, Title] = {kind: kind.label for kind in DeviceKind}

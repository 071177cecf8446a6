"""The rows of the device register."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class DeviceRow(Protocol):
    """A device of the register."""

    id: int
    serial: str  # upper case
    kind: str  # one of `domain.device.DeviceKind`
    model: str
    price: int  # fen, when new
    state: str  # one of `domain.device.DeviceState`
    person: str | None  # who carries it; None: nobody
    account_id: int | None  # at which it is, or was last; None: at none since it was in the store
    issued_at: datetime | None  # to that account; None as `account_id`


class DeviceLine(DeviceRow, Protocol):
    """A device with its account."""

    account: str | None  # number; None as `account_id`
    area: str | None  # the account's; None as `account_id`


class DeviceMoveRow(Protocol):
    """A move of a device."""

    id: int
    device_id: int
    before: str | None  # None: it came into the register
    after: str
    at: datetime
    actor: str
    source: str  # a slip, a hop, a file; empty: by hand
    why: str  # may be empty
    person: str | None  # who carries it from then on; None: nobody
    account_id: int | None  # whose device it is or was; None: nobody's

"""The rows of addresses and their access resources, and of those who wait for one."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class AddressLine(Protocol):
    """A standard address with its PON port; the port's columns are None where no port reaches it."""

    text: str
    area: str
    olt: str | None
    port: str | None
    capacity: int | None  # subscribers that the port can have
    used: int | None  # subscribers that it has


class AddressRow(AddressLine, Protocol):
    """A standard address with its PON port, to be taken by an account."""

    id: int
    pon_port_id: int | None


class AddressMatch(Protocol):
    """An address that a search found."""

    id: int
    text: str
    area: str
    free: int | None  # subscribers that its port can still have; None: no port reaches it
    taken: int | None  # the id of the living account there; None: the address is free


class DemandRow(Protocol):
    """Somebody wants a line where none can be had yet."""

    id: int
    operation_id: int  # the first in which it was asked
    area: str  # empty: in none that is known
    address: str  # as it was typed
    contact: str  # name; empty, as `mobile`: erased
    mobile: str
    speed: int  # Mbit/s, the highest that was asked
    at: datetime
    address_key: str | None  # folded; None: not folded yet
    address_id: int | None  # the standard address that it means; None: none is known
    asked: int  # times
    last_at: datetime | None  # None: asked once, at `at`
    told_at: datetime | None  # None: nobody told the customer yet
    next_at: datetime | None  # when the relay looks whose turn it is; None: nothing is to be looked at
    state: str  # one of `domain.demand.DemandState`
    ended_for: str | None  # one of `domain.demand.ENDED_FOR`; None: it waits
    note: str


class DemandLine(DemandRow, Protocol):
    """A demand with the standard address that it means."""

    standard: str | None  # None: none is known
    free: int | None  # places of its port that are free; None: no port reaches it


class DemandOfArea(Protocol):
    """The demand in an area that waits, for network planning."""

    area: str  # empty: in none that is known
    wanted: int  # demands
    asked: int  # times that they were asked, together
    reachable: int  # those among them whose customer was told
    speed: int  # Mbit/s, of all of them together

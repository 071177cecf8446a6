"""Provisioning 服务开通: orders to the network department's system about a customer's line."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from dispatch.ports.ledger import Ledger
from dispatch.ports.simulated_file import make, opened


class Order(StrEnum):
    """The kinds of orders."""

    PREPARE = "prepare"  # set up port, speed and account number; the line is not yet in service
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    SPEED = "speed"  # change the line's speed
    RENAME = "rename"  # the account's number has changed
    PASSWORD = "password"  # the password has changed (the order doesn't hold it): end the running sessions  # noqa: S105
    DEVICE = "device"  # another ONT, by its serial number, is let onto the line
    PREPARE_MOVE = "prepare-move"  # set up the port of another address; the line goes on at its own
    MOVE = "move"  # the line is at the prepared port now, and its own is free
    CANCEL_MOVE = "cancel-move"  # the prepared port isn't needed
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class LineOrder:
    """One order for one line. `key` is the idempotency key: an order carried out under a key isn't carried out again.

    `line` is the account's id and never changes; `number` is the account's present number. A preparation, also of
    a move, needs `olt`, `port` and `speed` (Mbit/s), and a move the first two; a speed given with another order becomes
    the line's speed. `serial` is the ONT's number that an order for a device lets onto the line.
    """

    key: str
    order: str
    line: int
    number: str
    olt: str | None = None
    port: str | None = None
    speed: int | None = None
    serial: str | None = None


class Provisioning(Protocol):
    """The port: the network department's system."""

    def carry_out(self, orders: Sequence[LineOrder]) -> Mapping[str, str]:
        """Carry the orders out in this sequence; return, by key, why orders were refused.

        Orders that aren't in the answer are carried out. A refusal is final: the same order would be refused again.
        Raises OSError when the system is out of reach.
        """


@dataclass(frozen=True, slots=True)
class SimulatedLine:
    """A line as the simulated system stores it; `speed` in Mbit/s."""

    state: str
    number: str
    olt: str | None
    port: str | None
    speed: int | None


_AS_IT_IS = {None: None, "prepared": "prepared", "active": "active", "suspended": "suspended"}
_AFTER: Mapping[str, Mapping[str | None, str | None]] = {
    Order.PREPARE: {None: "prepared", "removed": "prepared"},
    Order.ACTIVATE: {"prepared": "active"},
    Order.SUSPEND: {None: "suspended", "active": "suspended"},
    Order.RESUME: {None: "active", "suspended": "active"},
    Order.SPEED: _AS_IT_IS,
    Order.RENAME: _AS_IT_IS,
    Order.PASSWORD: _AS_IT_IS,
    Order.DEVICE: _AS_IT_IS,
    Order.PREPARE_MOVE: _AS_IT_IS,
    Order.MOVE: _AS_IT_IS,
    Order.CANCEL_MOVE: _AS_IT_IS,
    Order.REMOVE: {None: "removed", "prepared": "removed", "active": "removed", "suspended": "removed"},
}
"""A line's state after an order, by the order and the state before. None is a line that the system has no record of,
because it was on the network before us. Such a line can't be activated, since activation follows a preparation."""


class SimulatedProvisioning:
    """A system with its own file outside our database: the state of every line and the keys of orders carried out.

    The ledger beside the file has an entry for each order that was really carried out.
    """

    simulated = True

    SHARERS = 128
    """The most lines that one PON port can serve. Source: ITU-T G.984.1, a logical split of up to 1:128."""

    _TABLES = (
        "line (id INTEGER PRIMARY KEY, state TEXT, number TEXT, olt TEXT, port TEXT, speed INTEGER)",
        "carried_out (key TEXT PRIMARY KEY)",
        "terminal (line INTEGER PRIMARY KEY, serial TEXT)",
        "moving (line INTEGER PRIMARY KEY, olt TEXT, port TEXT)",
    )

    def __init__(self, file: Path) -> None:
        self.file = file
        self.ledger = Ledger(file.with_suffix(".tsv"))
        make(file, *self._TABLES)

    def carry_out(self, orders: Sequence[LineOrder]) -> Mapping[str, str]:
        refused: dict[str, str] = {}
        done: list[LineOrder] = []
        with self._open() as system:
            system.execute("BEGIN IMMEDIATE")
            for order in orders:
                if system.execute("SELECT 1 FROM carried_out WHERE key = ?", (order.key,)).fetchone():
                    continue
                if wrong := self._carry_out(system, order):
                    refused[order.key] = wrong
                    continue
                system.execute("INSERT INTO carried_out VALUES (?)", (order.key,))
                done.append(order)
            system.execute("COMMIT")
        for order in done:
            self.ledger.write(order.order, [order.key])
        return refused

    def line(self, line: int) -> SimulatedLine | None:
        """Return the line with this id; None when the system has no record of it."""
        with self._open() as system:
            return _line(system, line)

    def ont(self, line: int) -> str | None:
        """Return the serial number of the ONT that is let onto this line; None when the system knows none."""
        with self._open() as system:
            found = system.execute("SELECT serial FROM terminal WHERE line = ?", (line,)).fetchone()
        return found[0] if found else None

    def _carry_out(self, system: sqlite3.Connection, order: LineOrder) -> str:
        """Carry the order out and return an empty string, or return why it is refused."""
        line = _line(system, order.line)
        state = line.state if line else None
        if state not in _AFTER.get(order.order, {}):
            return f"line-{state or 'unknown'}"
        if order.order in (Order.PREPARE, Order.PREPARE_MOVE) and (wrong := self._unpreparable(system, order)):
            return wrong
        if order.order == Order.DEVICE:
            if not order.serial:
                return "no-serial"
            system.execute("REPLACE INTO terminal VALUES (?, ?)", (order.line, order.serial))
        if order.order == Order.PREPARE_MOVE:
            system.execute("REPLACE INTO moving VALUES (?, ?, ?)", (order.line, order.olt, order.port))
            return ""
        if order.order in (Order.MOVE, Order.CANCEL_MOVE, Order.REMOVE):
            system.execute("DELETE FROM moving WHERE line = ?", (order.line,))
        after = _AFTER[order.order][state]
        if after is not None:
            known = (line.olt, line.port, line.speed) if line else (None, None, None)
            asked = (order.olt, order.port, order.speed)
            row = (order.line, after, order.number, *(new or old for new, old in zip(asked, known, strict=True)))
            system.execute("REPLACE INTO line VALUES (?, ?, ?, ?, ?, ?)", row)
        return ""

    def _unpreparable(self, system: sqlite3.Connection, order: LineOrder) -> str:
        if not order.olt or not order.port:
            return "no-resource"
        if not order.speed or order.speed <= 0:
            return "no-speed"
        sharing = "SELECT count(*) FROM line WHERE olt = ? AND port = ? AND state <> 'removed'"
        [sharers] = system.execute(sharing, (order.olt, order.port)).fetchone()
        coming = "SELECT count(*) FROM moving WHERE olt = ? AND port = ? AND line <> ?"
        sharers += system.execute(coming, (order.olt, order.port, order.line)).fetchone()[0]
        return "port-full" if sharers >= self.SHARERS else ""

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        return opened(self.file, *self._TABLES)


def _line(system: sqlite3.Connection, line: int) -> SimulatedLine | None:
    row = system.execute("SELECT state, number, olt, port, speed FROM line WHERE id = ?", (line,)).fetchone()
    return SimulatedLine(*row) if row else None

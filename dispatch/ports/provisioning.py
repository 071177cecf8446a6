"""Provisioning 服务开通: what the network department's system is told to do with a customer's line."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from dispatch.ports.ledger import Ledger


class Action(StrEnum):
    PREPARE = "prepare"  # 数据配置: port, speed and account name are set up, nothing runs yet
    ACTIVATE = "activate"  # 开通
    SUSPEND = "suspend"  # 停机
    RESUME = "resume"  # 开机
    SPEED = "speed"  # 调速
    RENAME = "rename"  # 改账号
    PASSWORD = "password"  # 密码已改: sessions begun with the old one end  # noqa: S105
    REMOVE = "remove"  # 拆除


@dataclass(frozen=True, slots=True)
class Order:
    """One action on one line. `key` is the sender's name for the order: a key that was carried out isn't again.

    `line` stays the same as long as the account lives, whatever the account's `number` is. `speed` is in Mbit/s.
    """

    key: str
    action: str
    line: int
    number: str
    olt: str | None = None
    port: str | None = None
    speed: int | None = None


class Provisioning(Protocol):
    def carry_out(self, orders: Sequence[Order]) -> Mapping[str, str]:
        """Hand in, in order. Why each refused order was refused, by its key: asking again without a change is in vain.
        An order that isn't in the answer is carried out. Raises OSError with the system out of reach."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as the simulated system keeps it. `state` is prepared, active, suspended or removed."""

    state: str
    number: str
    olt: str | None
    port: str | None
    speed: int | None


class SimulatedProvisioning:
    """A system with a file of its own, outside our database: every line's state, and the keys that it has carried out.

    What it never heard of was on the network before us: it counts as an active line, unless it is to be activated,
    which needs a preparation. The ledger beside the file has one line for each order that was really carried out.
    """

    SHARERS = 64
    """Lines that one PON port serves. Source: ITU-T G.984.1, a split of up to 1:64."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.ledger = Ledger(file.with_suffix(".tsv"))
        with closing(self._open()) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS line (id INTEGER PRIMARY KEY, state TEXT, number TEXT, olt TEXT,"
                " port TEXT, speed INTEGER)"
            )
            connection.execute("CREATE TABLE IF NOT EXISTS carried_out (key TEXT PRIMARY KEY)")

    def carry_out(self, orders: Sequence[Order]) -> Mapping[str, str]:
        refused: dict[str, str] = {}
        done = []
        with closing(self._open()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for order in orders:
                known = connection.execute("SELECT 1 FROM carried_out WHERE key = ?", (order.key,)).fetchone()
                if known:
                    continue
                wrong = self._act(connection, order)
                if wrong:
                    refused[order.key] = wrong
                    continue
                connection.execute("INSERT INTO carried_out VALUES (?)", (order.key,))
                done.append(order)
            connection.commit()
        for order in done:
            self.ledger.write(order.action, [order.key])
        return refused

    def line(self, number: int) -> Line | None:
        with closing(self._open()) as connection:
            return _line(connection, number)

    def _act(self, connection: sqlite3.Connection, order: Order) -> str | None:
        """Why not; None when it is done."""
        line = _line(connection, order.line)
        match order.action:
            case Action.PREPARE:
                wrong, state = self._unpreparable(connection, order, line), "prepared"
            case Action.ACTIVATE:
                wrong = None if line and line.state in ("prepared", "active") else "not-prepared"
                state = "active"
            case Action.SUSPEND:
                wrong, state = _unless(line, "active", "suspended"), "suspended"
            case Action.RESUME:
                wrong, state = _unless(line, "active", "suspended"), "active"
            case Action.SPEED | Action.RENAME | Action.PASSWORD:
                wrong, state = _unless(line, "prepared", "active", "suspended"), line.state if line else "active"
            case Action.REMOVE:
                wrong, state = None, "removed"
            case _:
                return "unknown-action"
        if wrong:
            return wrong
        now = Line(
            state,
            order.number,
            order.olt or (line.olt if line else None),
            order.port or (line.port if line else None),
            order.speed or (line.speed if line else None),
        )
        connection.execute(
            "REPLACE INTO line VALUES (?, ?, ?, ?, ?, ?)",
            (order.line, now.state, now.number, now.olt, now.port, now.speed),
        )
        return None

    def _unpreparable(self, connection: sqlite3.Connection, order: Order, line: Line | None) -> str | None:
        if line is not None and line.state != "removed":
            return "line-in-use"
        if not order.olt or not order.port:
            return "no-resource"
        if not order.speed or order.speed <= 0:
            return "no-speed"
        if _count(connection, "number = ?", order.number, order.line):
            return "number-in-use"
        if _count(connection, "olt = ? AND port = ?", order.olt, order.port, order.line) >= self.SHARERS:
            return "port-full"
        return None

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file, timeout=10, isolation_level=None)


def _line(connection: sqlite3.Connection, number: int) -> Line | None:
    row = connection.execute("SELECT state, number, olt, port, speed FROM line WHERE id = ?", (number,)).fetchone()
    return Line(*row) if row else None


def _count(connection: sqlite3.Connection, where: str, *values: object) -> int:
    """How many other lines are on the network and are such; the last value is the line that doesn't count."""
    query = f"SELECT count(*) FROM line WHERE {where} AND state <> 'removed' AND id <> ?"  # noqa: S608 — our own words
    return int(connection.execute(query, values).fetchone()[0])


def _unless(line: Line | None, *states: str) -> str | None:
    """A refusal unless the line, active where it is unknown, is in one of `states`."""
    state = line.state if line else "active"
    return None if state in states else f"line-{state}"

"""How a process learns that something was committed: PostgreSQL notifies, a SQLite file is asked for its version.

`DUE` wakes the relay. `BOARDS` says which teams' boards changed, and which tickets have come onto one, for whoever
waits for that. Both are hints: who misses one looks again by himself a little later.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from dispatch.storage.database import Database, Tx

DUE, BOARDS = "hop_due", "board"

_NOTIFY_EACH = "SELECT pg_notify(%s, payload) FROM unnest(CAST(%s AS text[])) AS payload"

MOST_NAMED = 500
"""Tickets in one notification; PostgreSQL's may have 8,000 bytes."""
POLL_SECONDS = 0.01
"""SQLite's `data_version` is a read of shared memory, cheap enough to ask a hundred times a second."""


def boards_changed(tx: Tx, teams: Collection[str]) -> None:
    """These teams' boards show something else, once this commits."""
    if teams and tx.dialect.name == "postgresql":
        tx.exec_driver_sql(_NOTIFY_EACH, (BOARDS, list(set(teams))))


def came_onto_board(tx: Tx, team: str, ticket_ids: Sequence[int]) -> None:
    """And these tickets are what is new on it."""
    boards_changed(tx, [" ".join([team, *map(str, ticket_ids[:MOST_NAMED])])])


class Wakeups:
    """One waiting connection, made when first needed, forgotten when the database was away."""

    def __init__(self, database: Database, channel: str = DUE, poll: float = POLL_SECONDS) -> None:
        self.database = database
        self.channel = channel
        self.poll = poll
        self._connection: Any = None
        self._seen: int | None = None

    def wait(self, seconds: float) -> frozenset[str] | None:
        """Until something was committed, at most `seconds`: the words of what the channel told, none when nothing was,
        None when it may be anything. A wake-up too many does no harm. Raises OperationalError."""
        if self._connection is None:
            self._connection = self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self.database.kind == "postgresql":
                self._connection.execute(text(f"LISTEN {self.channel}"))
            return None  # what was committed before isn't known
        if self.database.kind == "postgresql":
            driver = self._connection.connection.driver_connection
            try:
                told = list(driver.notifies(timeout=seconds, stop_after=1))
            except self.database.engine.dialect.loaded_dbapi.Error as gone:  # the driver's own, for it was asked itself
                raise OperationalError("LISTEN", None, gone) from gone
            return frozenset(word for each in told for word in each.payload.split())
        deadline = time.monotonic() + seconds
        while (version := self._version()) == self._seen and time.monotonic() < deadline:
            time.sleep(self.poll)
        changed = version != self._seen
        self._seen = version
        return None if changed else frozenset()

    def forget(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _version(self) -> int:
        cursor = self._connection.connection.cursor()
        try:
            return int(cursor.execute("PRAGMA data_version").fetchone()[0])
        finally:
            cursor.close()

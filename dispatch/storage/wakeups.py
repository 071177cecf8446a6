"""Notices of commits for other processes: by LISTEN and NOTIFY on PostgreSQL, by polling `data_version` on SQLite.

`DUE` wakes the relay. `BOARDS` says which teams' boards changed, and which tickets came onto one. Both are hints: a
process that misses one polls again a little later.
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
"""Tickets in one notification. PostgreSQL's payload may have 8,000 bytes."""
POLL_SECONDS = 0.01
"""SQLite reads `data_version` from shared memory, which is cheap enough a hundred times a second."""


def boards_changed(tx: Tx, teams: Collection[str]) -> None:
    """Announce, when this transaction commits, that these teams' boards changed."""
    if teams and tx.dialect.name == "postgresql":
        tx.exec_driver_sql(_NOTIFY_EACH, (BOARDS, list(set(teams))))


def came_onto_board(tx: Tx, team: str, ticket_ids: Sequence[int]) -> None:
    """Announce, when this transaction commits, that these tickets came onto the team's board."""
    boards_changed(tx, [" ".join([team, *map(str, ticket_ids[:MOST_NAMED])])])


class Wakeups:
    """One connection that waits for commits. It is opened when first needed, and dropped when the database was away."""

    def __init__(self, database: Database, channel: str = DUE, poll: float = POLL_SECONDS) -> None:
        self.database = database
        self.channel = channel
        self.poll = poll
        self._connection: Any = None
        self._seen: int | None = None

    def wait(self, seconds: float) -> frozenset[str] | None:
        """Wait at most `seconds` for a commit.

        Returns the words of the channel's notification, an empty set after a timeout, or None when anything may have
        changed. Spurious wake-ups do no harm. Raises OperationalError.
        """
        if self._connection is None:
            self._connection = self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self.database.kind == "postgresql":
                self._connection.execute(text(f"LISTEN {self.channel}"))
            return None  # earlier commits are unknown
        if self.database.kind == "postgresql":
            driver = self._connection.connection.driver_connection
            try:
                told = list(driver.notifies(timeout=seconds, stop_after=1))
            except self.database.engine.dialect.loaded_dbapi.Error as gone:  # the driver's own error
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

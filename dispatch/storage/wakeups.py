"""How the relay learns that something is due: PostgreSQL notifies, a SQLite file is asked for its version."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import text

from dispatch.storage.database import Database

POLL_SECONDS = 0.01
"""SQLite's `data_version` is a read of shared memory, cheap enough to ask a hundred times a second."""


class Wakeups:
    """One waiting connection, made when first needed, forgotten when the database was away."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._connection: Any = None
        self._seen: int | None = None

    def wait(self, seconds: float) -> None:
        """Until something was committed that may be due, at most `seconds`. A wake-up too many does no harm."""
        if self._connection is None:
            self._connection = self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self.database.kind == "postgresql":
                self._connection.execute(text("LISTEN hop_due"))
        if self.database.kind == "postgresql":
            driver = self._connection.connection.driver_connection
            for _ in driver.notifies(timeout=seconds, stop_after=1):
                return
            return
        deadline = time.monotonic() + seconds
        while (version := self._version()) == self._seen and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        self._seen = version

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

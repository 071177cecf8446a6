"""The file of a simulated system outside, which is out of reach while the file can't be used."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

WAIT_SECONDS = 10


@contextmanager
def opened(file: Path, *tables: str, wait: float = WAIT_SECONDS) -> Iterator[sqlite3.Connection]:
    """Open the file in autocommit mode, with these tables, each given as in CREATE TABLE. It waits `wait` seconds for
    another process that writes.

    Raises OSError when the file can't be used, its disk is full, say: the system outside is out of reach.
    """
    try:
        with closing(sqlite3.connect(file, timeout=wait, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            for table in tables:
                connection.execute(f"CREATE TABLE IF NOT EXISTS {table}")
            yield connection
    except sqlite3.DatabaseError as wrong:
        raise OSError(f"{file}: {wrong}") from wrong


def make(file: Path, *tables: str) -> None:
    """Make the file now if that is possible, else `opened` will: who only names the system, as a relay does, starts on
    a full disk too."""
    with suppress(OSError), opened(file, *tables):
        pass

"""The queue of SQLite's writers: a file lock that is waited for with an end, decision 0004.

The kernel wakes the next writer at once and in order, while SQLite's own lock makes it sleep and ask again. The file
lock ends with its process; SQLite's lock still decides.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy.exc import OperationalError


class WritersQueue:
    """One process's place in the queue; its threads take turns there.

    `flock` has no time limit. So, when the lock isn't free, a thread of our own waits for it; a writer whose patience
    ends leaves that thread in the queue for the next writer, so that there is never more than one.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._threads = threading.Lock()
        self._changed = threading.Condition()
        self._wanted = False
        self._is_asking = False
        self._held: IO[str] | None = None

    @contextmanager
    def turn(self, patience: float) -> Iterator[None]:
        """Hold the lock. Raises OperationalError, as SQLite does, when it didn't come in `patience` seconds."""
        ends = time.monotonic() + patience
        if not self._threads.acquire(timeout=max(0, patience)):
            raise _locked()
        try:
            with self._take(ends):
                yield
        finally:
            self._threads.release()

    def _take(self, ends: float) -> IO[str]:
        """Return the file, locked; closing it ends the turn."""
        with self._changed:
            if not self._is_asking:
                file = self.file.open("a")
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self._is_asking = True
                    threading.Thread(target=self._ask, args=(file,), daemon=True, name="queueing").start()
                else:
                    return file
            self._wanted = True
            self._changed.wait_for(lambda: self._held is not None, max(0.0, ends - time.monotonic()))
            self._wanted, held, self._held = False, self._held, None
        if held is None:
            raise _locked()
        return held

    def _ask(self, file: IO[str]) -> None:
        """Wait for the lock, and hand it to the writer that wants it, if any still does."""
        fcntl.flock(file, fcntl.LOCK_EX)
        with self._changed:
            self._is_asking = False
            if self._wanted:
                self._held = file
                self._changed.notify()
            else:
                file.close()


def _locked() -> OperationalError:
    held = sqlite3.OperationalError("database is locked: the queue of writers doesn't move")
    held.sqlite_errorcode, held.sqlite_errorname = sqlite3.SQLITE_BUSY, "SQLITE_BUSY"
    return OperationalError("BEGIN IMMEDIATE", None, held)

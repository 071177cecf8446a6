"""An operator's file in a running process: what it says while it is good, else what it said when it last was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from dispatch.errors import BadRules
from dispatch.runtime.logs import Log

T = TypeVar("T")

log = Log()


class FileInForce(Generic[T]):
    """A file that is read again only when it, or what else its meaning depends on, has changed."""

    def __init__(self, file: Path, when_refused: str) -> None:
        """`when_refused` is what the log says of a bad file."""
        self.file = file
        self.refused: BadRules | None = None  # why the file as it stands isn't in force; None: it is
        self._when_refused = when_refused
        self._read_at: tuple[object, ...] | None = None  # the file's stamp; None: never read
        self._content: T | None = None

    def _current(self, read: Callable[[], T], depends_on: object = None) -> T | None:
        """What is in force; None when there was never a good file. `read` raises BadRules for a bad one."""
        stamp = (depends_on, self._stamp())
        if stamp != self._read_at:
            self.refused = None
            try:
                self._content = read()
            except BadRules as refused:
                self.refused = refused
                log.error(self._when_refused, faults=len(refused.lines))
            self._read_at = stamp
        return self._content

    def _required(self, read: Callable[[], T], depends_on: object = None) -> T:
        """As `_current`. Raises BadRules when there was never a good file."""
        content = self._current(read, depends_on)
        if content is None:
            assert self.refused is not None, "a file without content was refused"
            raise self.refused.with_traceback(None)
        return content

    def _stamp(self) -> tuple[int, int] | None:
        with contextlib.suppress(OSError):
            stat = self.file.stat()
            return stat.st_mtime_ns, stat.st_size
        return None

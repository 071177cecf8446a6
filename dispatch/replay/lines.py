"""A file, plain or gzipped, as numbered lines of text; how far the file is read; what is wrong with it as a file."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from dispatch.errors import BadReplayFile
from dispatch.routing.faults import Faults
from dispatch.routing.strict_yaml import Fault

MOST_FAULTS = 20
"""Faults listed at once; reading stops there."""

LONGEST_LINE = 1 << 20
"""Bytes. A longer line is no row of a log, and reading it whole could take all the memory there is."""

_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_STEP = 2_000  # lines between two calls of `progress`

Progress = Callable[[int], None]


class LogFaults(Faults):
    """The faults of a log; reading stops when there are MOST_FAULTS of them."""

    def __init__(self, file: str) -> None:
        super().__init__(file, BadReplayFile, MOST_FAULTS)

    def fault(self, line: int, message: str) -> None:
        """Keep the fault. Raises BadReplayFile when the list is full."""
        self.add(Fault(line, 0, message))
        if self.full:
            self.raise_any()


def lines(file: Path, faults: LogFaults, progress: Progress | None = None) -> Iterator[str]:
    """The lines of `file`, each with its end, decoded as UTF-8. `progress` is told the bytes read so far, as stored.

    A line of another encoding is a fault and comes with its bad bytes replaced. Raises BadReplayFile where reading
    can't go on: the file isn't there, is empty, or is a broken gzip.
    """
    number = 0
    try:
        with file.open("rb") as raw, _opened(raw, file) as content:
            while line := content.readline(LONGEST_LINE):
                number += 1
                yield _decoded(line, number, faults)
                if progress and number % _STEP == 0:
                    progress(raw.tell())
            if progress:
                progress(raw.tell())
    except EOFError:
        _stop(faults, number + 1, "the gzip ends in the middle: fetch the file again")
    except (gzip.BadGzipFile, zlib.error) as wrong:
        _stop(faults, number + 1, f"the gzip is broken ({wrong}): fetch the file again")
    except OSError as wrong:
        _stop(faults, number + 1, f"can't be read ({wrong.strerror or wrong}): check the path and its permissions")
    if number == 0:
        _stop(faults, 1, "the file is empty: it needs a header and at least one row")


def _opened(raw: BinaryIO, file: Path) -> BinaryIO:
    head = raw.read(2)
    raw.seek(0)
    if head == _GZIP or (head and file.suffix == ".gz"):
        return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]  # reads like any binary file
    return raw


def _decoded(line: bytes, number: int, faults: LogFaults) -> str:
    if len(line) >= LONGEST_LINE:
        _stop(faults, number, f"the line is longer than {LONGEST_LINE} bytes: this is no log of incidents")
    if number == 1 and line.startswith(_UTF_16):
        _stop(faults, 1, "the file is UTF-16: save it as UTF-8")
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as wrong:
        faults.fault(number, f"byte {wrong.start + 1} (0x{line[wrong.start]:02x}) is not UTF-8: save the file as UTF-8")
        return line.decode("utf-8", errors="replace")


def _stop(faults: LogFaults, line: int, message: str) -> None:
    faults.fault(line, message)
    faults.raise_any()

"""Lines of a file, plain or gzipped, with a report of progress and the faults of the file itself."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from dispatch.domain.system_faults import system_fault
from dispatch.domain.title import Wording
from dispatch.errors import BadReplayFile
from dispatch.routing.faults import Fault, Faults

MOST_FAULTS = 20
"""The most faults that are listed; reading stops there."""

LONGEST_LINE = 1 << 20
"""Bytes. A longer line is no row of a log, and reading it whole could take all memory."""

_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_STEP = 2_000  # lines between two calls of `progress`

Progress = Callable[[int], None]


class LogFaults(Faults):
    """The faults of a log; reading stops when there are MOST_FAULTS of them."""

    def __init__(self, file: str) -> None:
        super().__init__(file, BadReplayFile, MOST_FAULTS)

    def fault(self, line: int, message: Wording) -> None:
        """Keep the fault. Raises BadReplayFile when the list is full."""
        self.add(Fault(line, 0, message))
        if self.full:
            self.raise_any()


def lines(file: Path, faults: LogFaults, progress: Progress | None = None) -> Iterator[str]:
    """Yield the lines of `file`, each with its line end, decoded as UTF-8.

    `progress` is called with the bytes read so far of the file as stored. A line in another encoding is a fault and is
    yielded with its bad bytes replaced. Raises BadReplayFile when the file is missing, empty, or a broken gzip.
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
        _stop(
            faults,
            number + 1,
            Wording("gzip 不完整：请重新取文件", "the gzip ends in the middle: fetch the file again"),
        )
    except (gzip.BadGzipFile, zlib.error) as wrong:
        broken = Wording(f"gzip 已损坏（{wrong}）：请重新取文件", f"the gzip is broken ({wrong}): fetch the file again")
        _stop(faults, number + 1, broken)
    except OSError as wrong:
        why = system_fault(wrong)
        unread = Wording(
            f"无法读取（{why.zh}）：请检查路径和权限", f"can't be read ({why.en}): check the path and its permissions"
        )
        _stop(faults, number + 1, unread)
    if number == 0:
        _stop(
            faults,
            1,
            Wording("文件是空的：须有表头和至少一行", "the file is empty: it needs a header and at least one row"),
        )


def _opened(raw: BinaryIO, file: Path) -> BinaryIO:
    head = raw.read(2)
    raw.seek(0)
    if head == _GZIP or (head and file.suffix == ".gz"):
        return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]  # reads like any binary file
    return raw


def _decoded(line: bytes, number: int, faults: LogFaults) -> str:
    if len(line) >= LONGEST_LINE:
        too_long = Wording(
            f"本行超过 {LONGEST_LINE} 字节：这不是故障日志",
            f"the line is longer than {LONGEST_LINE} bytes: this is no log of incidents",
        )
        _stop(faults, number, too_long)
    if number == 1 and line.startswith(_UTF_16):
        _stop(faults, 1, Wording("文件是 UTF-16：请另存为 UTF-8", "the file is UTF-16: save it as UTF-8"))
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as wrong:
        byte = f"{wrong.start + 1} (0x{line[wrong.start]:02x})"
        message = Wording(
            f"第 {byte} 字节不是 UTF-8：请把文件另存为 UTF-8", f"byte {byte} is not UTF-8: save the file as UTF-8"
        )
        faults.fault(number, message)
        return line.decode("utf-8", errors="replace")


def _stop(faults: LogFaults, line: int, message: Wording) -> None:
    faults.fault(line, message)
    faults.raise_any()

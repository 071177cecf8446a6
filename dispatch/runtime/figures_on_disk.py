"""Prometheus's shared figures on a disk that may be full.

prometheus_client maps sparse files into memory. Where the disk is full, the kernel answers the first write to such a
page with SIGBUS, which ends the process. Here every file is written whole before it is mapped, which allocates its
blocks. Without room the figures stay in this process's memory, and go into the file once there is room.
"""

from __future__ import annotations

import mmap
import struct
import time
from contextlib import suppress
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

from dispatch.domain.system_faults import system_fault
from dispatch.runtime.logs import Log

FIRST_BYTES = 1 << 16
"""Size of a new file. It holds some hundred figures, and doubles when it is full."""
RETRY_SECONDS = 10.0
"""Between two tries to get the figures from memory onto the disk."""

_HEAD = 8  # bytes: how many are used as an int of the machine, then padding. Source: prometheus_client.mmap_dict
_FIGURE = 32  # bytes at most that a figure takes beside its key

log = Log()


class AllocatedDict(MmapedDict):
    """The figures of one file, which one process writes and every process reads."""

    def __init__(self, filename: str) -> None:
        self._fname = filename
        self.is_on_disk = False
        self._told = False
        self._try_again_at = 0.0
        there = b""
        with suppress(OSError):
            there = Path(filename).read_bytes()  # of an earlier process with this id
        self._capacity = max(FIRST_BYTES, len(there))
        self._m = _in_memory(there, self._capacity)
        self._used = struct.unpack_from("i", self._m)[0]
        self._positions: dict[str, int] = {}
        if self._used:
            self._positions.update({key: place for key, _, _, place in self._read_all_values()})  # type: ignore[no-untyped-call]
        else:
            self._used = _HEAD
            struct.pack_into("i", self._m, 0, _HEAD)
        self._move(self._capacity)

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        if not self.is_on_disk and time.monotonic() >= self._try_again_at:
            self._move(self._capacity)
        super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        self._m.close()  # once more is no fault

    def _init_value(self, key: str) -> None:
        capacity = self._capacity
        while self._used + len(key.encode()) + _FIGURE > capacity:
            capacity *= 2
        if capacity > self._capacity:
            self._move(capacity)
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _move(self, capacity: int) -> None:
        """Move the figures into a new file of so many bytes, or into memory where there is no room for one."""
        content = bytes(self._m)
        try:
            mapped, on_disk = _on_disk(Path(self._fname), content, capacity), True
        except OSError as wrong:
            mapped, on_disk = _in_memory(content, capacity), False
            self._try_again_at = time.monotonic() + RETRY_SECONDS
            if not self._told:
                self._told = True
                log.warning("figures can't be written, kept in memory", why=system_fault(wrong).en, file=self._fname)
        else:
            if self._told:
                self._told = False
                log.info("figures are written again", file=self._fname)
        self.close()
        self._m, self._capacity, self.is_on_disk = mapped, capacity, on_disk


def _in_memory(content: bytes, capacity: int) -> mmap.mmap:
    made = mmap.mmap(-1, capacity)
    made[: len(content)] = content
    return made


def _on_disk(file: Path, content: bytes, capacity: int) -> mmap.mmap:
    """Put a whole new file into the place of the old one, and map it. Raises OSError, and then leaves the old one."""
    part = file.with_suffix(f"{file.suffix}.part")  # readers take *.db only
    try:
        part.write_bytes(content.ljust(capacity, b"\0"))
        with part.open("r+b") as opened:
            mapped = mmap.mmap(opened.fileno(), capacity)
        part.replace(file)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    return mapped


# before a figure is made; prometheus_client has no other way
values.MmapedDict = AllocatedDict  # type: ignore[assignment, attr-defined]

"""Tools for supervised child processes: die with the parent, lock a file, report readiness, measure memory."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from dispatch.domain.system_faults import at_file, system_fault
from dispatch.runtime.logs import Log

log = Log()

_PR_SET_PDEATHSIG = 1  # Source: prctl(2)


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies, however it dies. Linux only; elsewhere a no-op."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class FileHeld(Exception):
    """Another process holds the file lock; `pid` is the id that it wrote into the file, `?` when it wrote none yet."""

    def __init__(self, pid: str) -> None:
        super().__init__(pid)
        self.pid = pid


def hold(file: Path) -> IO[str]:
    """Take an exclusive lock on the file and return the open file. Raises FileHeld, and OSError on a full disk.

    The lock ends when the file is closed or this process dies, however it dies.
    """
    lock = file.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with lock:
            pid = _holder(lock)
        raise FileHeld(pid) from None
    try:
        lock.truncate(0)
        os.write(lock.fileno(), str(os.getpid()).encode())
    except OSError as wrong:
        lock.close()
        raise at_file(wrong, file) from None
    return lock


def _holder(lock: IO[str]) -> str:
    """The process id in the file; its holder may have taken the lock a moment ago and be about to write it."""
    for _ in range(20):
        lock.seek(0)
        if pid := lock.read().strip():
            return pid
        time.sleep(0.05)
    return "?"


def mark_ready(run: Path, name: str) -> None:
    """Write this process's id to `NAME.ready` in the folder `run`, where the supervisor waits for it.

    On a full disk the process works without: its successor, or its own next start, writes the mark.
    """
    part = run / f".{name}.{os.getpid()}"
    try:
        run.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.write_text(f"{os.getpid()}\n")
        part.rename(run / f"{name}.ready")
    except OSError as wrong:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        log.warning("not marked as ready", name=name, why=system_fault(wrong).en)


def peak_memory(parents: list[int]) -> dict[int, int]:
    """Return the peak resident memory, in bytes, of these processes and of their present children, by process id.

    Linux only (`/proc`); empty elsewhere. Source: proc(5), VmHWM.
    """
    peaks: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = dict(
                line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line
            )
        except OSError:
            continue  # the process has ended meanwhile
        pid = int(folder.name)
        if "VmHWM" in status and (pid in parents or int(status["PPid"]) in parents):
            peaks[pid] = int(status["VmHWM"].split()[0]) * 1024
    return peaks

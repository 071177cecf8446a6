"""The completion log of a peer's workers: a file of fixed-size records, one per hop.

It costs a peer two microseconds a hop, and its broker nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

from bench.load import HOPS

RECORD = struct.Struct("<dd?")  # when the hop ended, after how many seconds, whether its life is over

FILE = Path(os.environ.get("BENCH_FOLDER", "."), "ended-hops")
_descriptors: dict[int, int] = {}


def end_hop(number: int, began: float) -> float:
    """Record the end of hop `number` (from 0), begun at `began`; return the time, at which the next hop begins."""
    now = time.time()
    descriptor = _descriptors.get(os.getpid())
    if descriptor is None:
        descriptor = _descriptors[os.getpid()] = os.open(FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, RECORD.pack(now, now - began, number == HOPS - 1))
    return now


class Peer:
    """A contender whose workers record their ended hops. `commands` start them; `ready` waits until they answer."""

    def __init__(self, commands: list[list[str]]) -> None:
        self.commands = commands
        self.workers: list[subprocess.Popen[bytes]] = []
        self._records: list[tuple[float, float, bool]] = []
        self._read = self._submitted = self._ended = 0

    def start(self) -> None:
        FILE.touch()
        with (FILE.parent / "workers.log").open("wb") as log:
            for command in self.commands:
                started = [sys.executable, "-m", *command]
                self.workers.append(subprocess.Popen(started, stdout=log, stderr=log, start_new_session=True))
        self.submit(1)  # the first life is over: every process is up and connected
        deadline = time.time() + 30
        while self.under_way():
            if time.time() > deadline:
                raise TimeoutError((FILE.parent / "workers.log").read_text()[-2000:])
            time.sleep(0.05)

    def submit(self, lives: int) -> None:
        for _ in range(lives):
            self.begin(time.time())
        self._submitted += lives

    def begin(self, now: float) -> None:
        """Send one life on its way."""
        raise NotImplementedError

    def under_way(self) -> int:
        with FILE.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        whole = len(data) // RECORD.size * RECORD.size
        found = list(RECORD.iter_unpack(data[:whole]))
        self._read += whole
        self._records += found
        self._ended += sum(last for _, _, last in found)
        return self._submitted - self._ended

    def hops(self, since: float, until: float) -> list[float]:
        self.under_way()
        return [latency for ended, latency, _ in self._records if since <= ended < until]

    def check(self) -> None:
        if len(self._records) != HOPS * self._submitted:
            raise AssertionError(f"{len(self._records)} hops for {self._submitted} lives")

    def stop(self) -> None:
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)  # with its children; work in flight no longer counts
        for worker in self.workers:
            worker.wait()

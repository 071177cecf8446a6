"""The load on a contender, the same for all: so many lives in flight, so many a second, or one at a time.

A life is seven hops. A hop counts when its act is done: for a peer when the task's body has run, for ours when its end
is committed. A hop's latency runs from the end of the hop before it (for the first, from the report) to its own end.
This module uses the standard library only, because the contenders live in two virtual environments.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any, Protocol

HOPS = 7
TICK = 0.02
"""Seconds between two counts of the lives in flight."""
REFILL = 0.1
"""The same at full load, where a count covers thousands of lives and the contender keeps all processors busy."""
DRAIN_SECONDS = 60


class Contender(Protocol):
    """A way of moving tickets. Times are those of `time.time`."""

    def start(self) -> None: ...
    def submit(self, lives: int) -> None: ...
    def under_way(self) -> int: ...
    def hops(self, since: float, until: float) -> list[float]:
        """The latencies, in seconds, of the hops that ended in this span."""
        ...

    def check(self) -> None:
        """Raises when the work done isn't the work requested."""
        ...

    def stop(self) -> None: ...


def serve(contender: Contender) -> None:
    """Obey standard input: `full SECONDS IN_FLIGHT`, `paced SECONDS LIVES_PER_SECOND`, `single SECONDS`, …"""
    servers = [int(pid) for pid in os.environ.get("BENCH_SERVERS", "").split()]
    contender.start()
    try:
        print("ready", flush=True)
        for line in sys.stdin:
            act, seconds, *rest = line.split()
            measured = _ACTS[act](contender, servers, float(seconds), *map(float, rest))
            print(json.dumps(measured), flush=True)
    finally:
        contender.stop()


def full(contender: Contender, servers: Sequence[int], seconds: float, in_flight: float) -> dict[str, Any]:
    """Keep this many lives in flight. They are still in flight at the end, so this act must be the last."""

    def top_up() -> None:
        missing = int(in_flight) - contender.under_way()
        if missing > 0:
            contender.submit(missing)

    _keep_up(top_up, seconds / 2, REFILL)  # until the batches have reached their size
    return _measured(contender, servers, seconds, top_up, REFILL)


def paced(contender: Contender, servers: Sequence[int], seconds: float, rate: float) -> dict[str, Any]:
    """Start this many lives a second, evenly; then wait until all are over."""
    begun, submitted = time.time(), 0

    def submit_due() -> None:
        nonlocal submitted
        due = int((time.time() - begun) * rate) - submitted
        if due > 0:
            contender.submit(due)
            submitted += due

    return _steady(contender, servers, seconds, submit_due)


def single(contender: Contender, servers: Sequence[int], seconds: float) -> dict[str, Any]:
    """Start one life after the other."""

    def one() -> None:
        if contender.under_way() == 0:
            contender.submit(1)

    return _steady(contender, servers, seconds, one)


def _steady(contender: Contender, servers: Sequence[int], seconds: float, keep: Callable[[], None]) -> dict[str, Any]:
    """Measure once the load is under way; check at the end that every life is whole."""
    _keep_up(keep, seconds / 4)
    measured = _measured(contender, servers, seconds, keep)
    _drain(contender)
    contender.check()
    return measured


def drain(contender: Contender, _servers: Sequence[int], seconds: float) -> dict[str, Any]:
    """Wait until all lives are over. Raises TimeoutError."""
    _drain(contender, seconds)
    return {}


_ACTS: dict[str, Callable[..., dict[str, Any]]] = {"full": full, "paced": paced, "single": single, "drain": drain}


def _keep_up(act: Any, seconds: float, tick: float = TICK) -> None:
    until = time.time() + seconds
    while (now := time.time()) < until:
        act()
        time.sleep(max(0.0, min(tick, now + tick - time.time())))


def _measured(
    contender: Contender, servers: Sequence[int], seconds: float, act: Any, tick: float = TICK
) -> dict[str, Any]:
    before, since = processor_seconds(processes(servers)), time.time()
    _keep_up(act, seconds, tick)
    until, after = time.time(), processor_seconds(processes(servers))
    memory = sum(memory_bytes(pid) for pid in processes(servers))
    found = contender.hops(since, until)
    spent: dict[str, float] = {}
    for pid, seconds in after.items():
        part = _part(pid)
        spent[part] = spent.get(part, 0.0) + seconds - before.get(pid, 0.0)
    return {
        "seconds": until - since,
        "hops": len(found),
        "processor": sum(spent.values()),
        "parts": spent,
        "memory": memory,
        "latency": _spread(found),
    }


def _spread(latencies: list[float]) -> dict[str, float]:
    """Return p50 and p99 in milliseconds."""
    if len(latencies) < 2:
        return {}
    cuts = quantiles(latencies, n=100, method="inclusive")
    return {"p50": cuts[49] * 1000, "p99": cuts[98] * 1000}


def _drain(contender: Contender, seconds: float = DRAIN_SECONDS) -> None:
    deadline = time.time() + seconds
    while contender.under_way():
        if time.time() > deadline:
            raise TimeoutError(f"{contender.under_way()} lives don't end")
        time.sleep(TICK)


def _part(pid: int) -> str:
    """Return the role of one of the contender's processes."""
    words = _words(pid)
    if pid == os.getpid():
        return "who reports"
    if "postgres" in words:
        return "database"
    if "valkey" in words:
        return "broker"
    if "celery" not in words:
        return "relay"
    return (
        "workers' hops" if words == _words(_parent(pid)) else "workers' Celery"
    )  # a pool process is a fork of its worker


def _words(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""  # gone in the meantime


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def processes(servers: Iterable[int]) -> set[int]:
    """Return this process, its descendants, the servers and theirs."""
    parents = {int(folder.name): _parent(int(folder.name)) for folder in Path("/proc").glob("[0-9]*")}
    found, more = set(), {os.getpid(), *servers}
    while more:
        found |= more
        more = {pid for pid, parent in parents.items() if parent in more} - found
    return found


def processor_seconds(pids: Iterable[int], *, ended: bool = False) -> dict[int, float]:
    """Return each process's user and system time so far. `ended`: also that of its children that have ended.
    Source: proc(5), fields 14 to 17 of `stat`."""
    tick, last, spent = os.sysconf("SC_CLK_TCK"), 15 if ended else 13, {}
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        spent[pid] = sum(map(int, fields[11:last])) / tick
    return spent


def memory_bytes(pid: int) -> int:
    """The process's own memory and its share of what it shares (Pss). Source: proc(5)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)

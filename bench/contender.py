"""One contender of `bench.comparison` and the results of its runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass
class Contender:
    name: str
    title: str
    command: list[str]
    database: bool = False
    full: list[dict[str, Any]] = field(default_factory=list)
    half: list[dict[str, Any]] = field(default_factory=list)
    single: list[dict[str, Any]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Hops a second."""
        return float(median(run["hops"] / run["seconds"] for run in self.full))

    @property
    def processor(self) -> float:
        """Processor seconds per 1,000 hops."""
        return float(median(run["processor"] / run["hops"] * 1000 for run in self.full))

    def parts(self, of: str) -> dict[str, float]:
        """Processor microseconds of a hop by the role of the process, in the runs `full`, `half`, `single`."""
        runs = getattr(self, of)
        names = sorted({name for run in runs for name in run["parts"]})
        return {name: median(run["parts"].get(name, 0.0) / run["hops"] * 1e6 for run in runs) for name in names}

    @property
    def memory(self) -> float:
        """Megabytes."""
        return float(max(run["memory"] for run in self.full)) / 1e6

    def latency(self, of: str, part: str) -> float:
        """Milliseconds, `p50` or `p99`, in the runs at `half` load or `single`."""
        found = [run["latency"][part] for run in getattr(self, of) if run["latency"]]
        return median(found) if found else float("nan")

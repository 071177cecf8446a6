"""Prometheus counters and histograms of the work as it is done. `reports.gauges` has the figures of the database.

When PROMETHEUS_MULTIPROC_DIR names a folder, all processes that share it write their figures there, and each can show
the sum: a worker's work is done by its child processes, and under `dispatch up` one web shows the figures of all. The
folder must exist when a process starts. Labels are only the names of teams, steps and operations, never a ticket's
number or a path.
"""

from __future__ import annotations

import hmac
import os
from bisect import bisect_left
from collections import Counter as Counted
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from pydantic import SecretStr

from dispatch.runtime import figures_on_disk  # noqa: F401 — it keeps a full disk from ending the process

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4
SHARED = "PROMETHEUS_MULTIPROC_DIR"

SENT = Counter("paidan_sent", "Hops and effects sent to the broker, by team or receiver", ["to"])
RELAY_LAG = Histogram(
    "paidan_relay_lag_seconds",
    "Time from when a row was due until the relay marked it as sent",
    ["outbox"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
LEASES_EXPIRED = Counter(
    "paidan_leases_expired", "Sent hops and effects whose lease expired unanswered, by team or receiver", ["to"]
)
STALE = Counter(
    "paidan_stale_dropped", "Hops and effects dropped from messages as stale: their row had moved on", ["outbox"]
)
FAILURES = Counter("paidan_failures", "Failures of a step for one hop or effect", ["step"])
QUARANTINED = Counter("paidan_quarantined", "Hops and effects that went into the quarantine", ["step"])
OUT_OF_REACH = Counter("paidan_out_of_reach", "Times that a step's outside system was out of reach", ["step"])
HOP = Histogram(
    "paidan_hop_seconds",
    "Time from the creation of a hop until the end of this step of its team's automatic stretch",
    ["step"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
)
API = Histogram(
    "paidan_api_seconds",
    "Duration of a request, by operation and status class",
    ["operation", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
CONNECTIONS_CLOSED = Counter(
    "paidan_connections_closed",
    "Visitors' connections that were closed, and requests refused for them, by reason",
    ["reason"],
)


def begin_connections(reasons: Iterable[str]) -> None:
    """Show each of these reasons with 0 from the start."""
    for reason in reasons:
        CONNECTIONS_CLOSED.labels(reason)


def begin(steps: Iterable[str], receivers: Iterable[str]) -> None:
    """Show the counters of these steps and receivers with 0 from the start: Prometheus sees no increase in a counter
    that begins with 1."""
    for step in steps:
        for counter in (FAILURES, QUARANTINED, OUT_OF_REACH):
            counter.labels(step)
    for receiver in receivers:
        for counter in (SENT, LEASES_EXPIRED):
            counter.labels(receiver)
    for outbox in ("hops", "effects"):
        STALE.labels(outbox)
        RELAY_LAG.labels(outbox)


def observe_all(histogram: Histogram, seconds: Sequence[float]) -> None:
    """Observe many durations at once: single calls take 20 µs each, a tenth of a hop's whole cost.

    prometheus_client has no such call, so this uses its private fields; a test compares the result with `observe`.
    """
    places = Counted(bisect_left(histogram._upper_bounds, each) for each in seconds)
    histogram._sum.inc(sum(seconds))
    for place, count in places.items():
        histogram._buckets[place].inc(count)


def exposition(*more: Collector) -> bytes:
    """Return the figures of all processes of this home and of the collectors `more`, in Prometheus's text format."""
    shown = CollectorRegistry()
    shown.register(_Measured())
    if SHARED in os.environ:
        MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
    for collector in more:
        shown.register(collector)
    return generate_latest(shown)


class _Measured(Collector):
    """This process's own figures, without those that it shares: they come from the shared folder."""

    def collect(self) -> Iterator[Metric]:
        shared = SHARED in os.environ
        yield from (each for each in REGISTRY.collect() if not (shared and each.name.startswith("paidan_")))


def may_read(token: SecretStr | None, shown: str | None) -> bool:
    """Return whether this bearer token may read the metrics; without a token in the settings nobody may."""
    if token is None or shown is None:
        return False
    return hmac.compare_digest(token.get_secret_value().encode(), shown.encode())

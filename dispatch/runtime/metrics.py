"""What is counted and measured while it is done, for Prometheus. What the database can tell is told by `gauges`.

Where PROMETHEUS_MULTIPROC_DIR names a folder, all processes that share it write there, and any of them can show the sum
of it: a worker's work is done by its children, and `dispatch up` has one web for everything. The folder must be there
when a process starts. Names of teams, steps and operations are the only labels; no number of a ticket, and no path.
"""

from __future__ import annotations

import hmac
import os
from bisect import bisect_left
from collections import Counter as Counted
from collections.abc import Iterator, Sequence

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from pydantic import SecretStr

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4
SHARED = "PROMETHEUS_MULTIPROC_DIR"

SENT = Counter("paidan_sent", "Hops and effects that went to the broker, by team or receiver", ["to"])
RELAY_LAG = Histogram(
    "paidan_relay_lag_seconds",
    "From the time a row was due to the time the relay marked it as sent",
    ["outbox"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
LEASES_EXPIRED = Counter(
    "paidan_leases_expired", "Sendings that nobody acted upon within their lease, by team or receiver", ["to"]
)
STALE = Counter("paidan_stale_dropped", "Members of messages that were dropped: their row had gone on", ["outbox"])
FAILURES = Counter("paidan_failures", "Steps that failed over one hop or effect", ["step"])
QUARANTINED = Counter("paidan_quarantined", "Hops and effects that went into the quarantine", ["step"])
OUT_OF_REACH = Counter("paidan_out_of_reach", "Times that what a step asks outside was out of reach", ["step"])
HOP = Histogram(
    "paidan_hop_seconds",
    "From the making of a hop to the end of this step of its team's automatic stretch",
    ["step"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
)
API = Histogram(
    "paidan_api_seconds",
    "How long a request took, by operation and kind of status",
    ["operation", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def observe_all(histogram: Histogram, seconds: Sequence[float]) -> None:
    """Each of them, in one go: twenty microseconds a hop would be a tenth of what a hop costs.

    The library has no such call, so this knows its inside; a test compares it with its `observe`.
    """
    places = Counted(bisect_left(histogram._upper_bounds, each) for each in seconds)
    histogram._sum.inc(sum(seconds))
    for place, count in places.items():
        histogram._buckets[place].inc(count)


def exposition(*more: Collector) -> bytes:
    """Everything measured so far by the processes of this home, and what `more` finds out now."""
    shown = CollectorRegistry()
    shown.register(_Measured())
    if SHARED in os.environ:
        MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
    for collector in more:
        shown.register(collector)
    return generate_latest(shown)


class _Measured(Collector):
    """This process's own; not what it shares, for that comes from the folder."""

    def collect(self) -> Iterator[Metric]:
        shared = SHARED in os.environ
        yield from (each for each in REGISTRY.collect() if not (shared and each.name.startswith("paidan_")))


def may_read(token: SecretStr | None, shown: str | None) -> bool:
    """Whether one who shows this as bearer may read them: without a token in the settings nobody may."""
    if token is None or shown is None:
        return False
    return hmac.compare_digest(token.get_secret_value().encode(), shown.encode())

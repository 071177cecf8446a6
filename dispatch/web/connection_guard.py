"""The number of connections of a web process: who gives way when all are taken.

A client that opens connections and says nothing costs itself next to nothing, and the server a descriptor each. So the
one that has waited the longest gives way: who sends a request at once is let in. A connection that is at work, such as
a stream of events, is never closed for a newcomer; when all are at work, the newcomer's request is answered 503. One
address may have half of the connections. The trusted proxies speak for many, and may have all.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dispatch.access.request_origin import network
from dispatch.domain.trusted_proxies import TrustedProxies
from dispatch.runtime import descriptors, metrics
from dispatch.settings import Settings

log = structlog.get_logger()

TELL_SECONDS = 60
"""Closed connections are told in the log at most so often, with their numbers: a flood must not become one of lines."""


class ClosingReason(StrEnum):
    """Why a connection was closed or a request refused."""

    SLOW_HEAD = "slow-head"
    """A request's head wasn't whole in time."""
    SLOW_BODY = "slow-body"
    """A request's body came more slowly than the least rate."""
    SLOW_READER = "slow-reader"
    """The client took an answer more slowly than the least rate."""
    LONG_HEAD = "long-head"
    """A request's head was longer than is taken."""
    GAVE_WAY = "gave-way"
    """All connections were taken, and this one had waited the longest for a request."""
    FULL = "full"
    """All connections were at work: the request was refused."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What clients may take up. Times are seconds, rates bytes a second."""

    most: int
    """Connections at once."""
    head: float
    """From the opening of a connection, or the first byte of a further request, until its head is whole."""
    slowest: float
    """Least rate of a body that comes in, and of an answer that is taken, on an average over `window`."""
    window: float = 30.0
    idle: int = 5
    """Until a connection without a request is closed, and one whose request was answered before it was whole."""

    @classmethod
    def of(cls, settings: Settings) -> ConnectionLimits:
        """The settings' limits; fewer connections where the process may not have as many files open."""
        possible = descriptors.to_spare()
        if possible < settings.web_connections:
            log.warning("fewer connections than set", possible=possible, set=settings.web_connections)
        return cls(min(settings.web_connections, possible), settings.web_head_seconds, settings.web_slowest)


class Connection(Protocol):
    """What the guard does with a connection."""

    address: str

    def give_way(self) -> None:
        """Close this connection, which waits for a request."""

    def refuse_requests(self) -> None:
        """Answer 503 to whatever is asked."""

    def look(self, now: float) -> None:
        """Close this connection if its client is too slow. `now` is of the monotonic clock."""


class ConnectionGuard(Collector):
    """All connections of a process. Used in its event loop alone, except `collect`."""

    def __init__(self, limits: ConnectionLimits, proxies: TrustedProxies) -> None:
        self.limits, self.proxies = limits, proxies
        self._open: dict[Connection, str] = {}
        """Each with its network, by which an address's share is counted."""
        self._share: Counter[str] = Counter()
        self._waiting: dict[str, dict[Connection, None]] = {}
        """Those without a request under way, by network, in the order in which they came to wait."""
        self._queue: dict[Connection, None] = {}
        """The same, of all networks."""
        self._closed: Counter[ClosingReason] = Counter()
        self._told_at = -float(TELL_SECONDS)

    def admit(self, connection: Connection) -> None:
        """Take in a new connection, for which another may have to give way."""
        place = network(connection.address)
        self._open[connection] = place
        self._share[place] += 1
        oldest = None
        if len(self._open) > self.limits.most:
            oldest = next(iter(self._queue), None)
        elif self._share[place] > self.limits.most // 2 and connection.address not in self.proxies:
            oldest = next(iter(self._waiting.get(place, ())), None)
        else:
            self.waits(connection)
            return
        if oldest is None:
            self.note(ClosingReason.FULL)
            connection.refuse_requests()
        else:
            self.note(ClosingReason.GAVE_WAY)
            self.leave(oldest)
            oldest.give_way()
        self.waits(connection)

    def waits(self, connection: Connection) -> None:
        """This connection waits for a request now, the last of all."""
        if (place := self._open.get(connection)) is not None:
            self._queue[connection] = None
            self._waiting.setdefault(place, {})[connection] = None

    def works(self, connection: Connection) -> None:
        """This connection has a request under way now."""
        if connection in self._queue:
            del self._queue[connection]
            place = self._open[connection]
            del self._waiting[place][connection]
            if not self._waiting[place]:
                del self._waiting[place]

    def leave(self, connection: Connection) -> None:
        """This connection is closed, or will be at once."""
        self.works(connection)
        if (place := self._open.pop(connection, None)) is not None:
            self._share[place] -= 1
            if not self._share[place]:
                del self._share[place]

    def note(self, reason: ClosingReason) -> None:
        """Count a closed connection."""
        metrics.CONNECTIONS_CLOSED.labels(reason).inc()
        self._closed[reason] += 1

    def look(self) -> None:
        """Close the connections whose clients are too slow, and tell of all that were closed."""
        now = time.monotonic()
        for each in list(self._open):
            each.look(now)
        if self._closed and now - self._told_at >= TELL_SECONDS:
            log.warning("connections closed", **{reason.replace("-", "_"): n for reason, n in self._closed.items()})
            self._closed.clear()
            self._told_at = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        states = GaugeMetricFamily(
            "paidan_connections",
            "Connections of visitors to this web: at work, or waiting for a request",
            labels=["state"],
        )
        waiting = len(self._queue)
        states.add_metric(["waiting"], waiting)
        states.add_metric(["at work"], len(self._open) - waiting)
        most = GaugeMetricFamily("paidan_connections_most", "Connections that this web takes at once")
        most.add_metric([], self.limits.most)
        yield from (states, most)

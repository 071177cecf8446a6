"""kombu's Redis transports, with one client for all commands of a channel.

kombu makes a client for each command, three per message, and redis-py copies its table of 169 response callbacks for
each client. That was a fifth of the cost of publishing. Reusing a client is safe: it holds no connection, but takes one
from the connection pool for each command.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis


class _Keeping:
    """A channel that keeps its client until its connection pool is replaced."""

    _kept: Any = None

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        """Yield `client`, or the channel's own client."""
        channel: Any = self
        if client is None and (self._kept is None or self._kept.connection_pool is not channel.pool):
            self._kept = channel._create_client()
        yield client or self._kept


class ReusingChannel(_Keeping, redis.Channel):
    """A channel to a Redis server."""


class SentinelChannel(_Keeping, redis.SentinelChannel):
    """A channel to the master that the Sentinels name."""


class Transport(redis.Transport):
    """The transport for `redis://` and `rediss://`."""

    Channel = ReusingChannel


class SentinelTransport(redis.SentinelTransport):
    """The transport for `sentinel://`."""

    Channel = SentinelChannel


def use_transports() -> None:
    """Make every Redis and Sentinel URL of this process use these transports from now on.

    Naming them to Celery instead would put their names into the broker's URL, where Flower expects `redis`.
    """
    of_redis, of_sentinel = (f"{__name__}:{each.__name__}" for each in (Transport, SentinelTransport))
    TRANSPORT_ALIASES.update(redis=of_redis, rediss=of_redis, sentinel=of_sentinel)

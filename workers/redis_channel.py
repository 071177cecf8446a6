"""kombu's Redis transports, with one client for all commands of a channel.

kombu makes a client for each command, three for a message, and redis-py copies a table of 169 readers of answers for
each client: a fifth of what it costs to publish. A client holds no connection, it takes one from its pool each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis


class _Keeping:
    """A channel that makes its next client only when its pool is another one."""

    _kept: Any = None

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        """`client`, or the channel's own."""
        channel: Any = self
        if client is None and (self._kept is None or self._kept.connection_pool is not channel.pool):
            self._kept = channel._create_client()
        yield client or self._kept


class ReusingChannel(_Keeping, redis.Channel):
    """On Redis itself."""


class SentinelChannel(_Keeping, redis.SentinelChannel):
    """On the master that the Sentinels name."""


class Transport(redis.Transport):
    """For `redis://` and `rediss://`."""

    Channel = ReusingChannel


class SentinelTransport(redis.SentinelTransport):
    """For `sentinel://`."""

    Channel = SentinelChannel


def use() -> None:
    """By every URL of this process from now on. A transport that is named to Celery instead would stand in the broker's
    URL, where Flower looks for `redis`."""
    of_redis, of_sentinel = (f"{__name__}:{each.__name__}" for each in (Transport, SentinelTransport))
    TRANSPORT_ALIASES.update(redis=of_redis, rediss=of_redis, sentinel=of_sentinel)

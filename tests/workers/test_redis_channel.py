"""A channel's commands on Redis share one client and work as before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu import Connection

from dispatch.settings import Settings
from tests import valkey
from workers import redis_channel
from workers.broker import queue, transport_options


@pytest.fixture
def connection(app: Celery, tmp_path: Path) -> Iterator[Connection]:
    """A connection to a real broker by a plain `redis://`, as the app and the rest of its process make one."""
    with valkey.broker(tmp_path) as port:
        url = f"redis://127.0.0.1:{port}/0"
        with Connection(url, transport_options=transport_options(Settings(broker_url=url))) as connection:
            connection.ensure_connection(max_retries=100, interval_start=0.05, interval_step=0)
            yield connection


def clients_made(channel: Any, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Collect all clients that the channel makes from now on."""
    made: list[object] = []
    make = channel._create_client

    def remembered(**options: Any) -> object:
        made.append(make(**options))
        return made[-1]

    monkeypatch.setattr(channel, "_create_client", remembered)
    return made


def test_messages_are_published_and_fetched_by_one_client(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel: Any = connection.default_channel
    assert isinstance(channel, redis_channel.ReusingChannel)
    noc = queue(Settings(), "noc").bind(channel)
    noc.declare()
    made = clients_made(channel, monkeypatch)
    with connection.Producer(channel) as producer:
        for body in ("one", "two", "three"):
            producer.publish(body, exchange=noc.exchange, routing_key="noc")
    for body in ("one", "two", "three"):
        message = noc.get(no_ack=False)
        assert message is not None
        assert message.payload == body
        message.ack()
    assert noc.get() is None
    assert len(made) <= 1


def test_a_lost_connection_is_followed_by_another_pools_client(connection: Connection) -> None:
    channel: Any = connection.default_channel
    with channel.conn_or_acquire() as first, channel.conn_or_acquire() as second:
        assert first is second
    channel._pool = None  # as kombu does when the broker was away
    with channel.conn_or_acquire() as third:
        assert third is not first
        assert third.connection_pool is channel.pool
        assert third.ping()


def test_flower_and_the_log_still_read_redis_in_the_brokers_url(connection: Connection) -> None:
    assert connection.as_uri().startswith("redis://")


@pytest.mark.usefixtures("app")
def test_the_channel_works_with_a_sentinels_master_too() -> None:
    assert Connection("sentinel://one:26379").get_transport_cls().Channel is redis_channel.SentinelChannel

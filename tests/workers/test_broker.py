"""A broker is named by a URL; the settings of its kind are made, and an unknown kind is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu import Connection
from pydantic import SecretStr

from dispatch.settings import Settings
from tests import valkey
from workers.broker import queue, queue_lengths, transport_options


def named(url: str, **more: Any) -> Settings:
    return Settings(broker_url=SecretStr(url), **more)


@pytest.mark.parametrize("url", ["redis://:x@broker/0", "rediss://:x@broker/0"])
def test_a_message_on_redis_comes_back_only_after_its_step_was_stopped(app: Celery, url: str) -> None:
    transport = transport_options(named(url))
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit
    assert transport["visibility_timeout"] >= 3 * app.conf.task_time_limit
    assert transport["global_keyprefix"]
    assert "retry_on_timeout" not in transport


def test_a_sentinel_is_asked_for_the_master_of_the_configured_name() -> None:
    url = "sentinel://:x@one:26379;sentinel://:x@two:26379"
    transport = transport_options(named(url, broker_master="paidan"))
    assert transport["master_name"] == "paidan"
    assert "password" not in transport["sentinel_kwargs"]
    own = transport_options(named(url, broker_master="paidan", sentinel_password=SecretStr("y")))
    assert own["sentinel_kwargs"]["password"] == "y"


def test_rabbitmq_gets_quorum_queues_and_confirmed_publishes() -> None:
    settings = named("amqp://paidan:x@broker//")
    assert queue(settings, "noc").queue_arguments == {"x-queue-type": "quorum"}
    assert transport_options(settings) == {"confirm_publish": True}
    assert queue(named("redis://broker"), "noc").queue_arguments is None


@pytest.fixture(params=["redis", "memory"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Settings, Connection]]:
    if request.param == "memory":
        with Connection("memory://") as connection:
            yield named("memory://"), connection
        return
    with valkey.broker(tmp_path) as port:
        settings = named(f"redis://127.0.0.1:{port}/0")
        with Connection(f"redis://127.0.0.1:{port}/0", transport_options=transport_options(settings)) as connection:
            connection.ensure_connection(max_retries=100, interval_start=0.05, interval_step=0)
            yield settings, connection


def test_the_broker_tells_how_many_messages_wait_in_each_queue(connection: tuple[Settings, Connection]) -> None:
    settings, broker = connection
    queues = [queue(settings, name) for name in ("noc", "installer", "archive")]
    channel = broker.default_channel
    for each in queues:
        each.bind(channel).declare()
        each.bind(channel).purge()
    with broker.Producer(channel) as producer:
        for name in ("noc", "installer", "noc"):
            producer.publish("x", exchange=queues[0].exchange, routing_key=name)
    assert queue_lengths(queues, channel) == {"noc": 2, "installer": 1, "archive": 0}
    assert queue_lengths([], channel) == {}

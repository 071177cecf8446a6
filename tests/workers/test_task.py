"""A worker that can't reach the broker to acknowledge reconnects; Celery's own would never fetch again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from celery.worker.request import Request
from kombu import Connection
from kombu.message import Message
from kombu.utils.imports import symbol_by_name


@pytest.fixture
def fetched(app: Celery, monkeypatch: pytest.MonkeyPatch) -> Iterator[Message]:
    """A step's message, from a broker that has just gone."""
    with Connection("memory://") as connection:
        channel = connection.channel()
        queue = app.amqp.queues["noc"].bind(channel)
        queue.declare()
        queue.purge()
        app.signature("noc.board", args=([[1, 1]],)).apply_async(connection=connection, queue="noc")
        message = queue.get(no_ack=False)
        assert message is not None

        def unreachable(*_: object, **__: object) -> None:
            raise TimeoutError("black hole")

        with monkeypatch.context() as broken:
            broken.setattr(channel, "basic_ack", unreachable)
            yield message


def held(app: Celery, message: Message, kind: type[Request]) -> Any:
    """Give a worker a message as Celery's consumer does."""
    task = app.tasks["noc.board"]
    return kind(message, on_ack=message.ack_log_error, connection_errors=(TimeoutError,), app=app, task=task)


def test_a_failed_acknowledgement_is_a_lost_connection(app: Celery, fetched: Message) -> None:
    for name, task in app.tasks.items():
        if not name.startswith("celery."):
            with pytest.raises(TimeoutError):
                held(app, fetched, symbol_by_name(task.Request)).acknowledge()


def test_celery_alone_only_logs_a_failed_acknowledgement(app: Celery, fetched: Message) -> None:
    """When Celery mends this, `workers.task` can go."""
    held(app, fetched, Request).acknowledge()
    assert not fetched.acknowledged

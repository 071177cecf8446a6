"""A worker's events for Flower are gathered, and none is kept back when the worker stops."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from kombu import Connection

from workers.events import GATHER_SECONDS, GatherEvents


class Hub:
    """A worker's event loop, which runs a round when the test says so."""

    def __init__(self) -> None:
        self.later: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, delay: float, act: Callable[[], None]) -> object:
        self.later.append((delay, act))
        return act

    def come_round(self) -> None:
        later, self.later = self.later, []
        for _, act in later:
            act()


@pytest.fixture
def worker(app: Celery, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A worker whose events go through Celery's own dispatcher; `published` collects them."""
    published: list[Any] = []
    dispatcher = app.events.Dispatcher(Connection("memory://"), buffer_group=["task"])
    monkeypatch.setattr(dispatcher, "_publish", lambda event, *_, **__: published.append(event))
    parent = SimpleNamespace(hub=Hub(), event_dispatcher=dispatcher, published=published)
    parent.step = GatherEvents(parent)
    parent.step.start(parent)
    return parent


def test_events_that_come_within_a_moment_are_published_as_one(worker: Any) -> None:
    for kind in ("task-received", "task-started", "task-succeeded"):
        worker.event_dispatcher.send(kind, uuid="1")
    assert worker.published == []
    assert [delay for delay, _ in worker.hub.later] == [GATHER_SECONDS]
    worker.hub.come_round()
    assert [[event["type"] for event in each] for each in worker.published] == [
        ["task-received", "task-started", "task-succeeded"]
    ]
    worker.event_dispatcher.send("task-received", uuid="2")
    worker.hub.come_round()
    assert len(worker.published) == 2


def test_events_still_waiting_when_the_worker_stops_are_published(worker: Any) -> None:
    worker.event_dispatcher.send("task-succeeded", uuid="1")
    worker.step.stop(worker)
    assert [[event["type"] for event in each] for each in worker.published] == [["task-succeeded"]]


def test_every_worker_of_this_app_gathers_its_events(app: Celery) -> None:
    assert GatherEvents in app.steps["consumer"]

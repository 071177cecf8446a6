"""A worker's context on a database of its own, and the Celery app with an in-memory broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery import Celery

from dispatch.storage.database import Database
from tests.workers.stepped_workers import SteppedWorkers, end_context, new_context
from workers import batch
from workers.context import Context


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a worker give up at once when the database refuses."""
    monkeypatch.setattr(batch, "TRIES", ())


@pytest.fixture
def context(sqlite: Database) -> Iterator[Context]:
    """The context of a worker process, as if this test were one."""
    yield new_context()
    end_context()


@pytest.fixture
def app(context: Context, monkeypatch: pytest.MonkeyPatch) -> Celery:
    monkeypatch.setenv("DISPATCH_BROKER_URL", "memory://")
    from workers.app import app

    return app


@pytest.fixture
def stage(context: Context, app: Celery) -> SteppedWorkers:
    return SteppedWorkers(context, app)

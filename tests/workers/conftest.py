"""A worker's world on a database of its own, and the Celery app with a broker in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery import Celery

from dispatch.storage.database import Database
from tests.workers.stage import Stage
from workers import context as world_of
from workers.context import World


@pytest.fixture
def here(sqlite: Database) -> Iterator[World]:
    """What a worker process has at hand, as if this test were one."""
    world_of._world.cache_clear()
    made = world_of.world()
    yield made
    made.database.dispose()
    world_of._world.cache_clear()


@pytest.fixture
def app(here: World, monkeypatch: pytest.MonkeyPatch) -> Celery:
    monkeypatch.setenv("DISPATCH_BROKER_URL", "memory://")
    from workers.app import app

    return app


@pytest.fixture
def stage(here: World, app: Celery) -> Stage:
    return Stage(here, app)

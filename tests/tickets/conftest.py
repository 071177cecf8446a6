"""Fixtures for tests of the fault flow's use cases."""

from __future__ import annotations

import pytest

from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database
from tests.tickets.installers import Stage


@pytest.fixture
def stage(database: Database, in_force: Rulebook, script: Script) -> Stage:
    return Stage(database, in_force, script)

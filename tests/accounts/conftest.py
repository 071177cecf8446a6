"""The counter at which account operations are tested, under the project's own rules."""

from __future__ import annotations

import pytest

from dispatch.accounts.operation import Counter
from dispatch.routing.rulebook import Rulebook
from tests.accounts import factories


@pytest.fixture
def counter(in_force: Rulebook) -> Counter:
    return factories.counter(in_force)

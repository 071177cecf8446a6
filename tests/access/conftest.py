"""Fixtures of the access tests: a cheap hasher, and users with their passwords."""

from __future__ import annotations

import pytest
from pwdlib import PasswordHash

from dispatch.access.passwords import PasswordChecker
from tests.users import cheap_hasher


@pytest.fixture
def hasher() -> PasswordHash:
    return cheap_hasher()


@pytest.fixture
def comparing(hasher: PasswordHash) -> PasswordChecker:
    return PasswordChecker(hasher)

"""Users for tests: plain functions, with password hashes that are cheap."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from dispatch.access import users
from dispatch.access.users import User
from dispatch.domain.roles import Actor, Grant, Role
from dispatch.storage.database import Database
from tests.factories import NOW

PASSWORD = "Kx7-mountain-river"
CONSOLE = Actor("console:root", Role.OPS)


@functools.cache
def cheap_hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


@functools.cache
def _kept() -> str:
    return cheap_hasher().hash(PASSWORD)


def user(database: Database, name: str, *grants: Grant | Role, now: datetime = NOW) -> User:
    """Add a user with PASSWORD; a bare role is held everywhere."""
    held: Sequence[Grant] = [each if isinstance(each, Grant) else Grant(each) for each in grants]
    with database.write() as tx:
        return users.add(tx, name, _kept(), held, CONSOLE, now)

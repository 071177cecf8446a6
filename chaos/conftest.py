"""Chaos tests use the same fixtures as all other tests."""

from tests.conftest import (  # noqa: F401
    _own_home,
    database,
    in_force,
    postgres,
    postgresql,
    rulebook,
    script,
    sqlite,
    sqlite_template,
)

"""Chaos tests stand on the same fixtures as all the others."""

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

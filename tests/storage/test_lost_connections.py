"""A connection that lost its server while idle is replaced unnoticed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from dispatch.storage import database as databases
from dispatch.storage.database import Database


@pytest.fixture
def cut_off(postgresql: Database) -> Iterator[Database]:
    """A database with one pooled connection, which the server has closed."""
    made = Database(postgresql.url)
    with made.read() as tx:
        pid = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with postgresql.write() as tx:
        assert tx.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid}).scalar_one()
    yield made
    made.dispose()


def test_an_idle_connection_that_is_gone_is_replaced_unnoticed(
    cut_off: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "RESTED_SECONDS", 0)
    with cut_off.read() as tx:
        assert tx.execute(text("SELECT 1")).scalar_one() == 1


def test_a_recently_used_connection_that_is_gone_fails_once_and_is_then_replaced(
    cut_off: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "RESTED_SECONDS", 3600)
    with pytest.raises(OperationalError), cut_off.read() as tx:
        tx.execute(text("SELECT 1"))
    with cut_off.read() as tx:
        assert tx.execute(text("SELECT 1")).scalar_one() == 1

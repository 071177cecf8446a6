"""A connection that lost its server while nobody used it is replaced before anybody notices."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from dispatch.storage import database as databases
from dispatch.storage.database import Database


def cut_off(postgresql: Database) -> None:
    """All connections that lie in its pool, by the server."""
    with postgresql.read() as tx:
        mine = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
    other = Database(postgresql.url)
    with other.write() as tx:
        assert tx.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine}).scalar_one()
    other.dispose()


def test_a_rested_connection_that_is_gone_is_replaced_unnoticed(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "RESTED_SECONDS", 0)
    cut_off(postgresql)
    with postgresql.read() as tx:
        assert tx.execute(text("SELECT 1")).scalar_one() == 1


def test_one_that_was_used_a_moment_ago_fails_once_and_is_then_replaced(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "RESTED_SECONDS", 3600)
    cut_off(postgresql)
    with pytest.raises(OperationalError), postgresql.read() as tx:
        tx.execute(text("SELECT 1"))
    with postgresql.read() as tx:
        assert tx.execute(text("SELECT 1")).scalar_one() == 1

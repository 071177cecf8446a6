"""Of several hosts none accepts changes, as between two switch-overs: reading and backups go on, changes wait."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from dispatch import backup
from dispatch.settings import load_settings
from dispatch.storage import database_faults as faults
from dispatch.storage.database import SCHEMA, Database
from dispatch.storage.database_faults import database_fault
from tests.postgres import programs


def accept_changes(database: Database, yes: bool) -> None:
    """For new connections to the database."""
    admin = create_engine(make_url(database.url), isolation_level="AUTOCOMMIT")
    with admin.connect() as tx:
        tx.execute(text("SET default_transaction_read_only = off"))
        name = make_url(database.url).database
        tx.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = {'off' if yes else 'on'}"))
    admin.dispose()


def several_hosts(database: Database, tmp_path: Path, first: bool) -> str:
    """A URL of the database's host and of one that isn't there."""
    parsed = make_url(database.url)
    there, away = str(parsed.query["host"]), str(tmp_path)
    hosts = ",".join((there, away) if first else (away, there))
    given = parsed.set(query={"host": hosts, "port": "5432,5432"}).render_as_string(hide_password=False)
    return given.replace("%2C", ",").replace("%2F", "/")


@pytest.fixture(params=[True, False], ids=["away-last", "away-first"])
def only_reads(
    request: pytest.FixtureRequest, postgresql: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", several_hosts(postgresql, tmp_path, request.param))
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    accept_changes(postgresql, False)
    database = Database(load_settings().database)
    yield database
    database.dispose()
    accept_changes(postgresql, True)


def change(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("UPDATE epoch SET base = base"))


def test_reading_goes_on_and_a_change_is_refused_until_a_host_accepts_it(
    only_reads: Database, postgresql: Database
) -> None:
    assert only_reads.schema() == SCHEMA
    with pytest.raises(DBAPIError) as refused:
        change(only_reads)
    assert database_fault(refused.value) is faults.READ_ONLY
    accept_changes(postgresql, True)
    change(only_reads)


def test_a_backup_is_made_of_a_host_that_only_reads(only_reads: Database, tmp_path: Path) -> None:
    assert backup.backup(load_settings(), tmp_path / "kept.backup").size > 0

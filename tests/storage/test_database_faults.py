"""The table of what a database refuses, and the database's own refusals read by it."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError, OperationalError, SQLAlchemyError, TimeoutError

from dispatch.storage import database_faults as faults
from dispatch.storage.database import PATIENCE_SECONDS, Database
from dispatch.storage.database_faults import OF_SQLITE, OF_SQLSTATE, DatabaseFault, database_fault


def of_postgresql(state: str) -> DBAPIError:
    code = f"{state}000" if len(state) == 2 else state
    kind = psycopg.errors.lookup(code) if code not in ("28000", "58000", "08000") else psycopg.OperationalError
    made = type(kind.__name__, (kind,), {"sqlstate": code})("told by the server")
    return DBAPIError("UPDATE hop", None, made)


def of_sqlite(code: int) -> OperationalError:
    made = sqlite3.OperationalError("told by SQLite")
    made.sqlite_errorcode = code
    return OperationalError("UPDATE hop", None, made)


def fault(wrong: SQLAlchemyError) -> DatabaseFault:
    found = database_fault(wrong)
    assert found is not None
    return found


@pytest.mark.parametrize("state", sorted(OF_SQLSTATE))
def test_every_refusal_of_postgresql_is_told_with_a_code_and_a_time(state: str) -> None:
    found = fault(of_postgresql(state))
    assert found is OF_SQLSTATE[state]
    assert found.error().code == ("busy" if found.is_busy else "unavailable")
    assert found.retry_after >= 1


@pytest.mark.parametrize("code", sorted(OF_SQLITE))
def test_every_refusal_of_sqlite_is_known_by_its_extended_codes_too(code: int) -> None:
    assert fault(of_sqlite(code)) is fault(of_sqlite(code | 5 << 8)) is OF_SQLITE[code]


def test_a_reader_without_room_for_its_mark_has_met_a_full_disk() -> None:
    assert fault(of_sqlite(sqlite3.SQLITE_IOERR_SHMSIZE)) is faults.FULL


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("FATAL:  the database system is starting up", faults.STARTING),
        ("FATAL:  sorry, too many clients already", faults.CROWDED),
        ('FATAL:  password authentication failed for user "p"', faults.FORBIDDEN),
        ("session is read-only", faults.READ_ONLY),
        ("connection refused", faults.AWAY),
    ],
)
def test_a_connection_that_does_not_come_about_is_known_by_its_words(told: str, expected: DatabaseFault) -> None:
    assert fault(OperationalError("", None, psycopg.OperationalError(told))) is expected


def test_a_mistake_in_the_program_is_no_fault_of_the_database() -> None:
    wrong = sqlite3.OperationalError('near "SELEC": syntax error')
    wrong.sqlite_errorcode = sqlite3.SQLITE_ERROR
    assert database_fault(OperationalError("SELEC", None, wrong)) is None
    assert database_fault(IntegrityError("", None, psycopg.errors.UniqueViolation("twice"))) is None
    assert database_fault(ValueError("13800138000")) is None


def test_a_pool_without_a_free_connection_is_crowded() -> None:
    assert fault(TimeoutError("pool")) is faults.CROWDED


def refusal(database: Database, statement: str = "UPDATE alembic_version SET version_num = version_num") -> DBAPIError:
    with pytest.raises(DBAPIError) as refused, database.write() as tx:
        tx.execute(text(statement))
    return refused.value


@contextmanager
def read_only(postgresql: Database) -> Iterator[None]:
    """New connections to this database can't write, as to a standby after a switch-over."""
    name = make_url(postgresql.url).database
    with postgresql.write() as tx:
        tx.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    postgresql.dispose()
    try:
        yield
    finally:
        url = make_url(postgresql.url).update_query_dict({"options": "-c default_transaction_read_only=off"})
        writing = Database(url.render_as_string(hide_password=False))
        with writing.write() as tx:
            tx.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
        writing.dispose()


def test_after_a_switch_over_the_first_refused_change_makes_way_for_the_new_primary(postgresql: Database) -> None:
    with read_only(postgresql):
        wrong = refusal(postgresql)
        assert fault(wrong) is faults.READ_ONLY
        assert isinstance(wrong, InternalError)
        assert wrong.connection_invalidated
    with postgresql.write() as tx:
        assert tx.execute(text("UPDATE alembic_version SET version_num = version_num")).rowcount == 1


def test_a_lock_and_a_slow_statement_of_postgresql_are_busy(postgresql: Database) -> None:
    with postgresql.write() as holding:
        holding.execute(text("LOCK TABLE alembic_version"))
        wrong = refusal(postgresql, "SET LOCAL lock_timeout = '20ms'; UPDATE alembic_version SET version_num = '1'")
        assert fault(wrong) is faults.LOCKED
    wrong = refusal(postgresql, "SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(5)")
    assert fault(wrong) is faults.SLOW


def test_a_postgresql_without_the_tables_has_another_schema(postgresql: Database) -> None:
    assert fault(refusal(postgresql, "SELECT nothing FROM hop")) is faults.SCHEMA
    assert fault(refusal(postgresql, "SELECT 1 FROM nothing")) is faults.SCHEMA


def test_a_postgresql_that_is_not_there_is_away() -> None:
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(OperationalError) as away, database.read():
        pass
    assert fault(away.value) is faults.AWAY


def test_a_read_only_file_and_a_full_one_are_told_apart(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # the queue's file stands beside what the URL names, taken as a path
    file = make_url(sqlite.url).database
    reading = Database(f"sqlite:///file:{file}?mode=ro&uri=true")
    assert fault(refusal(reading)) is faults.READ_ONLY
    reading.dispose()
    with sqlite.read() as tx:
        tx.exec_driver_sql("PRAGMA max_page_count = 1")  # the disk has no room for another page
    assert fault(refusal(sqlite, "CREATE TABLE more AS SELECT hex(zeroblob(1000000)) AS much")) is faults.FULL
    assert sqlite.refused is faults.FULL


def test_a_lock_of_another_program_is_waited_for_no_longer_than_a_turn_in_the_queue(sqlite: Database) -> None:
    with contextlib.closing(sqlite3.connect(str(sqlite.engine.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(OperationalError) as wrong, sqlite.write(0.1):
            pass
        assert (fault(wrong.value), time.monotonic() - began < PATIENCE_SECONDS / 2) == (faults.LOCKED, True)
    with sqlite.write() as tx:
        assert tx.exec_driver_sql("PRAGMA busy_timeout").scalar() == PATIENCE_SECONDS * 1000


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database at all " * 100)
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(DBAPIError) as damaged, database.read() as tx:
        tx.execute(text("SELECT 1 FROM sqlite_master"))
    assert fault(damaged.value) is faults.DAMAGED

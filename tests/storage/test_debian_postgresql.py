"""PostgreSQL as Debian ships it: an older version than the other tests use, with just-in-time compilation on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from dispatch.doctor import database as examined
from dispatch.errors import DatabaseTooOld
from dispatch.settings import Settings
from dispatch.storage import postgresql
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate
from tests.debian_postgres import VERSIONS, DebianPostgres, debian_server, programs

PROJECT = Path(__file__).parents[2]
AGAIN = (
    "tests/storage/test_hops.py",
    "tests/storage/test_wakeups.py",
    "tests/storage/test_lost_connections.py",
    "tests/storage/test_resources.py",
    "tests/workers/test_restore.py",
    "tests/reports/test_page_plans.py",
    "tests/test_effects.py",
    "tests/tickets/test_use_cases.py",
)
"""Tests run again on Debian's server: query plans, SKIP LOCKED, notices, whole journeys."""


@pytest.fixture(scope="module")
def debian() -> Iterator[DebianPostgres]:
    if programs() is None and not os.environ.get("CI"):
        pytest.skip(f"Debian's PostgreSQL is not installed: no server in {VERSIONS}")
    with debian_server() as running:
        yield running


@pytest.fixture
def opened(debian: DebianPostgres) -> Iterator[Database]:
    debian.sql("CREATE DATABASE opened")
    made = Database(debian.url_of("opened"), plans_by_index_only=True)
    yield made
    made.dispose()
    debian.sql("DROP DATABASE opened WITH (FORCE)")


def seen(database: Database, setting: str) -> str:
    with database.read() as tx:
        return str(tx.execute(text("SELECT current_setting(:setting)"), {"setting": setting}).scalar_one())


def test_no_query_of_ours_is_compiled_although_the_server_would(debian: DebianPostgres, opened: Database) -> None:
    assert debian.sql("SHOW jit") == "on"
    migrate(opened)
    with opened.read() as tx:
        plan = [row[0] for row in tx.exec_driver_sql("EXPLAIN ANALYZE SELECT * FROM ticket t1, ticket t2")]
    assert not [line for line in plan if "JIT" in line]
    assert seen(opened, "jit") == "off"


def test_a_rolled_back_transaction_keeps_the_sessions_settings(opened: Database) -> None:
    with pytest.raises(ZeroDivisionError), opened.write():
        raise ZeroDivisionError
    assert (seen(opened, "jit"), seen(opened, "lock_timeout"), seen(opened, "TimeZone")) == ("off", "2s", "UTC")


def test_the_operators_own_options_stay_and_go_before_ours(debian: DebianPostgres) -> None:
    url = make_url(debian.url).update_query_dict(
        {"options": "-c search_path=paidan -c lock_timeout=7s -c timezone=EST"}
    )
    database = Database(url.render_as_string(hide_password=False))
    assert (seen(database, "search_path"), seen(database, "lock_timeout")) == ("paidan", "7s")
    assert (seen(database, "jit"), seen(database, "TimeZone")) == ("off", "UTC")
    database.dispose()


def test_a_server_that_is_too_old_is_refused_with_both_versions(
    debian: DebianPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "OLDEST", 99)
    database = Database(debian.url)
    with pytest.raises(DatabaseTooOld, match=r"is PostgreSQL \d+\.\d+, this program needs 99 or newer"):
        database.schema()
    assert debian.sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'") == "1"
    database.dispose()


@pytest.mark.parametrize(("number", "release"), [(150018, "15.18"), (90624, "9.6.24"), (120001, "12.1")])
def test_a_version_is_told_as_people_write_it(number: int, release: str) -> None:
    assert postgresql.release(number) == release


def test_the_examination_tells_the_servers_version_and_what_our_sessions_have(
    debian: DebianPostgres, opened: Database
) -> None:
    migrate(opened)
    told = {each.check.en: each.found.text("en") for each in examined.examine(Settings(database_url=opened.url), None)}
    version = debian.sql("SHOW server_version").split()[0]
    assert told["database"] == f"PostgreSQL {version}"
    assert told["session"].startswith("jit=off, ")


@pytest.mark.system
@pytest.mark.system
def test_storage_relay_and_journeys_pass_on_debians_server_too(debian: DebianPostgres) -> None:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "postgresql", *AGAIN]
    environment = os.environ | {"PAIDAN_TEST_POSTGRES": debian.url}
    done = subprocess.run(words, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert int(done.stdout.rsplit(" passed", 1)[0].split()[-1]) > 70

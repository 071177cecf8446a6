"""Fixtures for many tests: a migrated database, on SQLite and PostgreSQL alike, and the project's own rules and script.

PostgreSQL is started when the first test asks for it; without it such tests are skipped, and in CI they fail.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import event

from dispatch.routing import loader, prehandling_file
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.runtime import logs
from dispatch.settings import variables
from dispatch.storage import database as database_of
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate
from tests import postgres as postgres_of
from tests import sqlite as sqlite_of
from tests.factories import hasty, put_in_force
from tests.postgres import Reused

PROJECT = Path(__file__).parents[1]

os.environ["DISPATCH_LANG"] = "en"  # help texts are made when commands are imported

_numbers = itertools.count(1)


LONGEST = (
    "tests/acceptance/test_nothing_lost.py",
    "tests/deploy/test_compose.py",
    "tests/acceptance/test_part_away.py",
    "tests/acceptance/test_up_demo.py",
    "tests/acceptance/test_readme.py",
    "tests/accounts/test_two_clerks.py",
    "tests/web/test_openapi.py",
    "tests/acceptance/test_journey_by_hand.py",
    "chaos/test_kills.py",
    "tests/properties/test_journeys.py",
    "tests/acceptance/test_effects.py",
    "tests/acceptance/test_demo.py",
    "tests/web/test_policy.py",
    "tests/acceptance/test_new_team.py",
    "tests/acceptance/test_counter_by_hand.py",
    "tests/acceptance/test_nothing_in_clear.py",
    "tests/reports/test_page_plans.py",
    "chaos/test_state_machine.py",
    "tests/replay/test_driver.py",
    "tests/properties/test_books.py",
    "tests/web/api/test_hops.py",
    "tests/accounts/test_all_or_nothing.py",
    "tests/doctor/test_examination.py",
    "chaos/test_races.py",
)
"""The slowest files, slowest first: they begin first, so that no test process ends long after the others."""


DATABASES = {"sqlite", "postgresql", "postgres", "database", "sqlite_template"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark tests that need a database, which `make test-unit` leaves out, and those that need PostgreSQL."""
    used = set(getattr(item, "fixturenames", ()))
    if DATABASES & used:
        item.add_marker("database")
    asked = getattr(item, "callspec", None)
    kind = asked and asked.params.get("database")
    if kind == "postgresql" or (kind is None and {"postgres", "postgresql"} & used):
        item.add_marker("postgresql")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: n for n, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(LONGEST)))


def pytest_collection_finish() -> None:
    """Freeze all objects made so far: the garbage collector need not scan them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


@pytest.fixture(autouse=True, scope="session")
def _statements_compiled_once() -> Iterator[None]:
    """Share SQLAlchemy's compiled statements between all tests, although each has an SQLite database of its own."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database_of, "create_engine", sqlite_of.sharing(vars(database_of)["create_engine"]))
        yield


@pytest.fixture(autouse=True, scope="session")
def _loggers_stay_changeable() -> Iterator[None]:
    """Keep no logger with the stream of the test that used it first, as a process does: a test may be its main."""
    configure = structlog.configure

    def configured(**given: Any) -> None:
        configure(**{**given, "cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(structlog, "configure", configured)
        yield


@pytest.fixture(autouse=True)
def _logs_as_at_the_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(logs, "_quiet", False)
    yield
    if structlog.is_configured():
        structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the settings, language and state of the person who runs the tests. The home is only made by a test that uses
    it."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPATCH_LANG", "en")
    monkeypatch.setenv("DISPATCH_QUIET_HOURS", "false")  # a test must not depend on the hour at which it runs
    monkeypatch.setenv("DISPATCH_HOME", str(tmp_path_factory.getbasetemp() / f"home{next(_numbers)}"))


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return loader.load(PROJECT / "routing_rules.yaml")


@pytest.fixture(scope="session")
def script(rulebook: Rulebook) -> Script:
    return prehandling_file.load(PROJECT / "prehandling.yaml", rulebook.categories)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reused]:
    """A server's database, empty for one test after another; PAIDAN_TEST_POSTGRES may name the server."""
    with contextlib.ExitStack() as running:
        url = os.environ.get("PAIDAN_TEST_POSTGRES")
        if not url:
            try:
                url = running.enter_context(postgres_of.server(tmp_path_factory.getbasetemp().parent / "postgres.turn"))
            except Exception as missing:
                if os.environ.get("CI"):
                    raise
                pytest.skip(f"no PostgreSQL here: {missing}")
        made = Reused(url)
        running.callback(made.close)
        yield made


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{file}")
    migrate(database)
    database.dispose()  # the last connection folds the write-ahead log into the file
    return file


@pytest.fixture
def sqlite(sqlite_template: Path) -> Iterator[Database]:
    """A clean, migrated SQLite database in the test's own home, for tests that don't depend on the kind."""
    home = Path(os.environ["DISPATCH_HOME"])
    home.mkdir(exist_ok=True)
    shutil.copy(sqlite_template, home / "paidan.db")
    made = Database(f"sqlite:///{home / 'paidan.db'}")
    event.listen(made.engine, "connect", _forget_durability)
    yield made
    made.dispose()


def _forget_durability(connection: sqlite3.Connection, _record: object) -> None:
    """Switch off waiting for the disk: the data don't outlive the test."""
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture
def postgresql(postgres: Reused) -> Iterator[Database]:
    """A clean, migrated PostgreSQL database, for tests with several writers at once."""
    with postgres.empty() as lent:
        yield lent


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A clean, migrated database of either kind."""
    made: Database = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def hasty_in_force(database: Database, rulebook: Rulebook) -> Rulebook:
    """The project's rules with limits that a short test reaches, put in force."""
    made = hasty(rulebook.text)
    put_in_force(database, made)
    return made


@pytest.fixture
def in_force(database: Database, rulebook: Rulebook) -> Rulebook:
    """The project's rules, put in force in this test's database; the first hop needs them."""
    put_in_force(database, rulebook)
    return rulebook

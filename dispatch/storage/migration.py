"""Open a database, and migrate it to this program's schema."""

from __future__ import annotations

import contextlib
import fcntl
import sqlite3
from pathlib import Path

from dispatch.errors import NoInstallation
from dispatch.settings import Settings
from dispatch.storage import given_out
from dispatch.storage.database import SCHEMA, Database

SCRIPTS = Path(__file__).parent / "migrations"


def open_database(settings: Settings, *, plans_by_index_only: bool = False) -> Database:
    """Open the database of these settings; `plans_by_index_only` as in `Database`.

    The embedded database is created and migrated when needed. Raises SchemaOutdated for a server's database that isn't
    migrated, DatabaseOlder for one that was put back by hand.
    """
    database = Database(settings.database, plans_by_index_only=plans_by_index_only)
    if settings.embedded_database and database.schema() != SCHEMA:
        with (settings.root / "migrate.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # of two first commands at once, one migrates and the other waits
            if database.schema() != SCHEMA:
                migrate(database)
    database.require_schema()
    with database.read() as tx:
        given_out.require_not_older(settings, tx)
    return database


def is_installed(settings: Settings) -> bool:
    """Return whether there is an installation to work on: with the embedded database, a file that has a schema. A
    server's database answers for itself. Looking creates nothing."""
    if not settings.embedded_database:
        return True
    file = settings.root / "paidan.db"
    if not file.exists():
        return False
    mode = "" if Path(f"{file}-wal").exists() else "&immutable=1"  # as `Database` with `read_only`
    try:
        with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro{mode}", uri=True)) as there:
            return there.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is not None
    except sqlite3.Error:
        return True  # something is there; opening it says what is wrong with it


def require_installation(settings: Settings) -> None:
    """Raises NoInstallation."""
    if not is_installed(settings):
        raise NoInstallation(home=settings.root)


def migrate(database: Database, revision: str = "head") -> None:
    """Upgrade (or, to an older revision, downgrade) in one transaction."""
    from alembic import command  # takes a tenth of a second, and only this needs it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with database.rebuild() as tx:
        config.attributes["connection"] = tx
        if revision == "base" or (revision != "head" and revision < (database.schema() or "")):
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)

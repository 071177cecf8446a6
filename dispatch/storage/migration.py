"""Open a database, and migrate it to this program's schema."""

from __future__ import annotations

import fcntl
from pathlib import Path

from dispatch.settings import Settings
from dispatch.storage.database import SCHEMA, Database

SCRIPTS = Path(__file__).parent / "migrations"


def open_database(settings: Settings, *, plans_by_index_only: bool = False) -> Database:
    """Open the database of these settings; `plans_by_index_only` as in `Database`.

    The embedded database is created and migrated when needed. Raises SchemaOutdated for a server's database that isn't
    migrated.
    """
    database = Database(settings.database, plans_by_index_only=plans_by_index_only)
    if settings.embedded_database and database.schema() != SCHEMA:
        with (settings.root / "migrate.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # of two first commands at once, one migrates and the other waits
            if database.schema() != SCHEMA:
                migrate(database)
    database.require_schema()
    return database


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

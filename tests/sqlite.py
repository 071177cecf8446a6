"""One dialect and one cache of compiled statements for all SQLite engines of a test process.

Each engine keeps its own cache, so tests with a database each would compile the same statements again and again, which
takes longer than to execute them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, make_url

STATEMENTS = 5000


def sharing(create: Callable[..., Engine]) -> Callable[..., Engine]:
    """Return `create_engine` with a shared dialect and cache."""
    first: dict[tuple[tuple[str, int], ...], Engine] = {}

    def create_engine(url: Any, **options: Any) -> Engine:
        made = create(url, **options)
        if make_url(url).get_backend_name() != "sqlite":
            return made
        how = tuple(sorted((name, id(value)) for name, value in options.items() if name.startswith("json_")))
        if how not in first:
            first[how] = create("sqlite://", query_cache_size=STATEMENTS, **options)
            with first[how].connect():
                pass  # the dialect learns on its first connection what SQLite can do
            first[how].dispose()  # Python 3.13 warns of a connection that nobody closed
        made.dialect = made.pool._dialect = first[how].dialect
        made._compiled_cache = first[how]._compiled_cache
        return made

    return create_engine


def dumped(file: Path) -> str:
    """Every row as it lies in the file, after its table's name, also those of the tables behind an index of words. The
    index itself can't be read as rows."""
    real = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    with closing(sqlite3.connect(file)) as database:
        names = [name for (name,) in database.execute(real)]
        return "\n".join(f"{name} {database.execute(f'SELECT * FROM {name}').fetchall()}" for name in names)

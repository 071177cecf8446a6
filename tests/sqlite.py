"""One dialect and one cache of compiled statements for all SQLite engines of a test process.

Each engine keeps its own cache, so tests with a database each would compile the same statements again and again, which
takes longer than to execute them.
"""

from __future__ import annotations

from collections.abc import Callable
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

"""Connections to PostgreSQL: the versions that work, and the settings of every session."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Engine, event

from dispatch.errors import DatabaseTooOld

OLDEST, NEWEST = 13, 18
"""Major versions: an older one is refused, a newer one isn't tested."""

CONNECT_SECONDS = 5
"""Time limit for opening a connection to one host. libpq would wait for ever for a machine that is switched off."""
SILENT_MS = 15_000
"""Milliseconds after which a connection whose server doesn't even acknowledge what was sent counts as lost."""

_SESSION: Mapping[str, str] = {
    # A stuck statement must not hold locks for ever: its work would be sent again at every lease's end.
    "lock_timeout": "2s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
    # Data is in memory or on an SSD, where a random read costs little more than a sequential one.
    "random_page_cost": "1.1",
    # Before version 18 a forbidden plan node adds 1e10 to a plan's estimate, so that every such query would be
    # compiled first, which takes longer than any of our queries.
    "jit": "off",
}
_PLANS_BY_INDEX_ONLY: Mapping[str, str] = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    # both read a whole table, even after it has grown since the plan was made
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_ALWAYS: Mapping[str, str] = {"timezone": "UTC"}
"""Not the operator's to choose: what the program reads depends on it."""

_ONLY_READS = "session is read-only"
"""libpq's word, which has no code, for a host that `read-write` passes over."""

_NAMED = re.compile(r"(?:-c\s*|--)([A-Za-z_.-]+)=")


def prepare(engine: Engine, plans_by_index_only: bool) -> None:
    """Check the version of every new connection's server and set the session's settings.

    They are set by a statement and not by libpq's `options`: that parameter is the operator's, in the URL or in
    PGOPTIONS, where it goes before ours, and PgBouncer refuses it. Connecting raises DatabaseTooOld.
    """
    settings = session_settings(engine.url, plans_by_index_only)
    _read_where_none_writes(engine)

    @event.listens_for(engine, "connect")
    def _set(driver: Any, _record: object) -> None:
        version = driver.info.server_version
        if version < OLDEST * 10_000:
            driver.close()
            raise DatabaseTooOld(found=release(version), oldest=OLDEST)
        driver.autocommit = True
        driver.execute(
            "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS given (name, value)",
            (list(settings), list(settings.values())),
        )
        driver.autocommit = False


def _read_where_none_writes(engine: Engine) -> None:
    """Where none of the URL's hosts accepts changes, connect to one that is there: reading and backups go on, as with a
    single host that is read-only. A change meets READ_ONLY then, its connection is thrown away, and the next one looks
    for a host that accepts changes again."""

    @event.listens_for(engine, "do_connect")
    def _connect(dialect: Any, _record: object, words: Any, parameters: Any) -> Any:
        if parameters.get("target_session_attrs") != "read-write":
            return None
        try:
            return dialect.connect(*words, **parameters)
        except dialect.loaded_dbapi.OperationalError as refused:
            if _ONLY_READS not in str(refused):
                raise
            return dialect.connect(*words, **{**parameters, "target_session_attrs": "any"})


def session_settings(url: URL, plans_by_index_only: bool) -> Mapping[str, str]:
    """Return our settings without those that the operator's own `options` name."""
    given = url.query.get("options", os.environ.get("PGOPTIONS", ""))
    named = {name.replace("-", "_").lower() for name in _NAMED.findall(given if isinstance(given, str) else given[-1])}
    ours = {**_SESSION, **(_PLANS_BY_INDEX_ONLY if plans_by_index_only else {})}
    return {**{name: value for name, value in ours.items() if name not in named}, **_ALWAYS}


def connect_arguments(url: URL) -> dict[str, Any]:
    """Return libpq's parameters for connections that may break, without those that the URL has."""
    ours = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": SILENT_MS}
    return {name: value for name, value in ours.items() if name not in url.query}


def release(version: int) -> str:
    """Return libpq's number of a server's version as people write it: 150018 is 15.18, 90624 is 9.6.24."""
    major, rest = divmod(version, 10_000)
    return f"{major}.{rest}" if major >= 10 else f"{major}.{rest // 100}.{rest % 100}"

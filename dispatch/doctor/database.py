"""The checks of the database: whether it can be reached, its server and its schema; then of what it holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from dispatch.doctor import books, clocks, contents, damage, people
from dispatch.doctor.finding import CheckResult, Grade, bad, doubtful, good
from dispatch.domain.title import Title, Wording, same
from dispatch.errors import DatabaseTooOld, DispatchError
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings
from dispatch.storage import postgresql, rulebooks
from dispatch.storage.database import SCHEMA, Database, Tx
from dispatch.storage.database_faults import AWAY, DAMAGED, NO_FILE, database_fault, fault_of_driver

DATABASE = Title("数据库", "database")
SCHEMA_ = Title("数据库版本", "schema")
SESSION = Title("数据库会话", "session")
DURABLE = Title("数据库落盘", "durability")

SESSION_SETTINGS = ("jit", "lock_timeout", "statement_timeout")


def examine(settings: Settings, file: Rulebook | None) -> Iterator[CheckResult]:
    """Check the database; `file` is the rulebook read from the rules file, None when that file has faults."""
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        yield good(DATABASE, _sqlite())
        yield _wrong_schema(None)  # opening it would create it
        return
    if url.get_backend_name() == "sqlite" and url.database:
        try:
            found = damage.examine_sqlite(settings.database)
        except sqlite3.Error as away:
            yield _unreachable("sqlite", away)
            return
        yield found
        if found.verdict is Grade.BAD:
            return  # what a damaged file says of itself is worth nothing
    database = Database(settings.database, read_only=True)
    try:
        yield from _examine(settings, file, database)
    except SQLAlchemyError as met:
        if database_fault(met) is not DAMAGED:
            raise
        yield damage.damaged(Wording("读取时遇到损坏", "it was met while reading"))
    finally:
        database.dispose()


def teams_in_force(settings: Settings) -> Collection[str] | None:
    """The teams of the rules in force; None where the database can't tell."""
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        return None  # opening it would create it
    database = Database(settings.database, read_only=True)
    try:
        with database.read() as tx:
            rulebook = rulebooks.in_force(tx)
    except (SQLAlchemyError, DispatchError):  # `examine` has told why
        return None
    finally:
        database.dispose()
    return rulebook.teams if rulebook else None


def _examine(settings: Settings, file: Rulebook | None, database: Database) -> Iterator[CheckResult]:
    try:
        found = database.schema()
    except SQLAlchemyError as away:
        yield _unreachable(database.kind, away)
        return
    except DatabaseTooOld as older:
        yield bad(
            DATABASE,
            same(f"PostgreSQL {older.facts['found']}"),
            f"本程序需要 {postgresql.OLDEST} 或更新的版本：升级数据库",
            f"this program needs {postgresql.OLDEST} or newer: upgrade the server",
        )
        return
    yield _server(database)
    if found != SCHEMA:
        yield _wrong_schema(found)
        return
    yield good(SCHEMA_, same(found))
    with database.read() as tx:
        if database.kind == "postgresql":
            yield damage.examine_postgresql(tx)
            yield _session(tx)
            yield _durable(tx)
            yield clocks.of_server(tx)
        yield clocks.of_processes(tx, settings)
        yield from contents.examine(tx, settings, file)
        yield people.names(tx)
        yield books.account_names(tx)
        yield books.addresses(tx)
        if (rulebook := file or rulebooks.in_force(tx)) is not None:
            yield people.work_in_hand(tx, rulebook)


def _sqlite() -> Wording:
    return same(f"SQLite {sqlite3.sqlite_version}")


def _server(database: Database) -> CheckResult:
    """Tell the database's version; a PostgreSQL newer than the tested ones is doubtful."""
    if database.kind == "sqlite":
        return good(DATABASE, _sqlite())
    with database.read() as tx:
        driver: Any = tx.connection.driver_connection
        version = driver.info.server_version
    found = same(f"PostgreSQL {postgresql.release(version)}")
    if version // 10_000 > postgresql.NEWEST:
        return doubtful(
            DATABASE,
            found,
            f"比测试过的 {postgresql.NEWEST} 新：升级程序，或先在测试环境试用",
            f"newer than {postgresql.NEWEST}, the newest tested: upgrade the program, or try it on a copy first",
        )
    return good(DATABASE, found)


def _session(tx: Tx) -> CheckResult:
    """Tell the settings of our own session. A pooler that hands sessions on within a transaction loses them."""
    shown = {name: tx.execute(text(f"SHOW {name}")).scalar() for name in SESSION_SETTINGS}
    found = same(", ".join(f"{name}={value}" for name, value in shown.items()))
    if shown["jit"] != "off":
        return bad(
            SESSION,
            found,
            "会话设置没有生效：PgBouncer 请用 pool_mode = session，并去掉 DISPATCH_DATABASE_URL 中的 jit=on",
            "the settings don't reach the session: give PgBouncer pool_mode = session, and DISPATCH_DATABASE_URL no "
            "jit=on",
        )
    return good(SESSION, found)


def _unreachable(kind: str, away: SQLAlchemyError | sqlite3.Error) -> CheckResult:
    """Tell the reason in the driver's own words, and what is to be done about it."""
    fault = fault_of_driver(away) if isinstance(away, sqlite3.Error) else database_fault(away)
    remedy = (fault or (NO_FILE if kind == "sqlite" else AWAY)).remedy
    reason = str(getattr(away, "orig", away)).partition("\n")[0]  # its other lines may quote rows
    return bad(DATABASE, same(f"{kind}: {reason}"), remedy.zh, remedy.en)


def _wrong_schema(found: str | None) -> CheckResult:
    older = not found or found < SCHEMA
    return bad(
        SCHEMA_,
        Wording(f"{found or '无'}，应为 {SCHEMA}", f"{found or 'none'}, needed {SCHEMA}"),
        "运行 dispatch migrate（先备份）" if older else "数据库比程序新：升级程序",
        "run `dispatch migrate` (back up first)" if older else "upgrade the program",
    )


def _durable(tx: Tx) -> CheckResult:
    names = ("fsync", "full_page_writes", "synchronous_commit")
    off = [name for name in names if tx.execute(text(f"SHOW {name}")).scalar() == "off"]
    if off:
        return bad(
            DURABLE,
            Wording(f"{'、'.join(off)} 已关闭", f"{', '.join(off)} off"),
            "断电会丢失已受理的工单：请在 postgresql.conf 中打开这些项",
            "a power cut would lose accepted tickets: switch them on in postgresql.conf",
        )
    return good(DURABLE, same("fsync, full_page_writes, synchronous_commit"))

"""The checks of the database: connection, schema, durability, clock; and of the work in it: due hops, quarantine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError

from dispatch.doctor import books, damage, people
from dispatch.doctor.finding import CheckResult, Grade, bad, doubtful, good
from dispatch.domain.ticket import HopState
from dispatch.domain.title import Title, Wording, same
from dispatch.errors import DatabaseOlder, DispatchError, KeysMissing, WrongKeys
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings
from dispatch.storage import (
    effects,
    encrypted,
    given_out,
    heartbeats,
    hops,
    key_source,
    postgresql,
    retests,
    rulebooks,
    seals,
)
from dispatch.storage.clock import database_time, offset
from dispatch.storage.database import SCHEMA, Database, Tx
from dispatch.storage.database_faults import DAMAGED, database_fault
from dispatch.storage.open_keys import check
from dispatch.storage.tables.accounts import effect as effect_table
from dispatch.storage.tables.tickets import hop

DATABASE = Title("数据库", "database")
SCHEMA_ = Title("数据库版本", "schema")
GIVEN_OUT = Title("已发编号", "ids given out")
SESSION = Title("数据库会话", "session")
DURABLE = Title("数据库落盘", "durability")
CLOCK = Title("数据库时钟", "database clock")
CLOCKS = Title("各进程时钟", "clocks")
IN_FORCE = Title("现行规则", "rules in force")
KEYS = Title("证件密钥", "keys")
WAITING = Title("待派", "hops due")
QUARANTINE = Title("隔离区", "quarantine")
RETESTS = Title("待补测", "lines to test again")
SEALS = Title("封存", "seals")

SESSION_SETTINGS = ("jit", "lock_timeout", "statement_timeout")

SEALS_LATE = 600.0
"""Seconds for which rows may wait for their seal."""
OLDEST_DUE = 60.0
"""Seconds for which a hop may be due; after that something is wrong with the relay or the workers."""
LITTLE_AHEAD, FAR_AHEAD = 1.0, 10.0
"""Seconds between two clocks: from the first on somebody should look, from the second on it is bad. The program
compares times that different machines have written."""


def clock(check: Title, ahead: float) -> CheckResult:
    """Judge a clock that is `ahead` seconds ahead of this machine's, or behind it when negative."""
    off = f"{abs(ahead):.1f}"
    found = Wording(f"{'快' if ahead > 0 else '慢'} {off} 秒", f"{off} s {'ahead' if ahead > 0 else 'behind'}")
    if abs(ahead) < LITTLE_AHEAD:
        return good(check, found)
    make = bad if abs(ahead) >= FAR_AHEAD else doubtful
    return make(check, found, "各机器用 NTP 对时", "set the machines' clocks by NTP")


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
            yield _unreachable("sqlite", str(away))
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


def _examine(settings: Settings, file: Rulebook | None, database: Database) -> Iterator[CheckResult]:
    try:
        found = database.schema()
    except SQLAlchemyError as away:
        reason = str(getattr(away, "orig", away)).partition("\n")[0][:60]
        yield _unreachable(database.kind, reason)
        return
    yield _server(database)
    if found != SCHEMA:
        yield _wrong_schema(found)
        return
    yield good(SCHEMA_, same(found))
    with database.read() as tx:
        yield from _given_out(tx, settings)
        if database.kind == "postgresql":
            yield damage.examine_postgresql(tx)
            yield _session(tx)
            yield _durable(tx)
            yield clock(
                CLOCK, (tx.execute(select(func.clock_timestamp())).scalar_one() - datetime.now(UTC)).total_seconds()
            )
        yield _clocks(tx, settings)
        yield _in_force(tx, file)
        yield _keys(tx, settings)
        yield _waiting(tx)
        yield _quarantine(tx)
        yield _retests(tx)
        yield _seals(tx)
        yield people.names(tx)
        yield books.account_names(tx)
        yield books.addresses(tx)
        if (rulebook := file or rulebooks.in_force(tx)) is not None:
            yield people.work_in_hand(tx, rulebook)


def _given_out(tx: Tx, settings: Settings) -> Iterator[CheckResult]:
    """Tell when the database was put back by hand."""
    try:
        given_out.require_not_older(settings, tx)
    except DatabaseOlder as older:
        found = Wording(older.title("zh"), older.title("en"))
        yield bad(
            GIVEN_OUT, found, "停止全部进程，运行 dispatch restore --done", "stop all, run `dispatch restore --done`"
        )


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


def _clocks(tx: Tx, settings: Settings) -> CheckResult:
    """Check the clocks of the processes that live, as each has compared its own with the database's."""
    measured = {
        row.name: row.clock_ahead
        for row in heartbeats.alive(tx, database_time(tx))
        if row.clock_ahead is not None and abs(row.clock_ahead) >= LITTLE_AHEAD
    }
    if not measured:
        return good(CLOCKS, Wording("各进程的时钟一致", "those of all processes agree"))
    told = {name: offset(ahead) for name, ahead in sorted(measured.items())}
    found = Wording(
        "；".join(f"{name} {off.zh}" for name, off in told.items()),
        "; ".join(f"{name} {off.en}" for name, off in told.items()),
    )
    make = bad if any(abs(ahead) > settings.clock_limit for ahead in measured.values()) else doubtful
    return make(
        CLOCKS,
        found,
        f"各机器用 NTP 对时；相差超过 {settings.clock_limit:g} 秒的进程不工作，对准后自行恢复",
        f"set the machines' clocks by NTP: a process that is off by more than {settings.clock_limit:g} s does no work "
        "until its clock is right again",
    )


def _unreachable(kind: str, reason: str) -> CheckResult:
    found = same(f"{kind}: {reason}")
    if kind == "sqlite":
        return bad(
            DATABASE, found, "改正数据库文件及其目录的权限", "correct the permissions of the file and of its folder"
        )
    return bad(
        DATABASE, found, "启动数据库，或改正 DISPATCH_DATABASE_URL", "start it, or correct DISPATCH_DATABASE_URL"
    )


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


def _in_force(tx: Tx, file: Rulebook | None) -> CheckResult:
    version = rulebooks.latest(tx)
    if version is None:
        return doubtful(
            IN_FORCE,
            Wording("尚无", "none yet"),
            "启动 dispatch up 后即生效",
            "run `dispatch up`: the rules come into force when the first process starts",
        )
    if file is not None and file.version != version:
        why = rulebooks.obstacles(tx, file, rulebooks.in_force(tx), datetime.now(UTC))
        found = Wording(f"{version}，文件为 {file.version}", f"{version}, the file has {file.version}")
        if not why:
            return doubtful(
                IN_FORCE,
                found,
                "没有进程在运行，或它们还没有读到新文件：稍后再看",
                "no process runs, or none has read the new file yet: look again in a while",
            )
        others = len(why) - 1
        return doubtful(
            IN_FORCE,
            found,
            why[0].zh + (f"；另有 {others} 处，见 dispatch rules check" if others else ""),
            why[0].en + (f"; and {others} more, see `dispatch rules check`" if others else ""),
        )
    return good(IN_FORCE, same(version))


def _keys(tx: Tx, settings: Settings) -> CheckResult:
    """Check the keys' fingerprints, and decrypt a row of each column under each key that occurs in the database."""
    try:
        cipher = key_source.find(settings)
        if cipher is None and not encrypted.needs_keys(tx):
            return good(KEYS, Wording("尚不需要", "none needed yet"))
        check(tx, cipher, key_source.where(settings))
    except (KeysMissing, WrongKeys) as wrong:
        return bad(
            KEYS,
            _both(wrong),
            "从密钥的备份中取回：没有它们，证件号码、扫描件和照片不可读",
            "bring them back from where the keys are kept: without them identity numbers, scans and photos can't be "
            "read",
        )
    except DispatchError as wrong:
        return bad(
            KEYS,
            _both(wrong),
            "请设置 DISPATCH_FIELD_KEYS 与 DISPATCH_INDEX_KEY（首次用 dispatch keys 生成）",
            "set DISPATCH_FIELD_KEYS and DISPATCH_INDEX_KEY; for a new database `dispatch keys` makes them",
        )
    found = encrypted.look(tx)
    unread = sorted(
        f"{key}: {sample.column.name} {sample.row}"
        for key, samples in found.samples.items()
        for sample in samples
        if cipher is None or not encrypted.decrypts(tx, cipher, sample)
    )
    if unread:
        return bad(
            KEYS,
            Wording(f"读不出：{'、'.join(unread)}", f"can't be read: {', '.join(unread)}"),
            "换回写入时所用的密钥，或从备份恢复该行",
            "bring back the key with which it was written, or restore the row from a backup",
        )
    rows = "、".join(f"{key}（{count} 行）" for key, count in sorted(found.rows.items()))
    rows_en = ", ".join(f"{key} ({count} rows)" for key, count in sorted(found.rows.items()))
    return good(KEYS, Wording(f"能解密：{rows}", f"they decrypt: {rows_en}") if rows else Wording("已设置", "set"))


def _both(wrong: DispatchError) -> Wording:
    return Wording(wrong.sentence("zh"), wrong.sentence("en"))


def _waiting(tx: Tx) -> CheckResult:
    now = datetime.now(UTC)
    count, since = tx.execute(select(func.count(), func.min(hop.c.wake_at)).where(hops.OUTBOX.due(now))).one()
    waited = (now - since).total_seconds() if since else 0.0
    found = Wording(f"{count} 个待派，最久 {waited:.0f} 秒", f"{count} due, oldest {waited:.0f} s")
    if waited > OLDEST_DUE:
        return bad(
            WAITING,
            found,
            "中继或该班组的工作进程没有工作：见下方队列，或运行 dispatch up",
            "no relay sends them, or no worker takes them: see the queues below, or run `dispatch up`",
        )
    return good(WAITING, found)


def _quarantine(tx: Tx) -> CheckResult:
    quarantined = select(func.count()).where(hop.c.state == HopState.QUARANTINED)
    inside = tx.execute(quarantined).scalar_one()
    refused = effects.OUTBOX.target("quarantine")
    outside = tx.execute(select(func.count()).where(effect_table.c.state == refused)).scalar_one()
    found = Wording(f"{inside} 个环节，{outside} 个外部动作", f"{inside} hops, {outside} effects")
    if inside or outside:
        return doubtful(
            QUARANTINE,
            found,
            "查看 dispatch quarantine 与 dispatch effects，处理后放行",
            "look at `dispatch quarantine` and `dispatch effects`, then release them",
        )
    return good(QUARANTINE, found)


def _retests(tx: Tx) -> CheckResult:
    """Whether hops are on boards whose line couldn't be tested: the system that tests lines is away, or was."""
    waiting = retests.waiting(tx)
    if waiting.since is None:
        return good(RETESTS, Wording("没有", "none"))
    waited = (datetime.now(UTC) - waiting.since).total_seconds()
    return doubtful(
        RETESTS,
        Wording(f"{waiting.hops} 条，最久 {waited:.0f} 秒", f"{waiting.hops}, oldest {waited:.0f} s"),
        "线路测试系统不可用：查看该系统；恢复后自动补测，派单照常处理",
        "the system that tests lines is away: look after it. People work on without it, and the lines are tested when "
        "it is back",
    )


def _seals(tx: Tx) -> CheckResult:
    """Whether new rows of archive, history and audit trail get sealed. `archive verify` checks the seals themselves."""
    newest, late = seals.last(tx), seals.overdue(tx, datetime.now(UTC)).total_seconds()
    if newest is None:
        return good(SEALS, Wording("尚无", "none yet"))
    found = Wording(f"共 {newest.number} 个", f"{newest.number}")
    if late > SEALS_LATE:
        return bad(
            SEALS,
            Wording(f"{found.zh}，新行 {late:.0f} 秒未封存", f"{found.en}, new rows wait {late:.0f} s for one"),
            "中继没有工作：运行 dispatch up，或看 relay 的日志",
            "no relay seals: run `dispatch up`, or look at the relay's log",
        )
    return good(SEALS, found)

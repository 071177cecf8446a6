"""Every way in which a database refuses to work, in one table: what it is, whether it passes by itself, how it is told.

None of them is the fault of the request, the hop or the effect that met it. The web answers 503, the command line tells
a sentence, relay and workers wait. Sources: PostgreSQL, appendix A, "PostgreSQL Error Codes"; SQLite, "Result and
Error Codes".
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

from dispatch.domain.title import Wording
from dispatch.errors import DatabaseBusy, DatabaseUnavailable

SOON, LATER = 1, 10
"""Seconds after which a caller tries again."""


@dataclass(frozen=True, slots=True)
class DatabaseFault:
    """`is_busy`: the database works and is soon free again; otherwise somebody or something must mend it.

    `reconnects`: the connection is thrown away, since another one may find a database that works: the new primary after
    a switch-over, a file that was put back. `repeats`: a worker may do the same at once again when the database works;
    otherwise the work itself may be what the database can't do.
    """

    name: str
    why: Wording
    remedy: Wording
    is_busy: bool = False
    reconnects: bool = False
    repeats: bool = True

    @property
    def retry_after(self) -> int:
        """Seconds."""
        return SOON if self.is_busy else LATER

    def error(self) -> DatabaseBusy | DatabaseUnavailable:
        """The fault as an error with a stable code."""
        kind = DatabaseBusy if self.is_busy else DatabaseUnavailable
        return kind(why=self.why, remedy=self.remedy)


_WAIT = Wording("请稍后再试", "try again in a moment")

LOCKED = DatabaseFault(
    "locked", Wording("数据库正忙于别的写入", "the database is busy with another change"), _WAIT, True
)
CONFLICT = DatabaseFault("conflict", Wording("与别的改动冲突", "another change came in between"), _WAIT, True)
CROWDED = DatabaseFault(
    "crowded", Wording("数据库连接已满", "the database has no connection left"), _WAIT, is_busy=True
)
SLOW = DatabaseFault(
    "slow", Wording("数据库应答太慢", "the database took too long"), _WAIT, is_busy=True, repeats=False
)
STARTING = DatabaseFault(
    "starting", Wording("数据库正在启动", "the database is starting"), _WAIT, is_busy=True, reconnects=True
)
STOPPED = DatabaseFault(
    "stopped",
    Wording("数据库已停止或正在重启", "the database was stopped or is being restarted"),
    Wording("请等它启动", "wait until it has started"),
    reconnects=True,
)
AWAY = DatabaseFault(
    "away",
    Wording("数据库连不上", "the database is out of reach"),
    Wording("请启动它，或改正 DISPATCH_DATABASE_URL", "start it, or mend DISPATCH_DATABASE_URL"),
    reconnects=True,
)
NO_DATABASE = DatabaseFault(
    "no-database",
    Wording("数据库服务器上没有这个库", "the server has no database of that name"),
    Wording("请建好它，或改正 DISPATCH_DATABASE_URL 中的库名", "make it, or mend the name in DISPATCH_DATABASE_URL"),
    reconnects=True,
)
NOT_ENCRYPTED = DatabaseFault(
    "not-encrypted",
    Wording("与数据库的加密连接不成", "no encrypted connection to the database comes about"),
    Wording(
        "请检查服务器的 ssl 及证书，或改正 DISPATCH_DATABASE_URL 中的 sslmode、sslrootcert",
        "look at the server's ssl and certificate, or mend sslmode and sslrootcert in DISPATCH_DATABASE_URL",
    ),
    reconnects=True,
)
READ_ONLY = DatabaseFault(
    "read-only",
    Wording("数据库只读，不能保存", "the database is read-only"),
    Wording("请检查主备切换、数据库文件及其磁盘的权限", "look at the switch-over, or at its file and disk"),
    reconnects=True,
)
FULL = DatabaseFault(
    "full",
    Wording("数据库的磁盘已满，不能保存", "the database's disk is full"),
    Wording("请腾出空间", "make room there"),
    reconnects=True,
)
EXHAUSTED = DatabaseFault(
    "exhausted",
    Wording("数据库的内存或配额已用完", "the database has run out of memory or of what it may use"),
    Wording("请检查数据库的内存和配置", "look at its memory and its configuration"),
)
UNREADABLE = DatabaseFault(
    "unreadable",
    Wording("数据库读写磁盘出错", "the database can't read or write its disk"),
    Wording("请检查磁盘", "look at the disk"),
    reconnects=True,
)
NO_FILE = DatabaseFault(
    "no-file",
    Wording("数据库文件打不开", "the database's file can't be opened"),
    Wording("请检查该文件及其目录的权限", "check the permissions of the file and of its folder"),
    reconnects=True,
)
DAMAGED = DatabaseFault(
    "damaged",
    Wording("数据库已损坏", "the database is damaged"),
    Wording("请运行 dispatch doctor，并从备份恢复", "run `dispatch doctor` and restore a backup"),
    reconnects=True,
)
FORBIDDEN = DatabaseFault(
    "forbidden",
    Wording("数据库拒绝了本程序的用户", "the database refuses this program's user"),
    Wording("请检查该用户的密码和权限", "check the user's password and rights"),
    reconnects=True,
)
SCHEMA = DatabaseFault(
    "schema",
    Wording("数据库结构与本程序不符", "the database's schema isn't this program's"),
    Wording("请运行 dispatch migrate", "run `dispatch migrate`"),
)

OF_SQLSTATE: Mapping[str, DatabaseFault] = {
    "08": AWAY,
    "25006": READ_ONLY,
    "25P03": STOPPED,  # idle in a transaction for too long: the server closed the connection
    "28": FORBIDDEN,
    "3D000": NO_DATABASE,
    "3F000": SCHEMA,
    "40": CONFLICT,
    "42501": FORBIDDEN,
    "42703": SCHEMA,
    "42P01": SCHEMA,
    "53000": EXHAUSTED,
    "53100": FULL,
    "53200": EXHAUSTED,
    "53300": CROWDED,
    "53400": EXHAUSTED,
    "55P03": LOCKED,
    "57014": SLOW,
    "57P01": STOPPED,
    "57P02": STOPPED,
    "57P03": STARTING,
    "57P04": AWAY,  # the database was dropped
    "57P05": STOPPED,
    "58": UNREADABLE,
    "XX001": DAMAGED,
    "XX002": DAMAGED,
}
"""By SQLSTATE, or by its class, the first two characters."""

OF_SQLITE: Mapping[int, DatabaseFault] = {
    sqlite3.SQLITE_PERM: NO_FILE,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_NOMEM: EXHAUSTED,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR: UNREADABLE,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_CANTOPEN: NO_FILE,
    sqlite3.SQLITE_PROTOCOL: LOCKED,
    sqlite3.SQLITE_AUTH: FORBIDDEN,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}
"""By primary result code, the low byte of `sqlite_errorcode`."""

OF_SQLITE_EXTENDED: Mapping[int, DatabaseFault] = {
    sqlite3.SQLITE_IOERR_SHMSIZE: FULL,  # there is no room for the readers' marks, which even a reader needs
}
"""By the whole `sqlite_errorcode`, where it says something else than its primary code."""

_TOLD: tuple[tuple[re.Pattern[str], DatabaseFault], ...] = (
    (re.compile("starting up|not yet accepting connections"), STARTING),
    (re.compile("shutting down|terminating connection"), STOPPED),
    (re.compile("too many (clients|connections)|remaining connection slots"), CROWDED),
    (re.compile("authentication failed|no pg_hba.conf entry|permission denied"), FORBIDDEN),
    (re.compile('database ".*" does not exist'), NO_DATABASE),
    (re.compile("SSL was required|SSL error|certificate"), NOT_ENCRYPTED),
    (re.compile("session is (not )?read-only|server is in hot standby mode"), READ_ONLY),
    (re.compile("No space left on device"), FULL),
    (re.compile("no such (table|column)|has no column named"), SCHEMA),
)
"""By words, for errors without a code: libpq gives none when no connection comes about, and SQLite has one code for
everything that is wrong with a statement. A server that speaks another language is AWAY then, which waits as well."""


def database_fault(wrong: BaseException) -> DatabaseFault | None:
    """Classify SQLAlchemy's error. None: it is no fault of the database's but a mistake in the program."""
    if isinstance(wrong, TimeoutError):  # of the connection pool
        return CROWDED
    if not isinstance(wrong, DBAPIError):
        return None
    found = fault_of_driver(wrong.orig)
    if found is None and (wrong.connection_invalidated or _is_vague(wrong)):
        return AWAY
    return found


def _is_vague(wrong: DBAPIError) -> bool:
    """Whether the driver only says that something went wrong with the connection or the server."""
    code = getattr(wrong.orig, "sqlite_errorcode", None)
    return isinstance(wrong, OperationalError) and code != sqlite3.SQLITE_ERROR


def fault_of_driver(original: BaseException | None) -> DatabaseFault | None:
    """Classify psycopg's or sqlite3's error; None when it has no code and no words that the tables know."""
    state, code = getattr(original, "sqlstate", None), getattr(original, "sqlite_errorcode", None)
    if state is not None:
        return OF_SQLSTATE.get(state) or OF_SQLSTATE.get(state[:2])
    if code is not None and (fault := OF_SQLITE_EXTENDED.get(code) or OF_SQLITE.get(code & 0xFF)):
        return fault
    if code not in (None, sqlite3.SQLITE_ERROR):
        return None
    told = str(original)
    return next((fault for words, fault in _TOLD if words.search(told)), None)

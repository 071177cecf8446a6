"""备份与恢复: back up the database into one file while everything runs, and restore it.

The file holds neither the keys of identity numbers, which must be kept elsewhere, nor the effects that were delivered
after the backup. A restore begins a new epoch (`storage.epoch`), so that messages from before it are stale.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.exc import DatabaseError

from dispatch.domain.seal import Mark
from dispatch.domain.system_faults import is_full, system_fault
from dispatch.domain.title import Wording, same
from dispatch.errors import AlreadyRunning, BackupFailed, MissingPart, WouldOverwrite
from dispatch.runtime.supervisor import is_running
from dispatch.settings import Settings
from dispatch.storage import (
    access_of_backup,
    backup_checksum,
    effects,
    epoch,
    given_out,
    hops,
    key_source,
    keys_of_backup,
    postgresql_programs,
    retired_keys,
    seals,
    sequences,
)
from dispatch.storage.access_of_backup import Standing
from dispatch.storage.column_types import metadata
from dispatch.storage.database import SCHEMA, Database, Tx
from dispatch.storage.database_faults import FULL, fault_of_driver
from dispatch.storage.epoch import Begun
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.migration import migrate, require_installation
from dispatch.storage.tables import (  # noqa: F401 — they fill the metadata
    accounts,
    complaints,
    devices,
    keys,
    search,
    tickets,
)

OnBegin = Callable[[], object]

BACKING_UP = Wording("备份", "the backup")
DAMAGED_SINCE = Wording("文件在备份之后有损坏，校验和不符", "the file was damaged since: its checksum is another")
NO_BACKUP = Wording("它不是派单 SQLite 数据库的备份", "it is not a backup of a Paidan SQLite database")


@dataclass(frozen=True)
class NewEpoch(Begun):
    """The epoch that a restore began, and how many tokens it revoked."""

    tokens: int


@dataclass(frozen=True)
class Restored:
    """The outcome of a restore: the backup's schema, the new epoch, and the file to which the old SQLite database was
    moved, if any. `people`: the users whose password, roles or disabling the restore took back; None: the database
    that gave way couldn't tell. `keys`: the ids of the retired keys that came back because the backup needs them.
    `checksum`: the backup's, which was right; None: it carries none. `dropped`: tables gave way of which nothing is
    kept."""

    schema: str
    epoch: NewEpoch
    put_aside: Path | None
    people: list[str] | None
    keys: list[str]
    checksum: str | None
    dropped: bool


@dataclass(frozen=True)
class _GivingWay:
    """What the database that gives way knows: by sequence the last ids, and by name how each user may come in."""

    last_ids: Mapping[str, int]
    standings: Mapping[str, Standing]


@dataclass(frozen=True)
class Backup:
    """A backup's size in bytes, and the mark of the newest seal in it, to be kept elsewhere; None: it has no seal."""

    size: int
    mark: Mark | None


def backup(settings: Settings, target: Path) -> Backup:
    """Write the whole database as of one moment into a new file that only its owner may read.

    Raises NoInstallation, WouldOverwrite, MissingPart, BackupFailed, and then leaves no file.
    """
    if target.exists():
        raise WouldOverwrite(what=target, remedy=Wording("请换一个文件名", "name another file"))
    require_installation(settings)
    if not target.parent.is_dir():
        raise MissingPart(
            part=Wording(f"目录 {target.parent}", f"the folder {target.parent}"),
            remedy=Wording("请先建好它，或换一个目录", "make it first, or name another"),
        )
    with _opened(settings) as database:
        database.require_schema()
        with database.read() as tx:  # the file may have a newer one; this one it has
            newest = seals.last(tx)
    try:
        with _part(target) as part:
            if database.kind == "sqlite":
                _copy_sqlite(_file(settings), part)
            else:
                postgresql_programs.run(["pg_dump", "--format=custom", f"--file={part}"], make_url(settings.database))
            backup_checksum.append(part)
            with part.open("rb+") as written:
                os.fsync(written.fileno())
    except OSError as wrong:
        why = system_fault(wrong)
        raise BackupFailed(
            what=BACKING_UP, why=Wording(f"{target.parent}：{why.zh}", f"{target.parent}: {why.en}")
        ) from None
    return Backup(target.stat().st_size, newest.mark if newest else None)


def restore(
    settings: Settings,
    source: Path,
    now: datetime,
    replace: bool = False,
    begun: OnBegin = lambda: None,
    *,
    without_keys: bool = False,
) -> Restored:
    """Restore a backup, migrate it to this program's schema and begin a new epoch.

    With `replace` the present database gives way: a SQLite file is moved aside, tables in PostgreSQL are dropped.
    `begun` is called when the checks are over and the restore itself begins.
    The keys that the backup needs must be here, or among the retired ones, which come back then; unless `without_keys`
    says that they come later.
    Raises AlreadyRunning, WouldOverwrite, MissingPart, BackupFailed, KeysMissing, WrongKeys, and then changes nothing.
    """
    if not source.is_file():
        raise MissingPart(
            part=Wording(f"备份文件 {source}", str(source)),
            remedy=Wording("请给出 `dispatch backup` 所做的文件", "name a file that `dispatch backup` made"),
        )
    if is_running(settings):
        raise AlreadyRunning(pid=(settings.run / "up.lock").read_text() or "?", home=settings.root)
    try:
        checked_file = backup_checksum.check(source)
    except OSError as wrong:
        unread = system_fault(wrong)
        raise BackupFailed(what=_restoring(source), why=unread) from None
    if checked_file.is_damaged:
        raise BackupFailed(what=_restoring(source), why=DAMAGED_SINCE)
    giving_way = _giving_way(settings)
    brought_back: list[str] = []

    def checked() -> None:
        """The last check, before anything is replaced."""
        if not without_keys:
            brought_back.extend(_require_keys(settings, source))
        begun()

    put_aside, dropped = None, False
    if settings.database.startswith("sqlite"):
        put_aside = _restore_sqlite(_file(settings), source, checked_file.size, now, replace, checked)
    else:
        dropped = _restore_postgresql(settings, source, replace, checked)
    with _opened(settings) as database:
        found = database.schema() or "none"
        if found < SCHEMA:
            migrate(database)
        with database.write() as tx:
            new = new_epoch(tx, now, _given_out(settings, giving_way))
            people = access_of_backup.undone(tx, giving_way.standings) if giving_way else None
    return Restored(found, new, put_aside, people, brought_back, checked_file.written, dropped)


def new_epoch(tx: Tx, now: datetime, given: Mapping[str, int] | None = None) -> NewEpoch:
    """Begin a new epoch. Needed after every restore, also one by other means.

    Old messages become stale, and ids and names go on where none was given out before. All sessions end and all tokens
    are revoked: the backup may hold some that have been ended since. `given`: the last ids that another copy of
    the database gave out, by sequence.
    """
    begun = epoch.begin(tx, now, given)
    for outbox in (hops.OUTBOX, effects.OUTBOX):
        outbox.begin_epoch(tx, begun.base, now)
    return NewEpoch(begun.base, begun.mark, begun.first_ids, access_of_backup.close(tx, now))


def _require_keys(settings: Settings, source: Path) -> list[str]:
    """Require the keys of the backup, and bring back those that were retired since; return the ids of these.

    Raises KeysMissing, WrongKeys, BadSettings, BackupFailed, MissingPart.
    """
    where = key_source.where(settings)

    def dumped(table: str) -> Iterator[str]:
        words = ["pg_restore", "--data-only", f"--table={table}", "--file=-", str(source)]
        return postgresql_programs.lines(words, make_url(settings.database))

    def require(cipher: FieldCipher | None) -> None:
        if settings.database.startswith("sqlite"):
            keys_of_backup.require_for_sqlite(source, cipher, where)
        else:
            keys_of_backup.require_for_postgresql(dumped, cipher, where)

    return retired_keys.bring_back(settings, require)


def _giving_way(settings: Settings) -> _GivingWay | None:
    """What the database that gives way knows; None when there is none, or a damaged one that can't tell. The clock
    keeps ids from coming again then: `storage.sequences`."""
    if settings.database.startswith("sqlite") and not _file(settings).exists():
        return None
    try:
        with _opened(settings) as database:
            if database.schema() is None:
                return None
            with database.read() as tx:
                return _GivingWay(sequences.last_ids(tx), access_of_backup.standings(tx))
    except DatabaseError:
        return None


def _given_out(settings: Settings, giving_way: _GivingWay | None) -> Mapping[str, int]:
    """The last ids that the database that gives way knows, or that the relay wrote down."""
    noted, last = given_out.known(settings), giving_way.last_ids if giving_way else {}
    return {name: max(noted.get(name, 0), last.get(name, 0)) for name in noted.keys() | last.keys()}


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    """Open the database and close it at the end: an open connection could block `pg_restore`, say."""
    database = Database(settings.database)
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def _part(target: Path) -> Iterator[Path]:
    """Yield a temporary file beside the target. It becomes the target when the block ends; it is removed on error."""
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        part = folder / target.name
        part.touch(0o600)
        yield part
        part.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _file(settings: Settings) -> Path:
    return Path(make_url(settings.database).database or "")


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy the database in one read transaction: writers go on, and the copy doesn't hold what they write meanwhile."""
    with contextlib.closing(sqlite3.connect(source, timeout=30)) as live:
        target.unlink()
        os.close(os.open(target, os.O_CREAT | os.O_EXCL, 0o600))  # VACUUM fills an empty file, with its permissions
        try:
            live.execute("VACUUM INTO ?", (str(target),))
        except sqlite3.Error as wrong:
            fault = fault_of_driver(wrong)
            if fault is FULL:  # the copy's disk: the database itself is only read
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
            why = same(str(wrong)) if fault is None else fault.why
            raise BackupFailed(what=BACKING_UP, why=why) from None


def _restore_sqlite(file: Path, source: Path, size: int, now: datetime, replace: bool, begun: OnBegin) -> Path | None:
    _examine_sqlite(source)
    if file.exists() and not replace and _has_tickets(file):
        raise WouldOverwrite(what=file, remedy=Wording("加 --replace 则移到一旁", "with --replace it is put aside"))
    begun()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with _part(file.with_name(f"{file.name}.restoring")) as part:
            shutil.copyfile(source, part)
            os.truncate(part, size)  # the line of the checksum is the backup's, not the database's
    except OSError as wrong:
        why, place = system_fault(wrong), file.parent if is_full(wrong) else wrong.filename or source
        raise BackupFailed(what=_restoring(source), why=Wording(f"{place}：{why.zh}", f"{place}: {why.en}")) from None
    put_aside = None
    if file.exists():
        put_aside = file.with_name(f"{file.name}.before-{now:%Y%m%dT%H%M%SZ}")
        whole = _fold(file)
        file.rename(put_aside)
        log = file.with_name(f"{file.name}-wal")
        if not whole and log.exists():
            log.rename(put_aside.with_name(f"{put_aside.name}-wal"))
    for leftover in ("-wal", "-shm"):
        file.with_name(file.name + leftover).unlink(missing_ok=True)
    file.with_name(f"{file.name}.restoring").rename(file)
    return put_aside


def _fold(file: Path) -> bool:
    """Move the write-ahead log into the database file, so that the file alone holds everything. False: the file is
    damaged, and the log stays beside it."""
    try:
        with contextlib.closing(sqlite3.connect(file)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError:
        return False
    return True


def _examine_sqlite(source: Path) -> None:
    """Raises BackupFailed unless the file is an undamaged database of Paidan with a schema that this program knows."""
    if cut := _cut_off(source):
        raise BackupFailed(what=_restoring(source), why=cut)
    try:
        with contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as kept:
            sound = kept.execute("PRAGMA integrity_check").fetchone()[0]
            (schema,) = kept.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError:
        raise BackupFailed(what=_restoring(source), why=NO_BACKUP) from None
    if sound != "ok":
        raise BackupFailed(what=_restoring(source), why=Wording("文件已损坏", "the file is damaged"))
    if schema > SCHEMA:
        newer = Wording(
            f"其数据库结构 {schema} 比本程序的 {SCHEMA} 新",
            f"its schema {schema} is newer than this program's {SCHEMA}",
        )
        raise BackupFailed(what=_restoring(source), why=newer)


def _cut_off(source: Path) -> Wording | None:
    """Why an SQLite file that lacks its end can't be restored; None: it doesn't lack it, or isn't one at all.

    The header tells how many pages there are: https://www.sqlite.org/fileformat2.html.
    """
    size = source.stat().st_size
    with source.open("rb") as given:
        header = given.read(100)
    if not header:
        return Wording("文件是空的", "the file is empty")
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        return None
    page = int.from_bytes(header[16:18], "big")
    whole = (65_536 if page == 1 else page) * int.from_bytes(header[28:32], "big")
    if size >= whole:
        return None
    return Wording(
        f"文件不完整：{size} 字节，应有 {whole} 字节以上，请重新复制",
        f"the file is incomplete: {size} bytes of at least {whole}, copy it again",
    )


def _restoring(source: Path) -> Wording:
    return Wording(f"恢复 {source} ", f"restoring {source}")


def _has_tickets(file: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as there:
            return bool(there.execute("SELECT EXISTS (SELECT 1 FROM ticket)").fetchone()[0])
    except sqlite3.DatabaseError:
        return file.stat().st_size > 0


def _restore_postgresql(settings: Settings, source: Path, replace: bool, begun: OnBegin) -> bool:
    """Restore in one transaction: on failure the database is as before. Return whether tables that were there gave
    way."""
    with _opened(settings) as database:
        there = database.schema()
        if there is not None and not replace:
            raise WouldOverwrite(
                what=Wording("派单的数据库", "a database of Paidan"),
                remedy=Wording("请恢复到空库，或加 --replace", "restore into an empty one, or with --replace"),
            )
        giving_way = [] if there is None else list(_drops(database))
    begun()
    postgresql_programs.restore(source, make_url(settings.database), giving_way)
    return there is not None


_TRIGGERED = """
SELECT DISTINCT tgfoid::regprocedure::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = 'public'::regnamespace AND relname = ANY(:tables) AND NOT tgisinternal ORDER BY 1
"""
"""A query for the functions that the triggers of these tables call."""


def _drops(database: Database) -> Iterator[str]:
    """Statements that drop all of our tables, and the functions of their triggers. An older dump knows nothing of what
    came later: of tables and of foreign keys between the ones that it replaces. The migrations make them anew."""
    tables = sorted(metadata.tables)
    with database.read() as tx:
        functions = tx.execute(text(_TRIGGERED), {"tables": tables}).scalars().all()
    yield from (f'DROP TABLE IF EXISTS public."{name}" CASCADE' for name in tables)
    yield from (f"DROP FUNCTION {function}" for function in functions)

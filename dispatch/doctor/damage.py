"""The check of the database for damage: what a failing disk, a cut copy or another program did to its pages."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

from sqlalchemy import make_url, text

from dispatch.doctor.finding import CheckResult, bad, doubtful, good
from dispatch.domain.title import Title, Wording
from dispatch.storage.database import Tx
from dispatch.storage.database_faults import DAMAGED, fault_of_driver

DAMAGE = Title("数据库完好", "damage")

LONGEST_SECONDS = 20.0
"""Time for which an SQLite file is examined. A gigabyte takes some seconds."""
STEPS = 10_000
"""Steps of SQLite's machine between two looks at the clock: some milliseconds."""

RESTORE = Wording(
    "先停止 dispatch up，复制现有文件留存，再用 dispatch restore 备份文件 --replace 恢复；并检查磁盘",
    "stop `dispatch up`, keep a copy of the file, then `dispatch restore BACKUP --replace`; and look at the disk",
)


def examine_sqlite(url: str) -> CheckResult:
    """Read the whole file as far as LONGEST_SECONDS go. It changes nothing and stops nobody."""
    file = Path(make_url(url).database or "")
    size = f"{file.stat().st_size / 1e6:.0f} MB"
    ends = time.monotonic() + LONGEST_SECONDS
    immutable = "" if Path(f"{file}-wal").exists() else "&immutable=1"  # as `Database` with `read_only`
    where = f"{file.absolute().as_uri()}?mode=ro{immutable}"
    try:
        with contextlib.closing(sqlite3.connect(where, uri=True)) as examined:
            examined.set_progress_handler(lambda: time.monotonic() > ends, STEPS)
            (found,) = examined.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as wrong:
        if getattr(wrong, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            return _too_large(file, size)
        if fault_of_driver(wrong) is not DAMAGED:
            raise
        found = str(wrong)
    if found != "ok":
        first = found.partition("\n")[0].removeprefix("*** in database main ***").strip() or found.replace("\n", " ")
        return damaged(Wording(f"{file}：已损坏：{first}", f"{file} is damaged: {first}"))
    return good(DAMAGE, Wording(f"未发现损坏（{size}）", f"none found ({size})"))


def examine_postgresql(tx: Tx) -> CheckResult:
    """Ask for the pages whose checksum was wrong when they were read. A server without checksums counts none."""
    query = "SELECT checksum_failures, checksum_last_failure FROM pg_stat_database WHERE datname = current_database()"
    failures, last = tx.execute(text(query)).one()
    if failures is None:
        return doubtful(
            DAMAGE,
            Wording("服务器没有开启校验，不作统计", "not counted: the server's data checksums are off"),
            "损坏的页不会被发现：停机时运行 pg_checksums --enable",
            "a damaged page would go unnoticed: stop the server and run pg_checksums --enable",
        )
    if failures:
        return bad(
            DAMAGE,
            Wording(
                f"{failures} 页校验失败，最近一次 {last:%Y-%m-%d %H:%M} UTC",
                f"{failures} pages failed their checksum, last at {last:%Y-%m-%d %H:%M} UTC",
            ),
            "检查磁盘和内存，并从备份恢复；确认修复后用 pg_stat_reset() 清零",
            "look at disk and memory, and restore a backup; after the repair reset the count with pg_stat_reset()",
        )
    return good(DAMAGE, Wording("没有校验失败的页", "no page has failed its checksum"))


def damaged(found: Wording) -> CheckResult:
    return bad(DAMAGE, found, RESTORE.zh, RESTORE.en)


def _too_large(file: Path, size: str) -> CheckResult:
    return doubtful(
        DAMAGE,
        Wording(
            f"{LONGEST_SECONDS:.0f} 秒内未发现损坏，但没有查完（{size}）",
            f"none found in {LONGEST_SECONDS:.0f} s, which is not all of it ({size})",
        ),
        f"空闲时查完：sqlite3 -readonly {file} 'PRAGMA quick_check'",
        f"examine all of it in a quiet hour: sqlite3 -readonly {file} 'PRAGMA quick_check'",
    )

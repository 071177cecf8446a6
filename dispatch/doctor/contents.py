"""The checks of what the database holds: the numbers given out, the rules, the keys, the work, the seals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import func, select

from dispatch.doctor.finding import CheckResult, bad, doubtful, good
from dispatch.domain.ticket import HopState
from dispatch.domain.title import Title, Wording, same
from dispatch.errors import DatabaseOlder, DispatchError, KeysMissing, WrongKeys
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings
from dispatch.storage import append_only, effects, encrypted, given_out, hops, key_source, retests, rulebooks, seals
from dispatch.storage.database import Tx
from dispatch.storage.open_keys import check
from dispatch.storage.tables.accounts import effect as effect_table
from dispatch.storage.tables.tickets import hop

GIVEN_OUT = Title("已发编号", "ids given out")
IN_FORCE = Title("现行规则", "rules in force")
KEYS = Title("证件密钥", "keys")
WAITING = Title("待派", "hops due")
QUARANTINE = Title("隔离区", "quarantine")
RETESTS = Title("待补测", "lines to test again")
SEALS = Title("封存", "seals")
APPEND_ONLY = Title("只增不改的表", "append-only tables")

SEALS_LATE = 600.0
"""Seconds for which rows may wait for their seal."""
OLDEST_DUE = 60.0
"""Seconds for which a hop may be due; after that something is wrong with the relay or the workers."""


def examine(tx: Tx, settings: Settings, file: Rulebook | None) -> Iterator[CheckResult]:
    """Check the contents; `file` is the rulebook read from the rules file, None when that file has faults."""
    yield from _given_out(tx, settings)
    yield _in_force(tx, file)
    yield _keys(tx, settings)
    yield _waiting(tx)
    yield _quarantine(tx)
    yield _retests(tx)
    yield _seals(tx)
    yield _append_only(tx)


def _given_out(tx: Tx, settings: Settings) -> Iterator[CheckResult]:
    """Tell when the database was put back by hand."""
    try:
        given_out.require_not_older(settings, tx)
    except DatabaseOlder as older:
        facts = older.facts
        found = Wording(
            f"数据库被退回过：{facts['sequence']} 库中 {facts['found']}，已发 {facts['given']}",
            f"the database went back: {facts['sequence']} is at {facts['found']}, given out was {facts['given']}",
        )
        yield bad(
            GIVEN_OUT, found, "停止全部进程，运行 dispatch restore --done", "stop all, run `dispatch restore --done`"
        )


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
            _amiss(wrong),
            "从密钥的备份中取回，retired.keys 中的由 dispatch keys show 取回：没有它们，证件号码、扫描件、照片不可读",
            "bring them back from where the keys are kept; what is in retired.keys, `dispatch keys show` brings back. "
            "Without them identity numbers, scans and photos can't be read",
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
    rows_en = ", ".join(f"{key} ({count} row{'s' if count != 1 else ''})" for key, count in sorted(found.rows.items()))
    return good(KEYS, Wording(f"能解密：{rows}", f"they decrypt: {rows_en}") if rows else Wording("已设置", "set"))


def _amiss(wrong: KeysMissing | WrongKeys) -> Wording:
    """What is amiss with the keys, without what their error says of the command that it ended."""
    if isinstance(wrong, KeysMissing):
        named = wrong.named
        return Wording(f"{wrong.where.text('zh')} 中缺少 {'、'.join(named)}", f"{wrong.where} lacks {', '.join(named)}")
    found, expected = wrong.found, wrong.expected
    return Wording(
        f"{wrong.where.text('zh')} 中的 {wrong.key} 不是这个数据库的：指纹为 {found}，应为 {expected.text('zh')}",
        f"{wrong.where}: {wrong.key} is not this database's: its fingerprint is {found}, needed is {expected}",
    )


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
    return good(
        SEALS,
        Wording(
            f"{found.zh}，都及时；此处不核对，见 dispatch archive verify",
            f"{found.en}, made in time; not verified here: `dispatch archive verify`",
        ),
    )


def _append_only(tx: Tx) -> CheckResult:
    """Whether the database still refuses to change history."""
    open_ones = append_only.unguarded(tx)
    if not open_ones:
        return good(APPEND_ONLY, Wording("触发器都在", "all triggers are there"))
    return bad(
        APPEND_ONLY,
        Wording(f"可以改动：{'、'.join(open_ones)}", f"can be changed: {', '.join(open_ones)}"),
        "有人删除或停用了触发器：用 dispatch archive verify 核对，再从备份恢复",
        "somebody dropped or disabled a trigger: run `dispatch archive verify`, then restore a backup",
    )

"""`dispatch archive verify`: check the seals over archive records, history and audit entries."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from dispatch.cli.context import closed_with_command
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import AsJson
from dispatch.cli.output import give, note, out
from dispatch.domain.seal import Mark, Source, read_marks
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, MissingPart
from dispatch.seals.verification import Difference, Flaw, Verdict, verify
from dispatch.settings import load_settings
from dispatch.storage.database import Database
from dispatch.storage.migration import require_installation

archive = Commands()

SHOWN = 20
"""Differences that a person is shown; `--json` has all."""

_WORDS: dict[Flaw, Wording] = {
    Flaw.CHANGED: Wording("已被改动", "was changed"),
    Flaw.MISSING: Wording("已不存在", "is gone"),
    Flaw.ADDED: Wording("未封存，而其后的已封存：是后来插入的", "has no seal, though later rows have: it was added"),
    Flaw.SEAL: Wording("与其条目不符：封存本身或其条目被改动", "doesn't fit its items: it or one of them was changed"),
    Flaw.CHAIN: Wording("与前一封存不相接：有封存缺失或被替换", "doesn't follow the one before: one is gone or new"),
    Flaw.MARK: Wording("与所保存的印记不符：其前的行被重写", "isn't the mark's: what lies before was rewritten"),
    Flaw.FORK: Wording("的印记早于一次恢复，恢复时已丢弃", "of the mark was taken back by a restore since"),
}


@archive.command(
    "verify",
    help=text(
        "重算全部封存；有出入则指出第一处并以状态 1 退出。",
        "All seals are computed anew; whatever differs is told, and the exit status is then 1.",
    ),
)
def check(
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="MARK|FILE",
            help=text(
                "库外保存的印记，或含有印记的文件（日志、备份报告、SQLite 备份）",
                "a mark kept outside, or a file with some: a log, a backup's report, a SQLite backup",
            ),
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check everything that is sealed, against marks kept outside when there are any."""
    settings = load_settings()
    require_installation(settings)
    marks = list(dict.fromkeys(mark for each in against or () for mark in _marks(each)))
    database = closed_with_command(Database(settings.database))
    database.require_schema()
    verdict = verify(database, marks, _progress)
    give(as_json, _plain(verdict), lambda: _show(verdict))
    if not verdict.is_intact:
        raise typer.Exit(1)


def _progress(done: int, of: int) -> None:
    if done and done % 200 == 0:
        note(f"已核对 {done}/{of} 个封存 …", f"{done} of {of} seals checked …")


def _marks(given: str) -> list[Mark]:
    """The marks that are given: one, or those in a file. Raises BadInput, MissingPart."""
    if found := read_marks(given):
        return found
    file = Path(given)
    try:
        content = file.read_bytes()
    except OSError:
        raise MissingPart(
            part=Wording(f"印记或文件 {given}", f"the mark or file {given}"),
            remedy=Wording(
                "印记写作 代次/序号/64位十六进制数", "a mark is written EPOCH/NUMBER/ROOT, the root being 64 hex digits"
            ),
        ) from None
    found = (
        _of_backup(file) if content.startswith(b"SQLite format 3\0") else read_marks(content.decode(errors="replace"))
    )
    if not found:
        raise BadInput(what=Wording(f"{given} 中没有印记", f"there is no mark in {given}"))
    return found


def _of_backup(file: Path) -> list[Mark]:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as there:
        try:
            rows = there.execute("SELECT epoch, number, root FROM seal ORDER BY number").fetchall()
        except sqlite3.Error:
            return []
    return [Mark(*row) for row in rows]


def _plain(verdict: Verdict) -> dict[str, object]:
    return {
        "intact": verdict.is_intact,
        "seals": verdict.seals,
        "rows": verdict.rows,
        "unsealed": verdict.unsealed,
        "newest": str(verdict.newest) if verdict.newest else None,
        "first_seal": verdict.first_seal,
        "differences": [{"kind": each.kind, "seal": each.seal, "row": each.row} for each in verdict.differences],
        "restored_at": verdict.restored_at,
        "proven": [str(mark) for mark in verdict.proven],
    }


def _show(verdict: Verdict) -> None:
    out.print(
        text(
            f"{verdict.seals} 个封存，{verdict.rows} 行；另有 {verdict.unsealed} 行待封存",
            f"seals: {verdict.seals}, rows sealed: {verdict.rows}, rows to be sealed next: {verdict.unsealed}",
        )
    )
    for number in verdict.restored_at:
        out.print(text(f"封存 {number} 起为恢复之后", f"seal {number} is the first after a restore"))
    for each in verdict.differences[:SHOWN]:
        out.print(f"✗ {_sentence(each)}", style="red")
    if len(verdict.differences) > SHOWN:
        more = len(verdict.differences) - SHOWN
        out.print(text(f"… 另有 {more} 处，见 --json", f"… and {more} more: see --json"), style="red")
    out.print(_summary(verdict))


def _sentence(each: Difference) -> str:
    said = _WORDS[each.kind]
    if each.row is None:
        return text(f"封存 {each.seal} {said.zh}", f"seal {each.seal} {said.en}")
    where = f" (seal {each.seal})" if each.seal else ""
    place = f"（封存 {each.seal}）" if each.seal else ""
    source, _, which = each.row.partition(" ")
    kind = Source(source).label
    return text(f"{kind.zh} {which}{place}{said.zh}", f"{kind.en} {which}{where} {said.en}")


def _summary(verdict: Verdict) -> str:
    """What the check proves, and what it doesn't."""
    if not verdict.is_intact:
        first = verdict.first_seal
        place = text(f"，第一处在封存 {first}", f", the first in seal {first}") if first else ""
        count = len(verdict.differences)
        return text(
            f"不完整：{count} 处出入{place}", f"not intact: {count} difference{'s' if count > 1 else ''}{place}"
        )
    if verdict.proven:
        last = max(verdict.proven, key=lambda mark: mark.number)
        return text(
            f"完整。已证明：自印记 {last.number} 记下之后，封存 {last.number} 及以前的各行无一改动、删除。\n"
            f"未证明：其后的封存未被重写，除非另存有更新的印记；封存前所写内容属实。",
            f"intact. Proven: since mark {last.number} was kept, no row of seal {last.number} or before it was changed "
            f"or removed.\nNot proven: that later seals weren't rewritten, unless a newer mark is kept; that what was "
            f"written before it was sealed is true.",
        )
    told = text(
        "完整：无一行被意外或不知情者改动、删除。\n"
        "未证明：有全部写权限的人没有连同封存一起重写。请在库外保存印记，并用 --against 核对。",
        "intact: no row was changed or removed by accident, or by somebody who doesn't know of the seals.\n"
        "Not proven: that nobody with write access to everything rewrote the rows and the seals. Keep a mark outside "
        "and check it with --against.",
    )
    return told + (text(f"\n现印记：{verdict.newest}", f"\nNewest mark: {verdict.newest}") if verdict.newest else "")

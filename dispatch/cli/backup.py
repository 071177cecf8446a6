"""`dispatch backup`, `dispatch restore`: the database as one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dispatch.cli.context import closed_with_command, now
from dispatch.cli.framework import Commands
from dispatch.cli.keys_brought_back import brought_back, words_for_brought_back
from dispatch.cli.language import text
from dispatch.cli.options import AsJson
from dispatch.cli.output import give, note
from dispatch.domain.kind import Kind
from dispatch.domain.numbers import invoice_number, slip_serial, ticket_number
from dispatch.settings import load_settings
from dispatch.storage import given_out
from dispatch.storage.database import Database
from dispatch.storage.epoch import Begun
from dispatch.storage.migration import require_installation

app = Commands()


@app.command(
    help=text("不含证件密钥，请另行保管。", "The keys of identity numbers are not in it: keep them elsewhere.")
)
def backup(
    target: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help=text("新文件，仅属主可读", "a new file; only its owner may read it"),
            show_default=False,
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """The whole database as it is at one moment, without the keys."""
    from dispatch import backup as backups

    note("备份中 …", "backing up …")
    made = backups.backup(load_settings(), target)
    mark = str(made.mark) if made.mark else None
    told = text(
        f"{target}：已备份，{made.size / 1e6:.1f} MB\n不含证件密钥，请另行保管",
        f"{target}: backed up, {made.size / 1e6:.1f} MB\n"
        "The keys of identity numbers are not in it: keep them elsewhere",
    )
    if mark:
        told += text(f"\n封存印记（请保存在库外）：{mark}", f"\nmark of the newest seal, to keep elsewhere: {mark}")
    give(as_json, {"act": "backup", "file": str(target), "bytes": made.size, "mark": mark}, told)


@app.command(
    help=text(
        "恢复后开始新的代次：此前的消息一律作废，所有人须重新登录。",
        "A new epoch begins: messages of before are refused, all sign in again.",
    )
)
def restore(
    source: Annotated[
        Path | None, typer.Argument(metavar="FILE", help=text("dispatch backup 所存", "of `dispatch backup`"))
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help=text(
                "替换现有数据库：SQLite 另存一份，PostgreSQL 不保留，请先备份",
                "replace what is there now: SQLite is put aside, PostgreSQL keeps nothing of it (back it up first)",
            ),
        ),
    ] = False,
    done: Annotated[
        bool,
        typer.Option(
            "--done",
            help=text("已用其他办法恢复，只开始新代次", "it was restored by other means: only begin the epoch"),
        ),
    ] = False,
    without_keys: Annotated[
        bool,
        typer.Option(
            "--without-keys",
            help=text("证件密钥稍后再放回，先恢复数据", "restore although the keys of the backup are not here yet"),
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup back, with everything stopped."""
    from dispatch import backup as backups

    settings = load_settings()
    if done is (source is not None):
        raise typer.BadParameter(
            text("请给出 FILE，或在已恢复后用 --done", "name a FILE, or give --done after a restore by other means")
        )
    facts: dict[str, object] = {"act": "restore"}
    lines, people = [], None
    if source is None:
        require_installation(settings)
        database = closed_with_command(Database(settings.database))
        database.require_schema()
        with database.write() as tx:
            epoch = backups.new_epoch(tx, now(), given_out.known(settings))
        facts["keys"] = brought = brought_back(settings, database)
        lines.append(words_for_brought_back(brought))
    else:
        restored = backups.restore(
            settings,
            source,
            now(),
            replace,
            lambda: None if as_json else note("恢复中 …", "restoring …"),
            without_keys=without_keys,
        )
        epoch, people = restored.epoch, restored.people
        aside = restored.put_aside
        facts |= {"schema": restored.schema, "put_aside": aside and str(aside), "people": people, "keys": restored.keys}
        facts |= {"checksum": restored.checksum, "dropped": restored.dropped}
        lines.append(text(f"已恢复，原结构版本 {restored.schema}", f"restored from schema {restored.schema}"))
        if aside:
            lines.append(text(f"原数据库另存为 {aside}", f"what was there is kept as {aside}"))
        if restored.dropped:
            lines.append(
                text("原来的表已删除，没有另存", "the tables that were there are gone: nothing of them is kept")
            )
        lines.append(
            text("备份文件完好（SHA-256 相符）", "the backup's checksum is right (SHA-256)")
            if restored.checksum
            else text(
                "备份不带校验和（旧版本所存，或文件被截断）：请用 dispatch archive verify 核对",
                "the backup carries no checksum (an earlier release made it, or its end is cut off):\n"
                "check it with `dispatch archive verify`",
            )
        )
        lines.append(words_for_brought_back(restored.keys))
    lines += [
        text(
            f"代次 {epoch.base}（{epoch.mark}）：此前的消息一律作废，所有人须重新登录",
            f"epoch {epoch.base} ({epoch.mark}): earlier messages are refused, all sign in again",
        ),
        _numbers(epoch),
        _tokens(epoch.tokens),
        _people(people),
    ]
    told = {"epoch": epoch.base, "mark": epoch.mark, "first_ids": dict(epoch.first_ids), "tokens": epoch.tokens}
    give(as_json, facts | told, "\n".join(filter(None, lines)))


def _tokens(revoked: int) -> str:
    if not revoked:
        return ""
    return text(
        f"接口令牌已全部吊销（{revoked} 个），请重新发放", f"all API tokens are revoked ({revoked}): make new ones"
    )


def _people(undone: list[str] | None) -> str:
    """Whose password, roles or disabling went back; None: nobody can tell."""
    if undone is None:
        return text(
            "备份之后改过的密码、角色和停用均已退回，请逐一核对",
            "passwords, roles and disabling are as in the backup again: check them",
        )
    if not undone:
        return ""
    return text(
        f"以下用户的密码、角色或停用已退回备份时，请核对：{'、'.join(undone)}",
        f"password, roles or disabling went back to the backup's, check: {', '.join(undone)}",
    )


def _numbers(epoch: Begun) -> str:
    """Where the numbers go on that people are told."""
    first = epoch.first_ids
    fault = ticket_number(Kind.FAULT, first["ticket"])
    slip, invoice = slip_serial(first["operation"]), invoice_number(first["invoice"])
    return text(
        f"编号不会重复：工单自 {fault}、受理单自 {slip}、发票自 {invoice} 起",
        f"no number comes twice: faults go on at {fault},\nslips at {slip}, invoices at {invoice}",
    )

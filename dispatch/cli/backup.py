"""`dispatch backup`, `dispatch restore`: the database as one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dispatch.cli.context import now
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.output import out
from dispatch.settings import load_settings
from dispatch.storage.database import Database

app = Commands()


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="a new file; only its owner may read it")],
) -> None:
    """备份 · the whole database as it is at one moment, while everything runs; without the keys: keep them apart."""
    from dispatch import backup as backups

    size = backups.backup(load_settings(), target)
    out.print(f"{target}: 已备份 · backed up, {size / 1e6:.1f} MB", soft_wrap=True)
    out.print("不含证件密钥,请另行保管 · the keys of identity numbers are not in it: keep them elsewhere")


@app.command()
def restore(
    source: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="of `dispatch backup`")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="what is there now goes")] = False,
    done: Annotated[bool, typer.Option("--done", help="it was restored by other means: only begin the epoch")] = False,
) -> None:
    """恢复 · put a backup back, with everything stopped. A new epoch begins: messages of before count no more."""
    from dispatch import backup as backups

    settings = load_settings()
    if done is (source is not None):
        raise typer.BadParameter(
            text(
                "请给出 FILE，或在以其他方式恢复后加 --done",
                "name a FILE, or give --done after a restore by other means",
            )
        )
    if source is None:
        database = Database(settings.database)
        database.require_schema()
        with database.write() as tx:
            number = backups.new_epoch(tx, now())
    else:
        restored = backups.restore(settings, source, now(), replace)
        number = restored.epoch
        out.print(f"已恢复 · restored from schema {restored.schema}")
        if restored.put_aside:
            out.print(f"原数据库存为 · what was there is kept as {restored.put_aside}", soft_wrap=True)
    out.print(
        f"代次 epoch {number}: 此前的消息一律作废,所有人须重新登录 · earlier messages are refused, all sign in again"
    )
    out.print("备份之后吊销的令牌又有效,请核对 dispatch user tokens · tokens revoked since the backup are valid again")

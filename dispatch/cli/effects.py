"""`dispatch effects`: what the world outside was asked and hasn't confirmed; releasing what is in quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from dispatch import effects as leave
from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.options import As, AsJson, InRole
from dispatch.cli.output import local, out, show_json, span, table
from dispatch.domain.effect import EffectState, Port
from dispatch.storage import effects as stored
from dispatch.storage.account_rows import EffectCountRow, EffectLine
from dispatch.storage.rows import as_dict

effects = Commands(
    help="外部动作 · what is asked of the world outside", invoke_without_command=True, no_args_is_help=False
)

PORT = {Port.PROVISIONING: "服务开通", Port.SMS: "短信", Port.PRINTING: "打印"}
STATE = {
    EffectState.DUE: "待发 due",
    EffectState.SENT: "[cyan]已发 sent[/]",
    EffectState.RECEIVED: "[cyan]办理中 received[/]",
    EffectState.QUARANTINED: "[bold red]隔离 quarantined[/]",
}


@effects.callback()
def unconfirmed(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 30,
    as_json: AsJson = False,
) -> None:
    """外部动作 · what isn't confirmed yet, the oldest first; `dispatch effects release ID` tries one afresh."""
    if context.invoked_subcommand:
        return
    with open_desk().database.read() as tx:
        counts, rows = stored.counts(tx), stored.unconfirmed(tx, limit)
    if as_json:
        show_json({"counts": [_count_json(row) for row in counts], "unconfirmed": [as_dict(row) for row in rows]})
        return
    if not counts:
        out.print("外部动作均已确认 · every outside effect is confirmed")
        return
    out.print(_counts(counts))
    out.print(_listed(rows))
    if len(rows) == limit:
        out.print(f"[dim]只列出前{limit}条 · the first {limit} only, see --limit[/]")


@effects.command()
def release(
    ids: Annotated[list[int], typer.Argument(metavar="ID…", help="as `dispatch effects` lists them")],
    name: As = "",
    role: InRole = "",
) -> None:
    """放行 · out of the quarantine, tried afresh; all of them or none."""
    desk = open_desk()
    actor = desk.actor(name, role)
    with desk.database.write() as tx:
        keys = [leave.release(tx, effect_id, actor, now()) for effect_id in ids]
    for key in keys:
        out.print(f"{key}: 已放行 · released")


def _counts(rows: Sequence[EffectCountRow]) -> Table:
    shown = table("外部动作 Outside effects, not yet confirmed")
    for heading in ("去向 To", "状态 State"):
        shown.add_column(heading, no_wrap=True)
    for heading in ("数量 Count", "最久 Oldest"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        shown.add_row(_port(row), STATE[EffectState(row.state)], str(row.number), _age(row.oldest))
    return shown


def _count_json(row: EffectCountRow) -> dict[str, object]:
    return {"port": row.port, "state": row.state, "count": row.number, "oldest": row.oldest}


def _listed(rows: Sequence[EffectLine]) -> Table:
    shown = table()
    shown.add_column("编号\nId", justify="right", no_wrap=True)
    shown.add_column("动作\nEffect", overflow="fold")
    shown.add_column("状态\nState", no_wrap=True)
    shown.add_column("登记\nBooked", no_wrap=True)
    shown.add_column("失败\nFailed", justify="right", no_wrap=True)
    shown.add_column("原因\nWhy", overflow="fold")
    for row in rows:
        state, booked = STATE[EffectState(row.state)], local(row.made_at, "%m-%d %H:%M")
        shown.add_row(str(row.id), row.key, state, booked, str(row.failures or "·"), row.failure or "")
    return shown


def _port(row: EffectCountRow) -> str:
    return f"{PORT[Port(row.port)]} {row.port}"


def _age(since: datetime) -> str:
    return span((now() - since).total_seconds())

"""`dispatch effects`: what the world outside was asked and hasn't confirmed; releasing what is in quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from dispatch import effects as leave
from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole
from dispatch.cli.output import give, local, note_limit, out, said, span, table
from dispatch.domain.effect import EffectState, Port
from dispatch.storage import effects as stored
from dispatch.storage.effect_rows import EffectCountRow, EffectLine
from dispatch.storage.rows import as_dict

effects = Commands(invoke_without_command=True, no_args_is_help=False)

COLOUR = {EffectState.SENT: "cyan", EffectState.RECEIVED: "cyan", EffectState.QUARANTINED: "bold red"}


@effects.callback(help="")
def unconfirmed(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1000, help=text("最多列出", "at most"))] = 30,
    as_json: AsJson = False,
) -> None:
    """List the effects that aren't confirmed yet, the oldest first."""
    if context.invoked_subcommand:
        return
    with open_desk().database.read() as tx:
        counts, rows = stored.counts(tx), stored.unconfirmed(tx, limit)

    def show() -> None:
        if not counts:
            out.print(text("外部动作均已确认", "every outside effect is confirmed"))
            return
        out.print(_counts(counts))
        out.print(_listed(rows))
        note_limit(len(rows), limit)

    data = {"counts": [_count_json(row) for row in counts], "unconfirmed": [as_dict(row) for row in rows]}
    give(as_json, data, show)


@effects.command(
    help=text(
        "放行：移出隔离区重新办理；全部放行或一个也不放",
        "Release from the quarantine, to be tried afresh; all or none.",
    )
)
def release(
    ids: Annotated[
        list[int],
        typer.Argument(
            metavar="ID…",
            help=text("编号，见 dispatch effects", "as `dispatch effects` lists them"),
            show_default=False,
        ),
    ],
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Release effects from the quarantine; all of them or none."""
    desk = open_desk()
    actor = desk.actor(name, role)
    with desk.database.write() as tx:
        keys = [leave.release(tx, effect_id, actor, now()) for effect_id in ids]
    done = {"act": "release effects", "released": [{"id": id_, "key": key} for id_, key in zip(ids, keys, strict=True)]}
    give(as_json, done, "\n".join(text(f"{key}：已放行", f"{key}: released") for key in keys))


def _counts(rows: Sequence[EffectCountRow]) -> Table:
    shown = table(text("外部动作，未确认", "Outside effects, not yet confirmed"))
    for heading in (text("去向", "To"), text("状态", "State")):
        shown.add_column(heading, no_wrap=True)
    for heading in (text("数量", "Count"), text("最久", "Oldest")):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        shown.add_row(port_title(row.port), _state(row.state), str(row.number), _age(row.oldest))
    return shown


def _count_json(row: EffectCountRow) -> dict[str, object]:
    return {"port": row.port, "state": row.state, "count": row.number, "oldest": row.oldest}


def _listed(rows: Sequence[EffectLine]) -> Table:
    shown = table()
    shown.add_column(text("编号", "Id"), justify="right", no_wrap=True)
    shown.add_column(text("动作", "Effect"), overflow="fold", min_width=14)
    shown.add_column(text("状态", "State"), no_wrap=True)
    shown.add_column(text("登记", "Booked"), no_wrap=True)
    shown.add_column(text("失败", "Failed"), justify="right", no_wrap=True)
    shown.add_column(text("原因", "Why"), overflow="fold")
    for row in rows:
        booked = local(row.made_at, "%m-%d %H:%M")
        failures = str(row.failures or "·")
        shown.add_row(str(row.id), Text(row.key), _state(row.state), booked, failures, Text(row.failure or ""))
    return shown


def _state(name: str) -> Text:
    state = EffectState(name)
    return Text(said(state.label), COLOUR.get(state, ""))


def port_title(name: str) -> str:
    return said(Port(name).label)


def _age(since: datetime) -> str:
    return span((now() - since).total_seconds())

"""`dispatch demand`: who waits for a line where none can be had yet; who asked, in clear; telling them by hand."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from dispatch.accounts import demand_planning
from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import language, text
from dispatch.cli.options import As, AsJson, InRole, Reason, argument, option, state_named
from dispatch.cli.output import give, local, note_limit, print_rows, said, table
from dispatch.domain.demand import DemandState
from dispatch.domain.naming import masked_mobile, masked_name
from dispatch.storage import demands
from dispatch.storage.place_rows import DemandLine, DemandOfArea, DemandRow

demand = Commands()

_Area = Annotated[str, option(zh="只列此片区的", en="of this area only")]
_State = Annotated[
    str,
    option(
        zh="只列此状态的：open 待资源，reachable 可装（待联系），ended 已结束；不填为前两种",
        en="of this state only: open, reachable (to be called), ended; without it the first two",
        metavar="|".join(DemandState),
    ),
]
_Number = Annotated[int, argument("需求编号", "the demand's number", metavar="DEMAND")]


@demand.command(
    "list",
    help=text(
        "需求登记：谁想装而无资源，最新在前；或按片区统计。联系方式隐去中间",
        "List the demands for lines that can't be had yet, the newest first, or counted by area; contacts are masked.",
    ),
)
def list_(
    by_area: Annotated[bool, option("--by-area", zh="按片区统计", en="count them by area")] = False,
    area: _Area = "",
    state: _State = "",
    limit: Annotated[int, option(zh="最多列出", en="at most", show_default=True, min=1, max=100_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the demands that wait: each, or counted by area."""
    wanted = state_named(DemandState, state)
    with open_desk().database.read() as tx:
        if by_area:
            counted = demands.by_area(tx, {area} if area else None)
            give(as_json, [_area_json(row) for row in counted], lambda: print_rows(demand_table(counted)))
            return
        rows = demands.listed(tx, limit, {area} if area else None, wanted)
    give(as_json, [_json(row) for row in rows], lambda: _show(rows, limit))


@demand.command(
    help=text(
        "导出为 CSV（UTF-8）。联系方式隐去中间；--clear 导出明文，须系统运维并说明理由，记入审计",
        "Export the demands as CSV (UTF-8). Contacts are masked; in clear with --clear: for operations alone, with a "
        "reason, and audited.",
    )
)
def export(
    file: Annotated[
        Path | None, argument("写入的文件；不填则输出", "file to write; without it standard output")
    ] = None,
    area: _Area = "",
    state: _State = "",
    clear: Annotated[bool, option("--clear", zh="联系方式为明文", en="contacts in clear")] = False,
    reason: Reason = "",
    name: As = "",
    role: InRole = "",
) -> None:
    """Export the demands as CSV."""
    desk, wanted = open_desk(), state_named(DemandState, state)
    areas = frozenset({area}) if area else None
    if clear:
        actor = desk.actor(name, role)
        mine = actor.areas if areas is None else areas if actor.areas is None else areas & actor.areas
        with desk.database.write() as tx:
            rows = demand_planning.in_clear(tx, wanted, mine, reason, actor, now())
    else:
        with desk.database.read() as tx:
            rows = demands.listed(tx, demand_planning.MOST_EXPORTED, areas, wanted)
    from dispatch.reports.demand_sheet import demands_as_csv

    content = demands_as_csv(rows, language(), desk.settings.zone, clear=clear).encode()
    if file is None:
        sys.stdout.buffer.write(content)
        return
    file.write_bytes(content)
    typer.echo(text(f"{len(rows)} 条需求：{file}", f"{len(rows)} demands: {file}"), err=True)


@demand.command(
    help=text(
        "短信通知登记人可装宽带（不按先后次序）；地址与标准地址写法不同时，用 --address 指明",
        "Tell by text message, out of turn, who asked that a line can be had; --address where theirs is written "
        "otherwise than the standard address.",
    )
)
def notify(
    number: _Number,
    address: Annotated[str, option(zh="标准地址", en="the standard address")] = "",
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Tell who asked that a line can be had, out of turn."""
    desk = open_desk()
    actor = desk.actor(name, role)
    with desk.database.write() as tx:
        row = demand_planning.notify(tx, number, actor, now(), desk.settings.demand_turn, address or None)
    done = {"act": "notify", "demand": row.id, "state": row.state}
    give(as_json, done, text(f"需求 {row.id}：已通知", f"demand {row.id}: told"))


@demand.command(help=text("查看登记人的联系方式，须说明理由，记入审计", "Show who asked, for a reason; it is audited."))
def contact(
    number: _Number,
    reason: Reason = "",
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Show who asked, in clear; audited."""
    desk = open_desk()
    actor = desk.actor(name, role)
    with desk.database.write() as tx:
        row = demand_planning.who_asked(tx, number, reason, actor, now())
    shown = {"demand": row.id, "contact": row.contact, "mobile": row.mobile, "note": row.note}
    give(as_json, shown, "  ".join(filter(None, (str(row.id), row.contact, row.mobile, row.note))))


@demand.command(help=text("结束需求：客户不再需要", "End a demand: the customer no longer wants a line."))
def end(number: _Number, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """End a demand that nobody has any more."""
    desk = open_desk()
    actor = desk.actor(name, role)
    with desk.database.write() as tx:
        row = demand_planning.end(tx, number, actor, now())
    done = {"act": "end", "demand": row.id, "state": row.state}
    give(as_json, done, text(f"需求 {row.id}：已结束", f"demand {row.id}: ended"))


def demand_table(rows: Sequence[DemandOfArea]) -> Table:
    """Make a table of demand by area, for network planning."""
    shown = table()
    shown.add_column(text("片区", "Area"))
    shown.add_column(text("需求", "Demands"), justify="right")
    shown.add_column(text("登记次数", "Asked"), justify="right")
    shown.add_column(text("已通知", "Told"), justify="right")
    shown.add_column(text("合计速率 Mbit/s", "Mbit/s in all"), justify="right")
    for row in rows:
        shown.add_row(
            row.area or text("未定片区", "no area"), str(row.wanted), str(row.asked), str(row.reachable), str(row.speed)
        )
    return shown


def _show(rows: Sequence[DemandLine], limit: int) -> None:
    shown = table()
    shown.add_column(text("编号", "No."), justify="right")
    shown.add_column(text("登记", "At"), no_wrap=True)
    shown.add_column(text("片区 地址", "Area, address"), overflow="fold")
    shown.add_column(text("联系", "Contact"), no_wrap=True)
    shown.add_column("Mbit/s", justify="right", no_wrap=True)
    shown.add_column(text("状态", "State"), overflow="fold")
    for row in rows:
        state = said(DemandState(row.state).label) + (f"\n{local(row.told_at, '%m-%d %H:%M')}" if row.told_at else "")
        where = f"{row.area or text('未定片区', 'no area')}\n{row.address}"
        at = local(row.at, "%m-%d %H:%M") + (f"\n×{row.asked}" if row.asked > 1 else "")
        contact = f"{masked_name(row.contact)}\n{masked_mobile(row.mobile)}"
        shown.add_row(str(row.id), at, Text(where), contact, str(row.speed), state)
    print_rows(shown)
    note_limit(len(rows), limit)


def _json(row: DemandRow) -> dict[str, object]:
    return {
        "demand": row.id,
        "at": row.at,
        "last_at": row.last_at or row.at,
        "asked": row.asked,
        "area": row.area or None,
        "address": row.address,
        "contact": masked_name(row.contact),
        "mobile": masked_mobile(row.mobile),
        "speed": row.speed,
        "state": row.state,
        "told_at": row.told_at,
        "ended_for": row.ended_for,
    }


def _area_json(row: DemandOfArea) -> dict[str, object]:
    return {
        "area": row.area or None,
        "demands": row.wanted,
        "asked": int(row.asked),
        "reachable": int(row.reachable),
        "speed": int(row.speed),
    }

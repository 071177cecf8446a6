"""`dispatch device`: the register of devices: load, hand out, take in, report lost, scrap, and where each one is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from dispatch.accounts import device_register
from dispatch.cli.context import Desk, now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, Reason, argument, option, state_named
from dispatch.cli.output import give, local, note_limit, print_rows, said, table
from dispatch.domain.device import DeviceKind, DeviceState
from dispatch.domain.money import write_yuan
from dispatch.domain.roles import Actor
from dispatch.domain.title import Wording
from dispatch.errors import NotFound
from dispatch.routing.device_file import load
from dispatch.storage import devices
from dispatch.storage.database import Tx
from dispatch.storage.device_rows import DeviceLine, DeviceMoveRow, DeviceRow

device = Commands()

_Serials = Annotated[list[str], argument("终端序列号，可多个", "serial numbers, one or more", metavar="SERIAL…")]
_Note = Annotated[str, option(zh="说明", en="note")]


@device.command(
    "load",
    help=text(
        "导入终端，整个文件一起导入，有错则全不导入；已登记的序列号不变。单价以元计。",
        "Enter devices into the store; all of the file, or nothing of it. Known serial numbers stay as they are. "
        "Prices are in yuan.",
    ),
)
def load_(
    file: Annotated[
        Path, typer.Argument(help=text("CSV，列为", "CSV with") + " serial, kind, model, price", show_default=False)
    ],
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Enter devices into the store; all of the file, or nothing of it."""
    desk = open_desk(may_create=True)
    actor = desk.actor(name, role)
    listed = load(file)
    with desk.database.write() as tx:
        new = device_register.load(tx, listed, actor, now())
    count, known = len(listed.rows), len(listed.rows) - new
    give(
        as_json,
        {"act": "load devices", "devices": count, "new": new, "known": known},
        text(f"终端 {count} 台：新增 {new}，已登记 {known}", f"{count} devices: {new} new, {known} known"),
    )


@device.command("list", help=text("终端一览：在库、已领用、在用……", "List the devices and where each one is."))
def list_(
    state: Annotated[str, option(zh="只列此状态的", en="in this state only", metavar="|".join(DeviceState))] = "",
    person: Annotated[str, option(zh="只列此人领用的", en="those that this person carries")] = "",
    serial: Annotated[str, option(zh="序列号含有", en="whose serial number contains this")] = "",
    limit: Annotated[int, option(zh="最多列出", en="at most", show_default=True, min=1, max=100_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the devices and where each one is."""
    wanted = serial.upper().strip() or None
    with open_desk().database.read() as tx:
        rows = devices.listed(tx, limit, state_named(DeviceState, state), person or None, wanted)
    give(as_json, [_json(row) for row in rows], lambda: _show(rows, limit))


@device.command(help=text("一台终端的来去", "Show where a device has been."))
def show(serial: Annotated[str, argument("终端序列号", "serial number")], as_json: AsJson = False) -> None:
    """Show where a device has been."""
    typed = device_register.typed_serial(serial)
    with open_desk().database.read() as tx:
        row = devices.line(tx, typed)
        if row is None:
            raise NotFound(what=Wording("终端", "device"), which=typed)
        moves = devices.moves(tx, row.id)
    give(as_json, {**_json(row), "moves": [_move_json(each) for each in moves]}, lambda: _show_moves(row, moves))


@device.command(
    "hand-out",
    help=text("发放终端给装维或施工人员；整批一起发放", "Hand devices out to an installer or builder; all or none."),
)
def hand_out(
    serials: _Serials,
    to: Annotated[str, option("--to", zh="领用人", en="who takes them along")],
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Hand devices out to an installer or builder; all or none."""
    _act(name, role, as_json, lambda tx, actor: device_register.hand_out(tx, serials, to, actor, now()))


@device.command(
    "take-in", help=text("终端入库：退库的、收回的、找回的", "Take devices into the store again; all or none.")
)
def take_in(serials: _Serials, note: _Note = "", name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """Take devices into the store again; all or none."""
    _act(name, role, as_json, lambda tx, actor: device_register.take_in(tx, serials, note, actor, now()))


@device.command(
    help=text(
        "终端报失：领用后丢失的；客户丢失的在柜台办理（account lose-device）",
        "Report devices lost that somebody carried; a customer's is reported by account lose-device.",
    )
)
def lose(serials: _Serials, reason: Reason, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """Report devices lost that somebody carried; all or none."""
    _act(name, role, as_json, lambda tx, actor: device_register.lose(tx, serials, reason, actor, now()))


@device.command(help=text("终端报废", "Take devices out of use; all or none."))
def scrap(serials: _Serials, reason: Reason, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """Take devices out of use; all or none."""
    _act(name, role, as_json, lambda tx, actor: device_register.scrap(tx, serials, reason, actor, now()))


def _act(name: str, role: str, as_json: bool, do: Callable[[Tx, Actor], Sequence[DeviceRow]]) -> None:
    desk: Desk = open_desk()
    actor = desk.actor(name, role)
    with desk.database.write() as tx:
        serials = [row.serial for row in do(tx, actor)]
        rows = [row for serial in serials if (row := devices.line(tx, serial)) is not None]

    def told() -> None:
        for row in rows:
            state = said(DeviceState(row.state).label)
            typer.echo(f"{row.serial}: {state} {row.person}" if row.person else f"{row.serial}: {state}")

    give(as_json, [_json(row) for row in rows], told)


def _show(rows: Sequence[DeviceLine], limit: int) -> None:
    shown = table()
    shown.add_column(text("序列号", "Serial number"), no_wrap=True)
    shown.add_column(text("种类 型号", "Kind, model"), overflow="fold")
    shown.add_column(text("单价", "Price"), justify="right", no_wrap=True)
    shown.add_column(text("状态", "State"), no_wrap=True)
    shown.add_column(text("在谁处", "With"), overflow="fold")
    for row in rows:
        kind = f"{said(DeviceKind(row.kind).label)} {row.model}"
        where = row.person or row.account or ""
        shown.add_row(row.serial, Text(kind), write_yuan(row.price), said(DeviceState(row.state).label), Text(where))
    print_rows(shown)
    note_limit(len(rows), limit)


def _show_moves(row: DeviceLine, moves: Sequence[DeviceMoveRow]) -> None:
    kind = said(DeviceKind(row.kind).label)
    shown = table(f"{row.serial}  {kind} {row.model}  {write_yuan(row.price)} {text('元', 'yuan')}")
    shown.add_column(text("时间", "At"), no_wrap=True)
    shown.add_column(text("状态", "State"), no_wrap=True)
    shown.add_column(text("经办", "By"), overflow="fold")
    shown.add_column(text("依据", "By what"), overflow="fold")
    for each in moves:
        state = said(DeviceState(each.after).label) + (f"\n{each.person}" if each.person else "")
        why = "\n".join(filter(None, (each.source, each.why)))
        shown.add_row(local(each.at, "%Y-%m-%d %H:%M"), state, each.actor, Text(why))
    print_rows(shown)


def _json(row: DeviceLine) -> dict[str, object]:
    return {
        "serial": row.serial,
        "kind": row.kind,
        "model": row.model,
        "price": write_yuan(row.price),
        "state": row.state,
        "person": row.person,
        "account": row.account,
        "issued_at": row.issued_at,
    }


def _move_json(row: DeviceMoveRow) -> dict[str, object]:
    return {
        "at": row.at,
        "before": row.before,
        "after": row.after,
        "actor": row.actor,
        "source": row.source,
        "why": row.why,
        "person": row.person,
    }

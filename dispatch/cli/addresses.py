"""`dispatch address`: where a line can be had."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text
from sqlalchemy.exc import IntegrityError

from dispatch.accounts import waiting_list
from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole
from dispatch.cli.output import give, note_limit, print_rows, table
from dispatch.domain.roles import require
from dispatch.domain.title import Wording
from dispatch.errors import BadAddressFile
from dispatch.routing.address_file import AddressList, load
from dispatch.runtime.progress import progress_bar
from dispatch.storage import operations, resources
from dispatch.storage.database import Tx
from dispatch.storage.place_rows import AddressLine

address = Commands()

_STEP = 2_000
"""Rows between two moves of the progress bar."""

_Area = Annotated[str, typer.Option(help=text("只列此片区的", "of this area only"), show_default=False)]


@address.command(
    "load",
    help=text(
        "导入地址和所达的PON端口；整个文件一起导入，有错则全不导入。\n\n"
        "无资源的地址，olt、port、capacity留空。已有的地址按文件更新。有空余端口时，按先后通知登记需求的客户。",
        "Enter addresses and the PON ports that reach them; all of the file, or nothing of it.\n\n"
        "An address without resources leaves olt, port and capacity empty. Known addresses take the new values. "
        "Who waits for a line there is told, the oldest demand first.",
    ),
)
def load_(
    file: Annotated[
        Path,
        typer.Argument(help=text("CSV，列为", "CSV with") + " address, area, olt, port, capacity", show_default=False),
    ],
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Enter addresses and the PON ports that reach them; all of the file, or nothing of it."""
    desk = open_desk(may_create=True)
    actor = desk.actor(name, role)
    require(actor, "load", Wording("标准地址", "addresses"))
    listed = load(file)
    desk.require_area(actor, *(row.area for row in listed.rows))
    with progress_bar() as bar, desk.database.write() as tx:
        task = bar.add_task(text("导入", "entering"), total=len(listed.rows))
        _require_room(tx, listed)
        new = 0
        for start in range(0, len(listed.rows), _STEP):
            try:
                new += resources.enter_addresses(tx, listed.rows[start : start + _STEP])
            except IntegrityError:  # somebody took a place meanwhile: of the two the file gives way
                _require_room(tx, listed)
                raise
            bar.update(task, completed=start + _STEP)
        told = waiting_list.tell_of_loaded(tx, listed.rows, now(), desk.settings.demand_turn)
        operations.note_audit(tx, "load addresses", f"{len(listed.rows)} addresses", file.name, actor, now())
    count, known = len(listed.rows), len(listed.rows) - new
    done = {"act": "load addresses", "addresses": count, "new": new, "updated": known, "told": told}
    give(
        as_json,
        done,
        text(
            f"地址 {count} 条：新增 {new}，更新 {known}；通知登记需求的客户 {told} 位",
            f"{count} addresses: {new} new, {known} updated; {told} who asked for a line were told",
        ),
    )


@address.command(
    "list", help=text("地址一览：所达端口，占用情况", "List the addresses, what reaches each, how full its port is.")
)
def list_(
    area: _Area = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=text("最多列出", "at most"))] = 50,
    as_json: AsJson = False,
) -> None:
    """List the addresses, what reaches each, and how many places of its port are taken."""
    with open_desk().database.read() as tx:
        rows = resources.addresses(tx, limit, {area} if area else None)
    give(as_json, [_address_json(row) for row in rows], lambda: _show_addresses(rows, limit))


def _show_addresses(rows: Sequence[AddressLine], limit: int) -> None:
    shown = table()
    shown.add_column(text("片区", "Area"), overflow="fold")
    shown.add_column(text("地址", "Address"), overflow="fold")
    shown.add_column(text("OLT 端口", "OLT, port"), overflow="fold")
    shown.add_column(text("占用", "Used"), justify="right", no_wrap=True)
    for row in rows:
        port = Text(f"{row.olt} {row.port}") if row.olt else Text(text("无资源", "none"), "yellow")
        full = row.capacity is not None and row.used == row.capacity
        used = Text(f"{row.used}/{row.capacity}" if row.olt else "", "red" if full else "")
        shown.add_row(row.area, Text(row.text), port, used)
    print_rows(shown)
    note_limit(len(rows), limit)


def _address_json(row: AddressLine) -> dict[str, object]:
    return {
        "address": row.text,
        "area": row.area,
        "olt": row.olt,
        "port": row.port,
        "capacity": row.capacity,
        "used": row.used,
    }


def _require_room(tx: Tx, listed: AddressList) -> None:
    """Raises BadAddressFile for every port that would have less capacity than is in use."""
    taken = resources.places_in_use(tx)
    capacity = {(reach.olt, reach.port): reach.capacity for reach in listed.rows}
    faults = [
        Wording(
            f"端口 {' '.join(port)} 已用 {taken[port]} 个，多于 {capacity[port]}",
            f"port {' '.join(port)} has {taken[port]} places in use, not {capacity[port]}",
        ).at(f"{listed.file}:{line}:1")
        for port, line in listed.port_lines.items()
        if taken.get(port, 0) > capacity[port]
    ]
    if faults:
        raise BadAddressFile(file=listed.file, faults=faults)

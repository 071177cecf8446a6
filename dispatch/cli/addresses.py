"""`dispatch address`: where a line can be had, and who asked where none can."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy.exc import IntegrityError

from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.options import As, AsJson, InRole
from dispatch.cli.output import local, out, show_json, table
from dispatch.domain.naming import masked_mobile, masked_name
from dispatch.domain.roles import require
from dispatch.domain.title import Wording
from dispatch.errors import BadAddressFile
from dispatch.routing.address_file import AddressList, load
from dispatch.runtime.progress import progress_bar
from dispatch.storage import operations, resources
from dispatch.storage.account_rows import AddressLine, DemandOfArea, DemandRow
from dispatch.storage.database import Tx

address = Commands()

_STEP = 2_000
"""Rows between two moves of the progress bar."""

_Area = Annotated[str, typer.Option(help="of this area only", show_default=False)]


@address.command("load")
def load_(
    file: Annotated[Path, typer.Argument(help="CSV with address, area, olt, port, capacity")],
    name: As = "",
    role: InRole = "",
) -> None:
    """导入地址 · enter addresses and the PON ports that reach them; all of the file, or nothing of it.

    An address that nothing reaches leaves olt, port and capacity empty. What is known already takes the new values.
    """
    desk = open_desk()
    actor = desk.actor(name, role)
    require(actor, "load", Wording("标准地址", "addresses"))
    listed = load(file)
    with progress_bar() as bar, desk.database.write() as tx:
        task = bar.add_task("登记 entering", total=len(listed.rows))
        _require_room(tx, listed)
        new = 0
        for start in range(0, len(listed.rows), _STEP):
            try:
                new += resources.enter(tx, listed.rows[start : start + _STEP])
            except IntegrityError:  # somebody took a place meanwhile: of the two the file gives way
                _require_room(tx, listed)
                raise
            bar.update(task, completed=start + _STEP)
        operations.note_audit(tx, "load addresses", f"{len(listed.rows)} addresses", file.name, actor, now())
    out.print(f"地址 addresses: {len(listed.rows)}  新 new {new}  更新 known before {len(listed.rows) - new}")


@address.command("list")
def list_(
    area: _Area = "", limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50, as_json: AsJson = False
) -> None:
    """地址一览 · the addresses, what reaches each, and how many places of its port are taken."""
    with open_desk().database.read() as tx:
        rows = resources.addresses(tx, limit, {area} if area else None)
    if as_json:
        show_json([_address_json(row) for row in rows])
        return
    shown = table()
    shown.add_column("片区 Area", no_wrap=True)
    shown.add_column("地址 Address", overflow="fold")
    shown.add_column("OLT 端口 port", overflow="fold")
    shown.add_column("占用 Used", justify="right", no_wrap=True)
    for row in rows:
        port = f"{row.olt} {row.port}" if row.olt else "[yellow]无资源 nothing[/]"
        full = row.capacity is not None and row.used == row.capacity
        used = f"{'[red]' if full else ''}{row.used}/{row.capacity}" if row.olt else ""
        shown.add_row(row.area, row.text, port, used)
    out.print(shown)
    if len(rows) == limit:
        out.print(f"[dim]前 {limit} 条 the first {limit}: --limit, --area[/]")


def _address_json(row: AddressLine) -> dict[str, object]:
    return {
        "address": row.text,
        "area": row.area,
        "olt": row.olt,
        "port": row.port,
        "capacity": row.capacity,
        "used": row.used,
    }


@address.command()
def demands(
    each: Annotated[bool, typer.Option("--each", help="every single one, the newest first")] = False,
    area: _Area = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="with --each")] = 50,
    as_json: AsJson = False,
) -> None:
    """需求登记 · who asked for a line where none can be had: counted by area, or each; contacts are masked."""
    with open_desk().database.read() as tx:
        if each:
            _show_each(tx, limit, {area} if area else None, as_json)
        else:
            _show_by_area(tx, area, as_json)


def _show_by_area(tx: Tx, area: str, as_json: bool) -> None:
    rows = [row for row in resources.demand_by_area(tx) if area in ("", row.area)]
    if as_json:
        show_json([{"area": row.area, "demands": row.wanted, "speed": row.speed} for row in rows])
        return
    out.print(demand_table(rows))


def demand_table(rows: Sequence[DemandOfArea]) -> Table:
    """What network planning counts, by area."""
    shown = table()
    shown.add_column("片区 Area")
    shown.add_column("需求 Demands", justify="right")
    shown.add_column("合计速率 Mbit/s in all", justify="right")
    for row in rows:
        shown.add_row(row.area, str(row.wanted), str(row.speed))
    return shown


def _show_each(tx: Tx, limit: int, areas: set[str] | None, as_json: bool) -> None:
    rows = resources.demands(tx, limit, areas)
    if as_json:
        show_json([_demand_json(row) for row in rows])
        return
    shown = table()
    for heading in ("登记 At", "片区 Area"):
        shown.add_column(heading, no_wrap=True)
    shown.add_column("地址 Address", overflow="fold")
    shown.add_column("联系 Contact", no_wrap=True)
    shown.add_column("Mbit/s", justify="right", no_wrap=True)
    for row in rows:
        contact = f"{masked_name(row.contact)}\n{masked_mobile(row.mobile)}"
        shown.add_row(local(row.at, "%m-%d %H:%M"), row.area, row.address, contact, str(row.speed))
    out.print(shown)


def _demand_json(row: DemandRow) -> dict[str, object]:
    return {
        "at": row.at,
        "area": row.area,
        "address": row.address,
        "contact": masked_name(row.contact),
        "mobile": masked_mobile(row.mobile),
        "speed": row.speed,
    }


def _require_room(tx: Tx, listed: AddressList) -> None:
    """Raises BadAddressFile for every port that would have less capacity than is in use."""
    taken = resources.in_use(tx)
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

"""`dispatch account`: the broadband accounts that faults are reported on."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from dispatch.cli.desk import As, AsJson, InRole, now, open_desk, out, show_json, table, word
from dispatch.errors import BadInput
from dispatch.storage import accounts
from dispatch.ticket.roles import require

account = typer.Typer(help="宽带账号 · broadband accounts", no_args_is_help=True)

_NUMBER = re.compile(r"[A-Za-z0-9@._-]{1,40}")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")  # Source: 工信部 电信网编号计划 (2017): 11 digits, 13x to 19x


@account.command()
def add(
    number: Annotated[str, typer.Argument()],
    area: Annotated[str, typer.Option(help="the area that its line lies in")],
    mobile: Annotated[str, typer.Option(help="where the callback survey goes")],
    name: As = "",
    role: InRole = "",
) -> None:
    """Enter an existing account, so that faults can be reported on it."""
    desk = open_desk()
    actor = desk.actor(name, role)
    require(actor, "add accounts", "the books")
    if not _NUMBER.fullmatch(number):
        raise BadInput(what=f"{number!r} is no account number: letters, digits and @ . _ -, at most 40")
    if not _MOBILE.fullmatch(mobile):
        raise BadInput(what="that is no mobile number: 11 digits, 13… to 19…")
    row = (number, word(area, "area"), mobile)
    with desk.database.write() as tx:
        if not accounts.take_over(tx, [row], actor, now()):
            raise BadInput(what=f"account {number} is known already")
    out.print(f"{number}: 已登记 · entered")


@account.command("list")
def list_(limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50, as_json: AsJson = False) -> None:
    """The accounts, with the mobile number masked."""
    with open_desk().database.read() as tx:
        rows = accounts.newest(tx, limit)
    if as_json:
        show_json([{"account": r.number, "area": r.area, "mobile": _masked(r.mobile)} for r in rows])
        return
    shown = table()
    for heading in ("账号 Account", "片区 Area", "手机 Mobile"):
        shown.add_column(heading)
    for row in rows:
        shown.add_row(row.number, row.area, _masked(row.mobile))
    out.print(shown)


def _masked(mobile: str) -> str:
    return f"{mobile[:3]}****{mobile[-4:]}"

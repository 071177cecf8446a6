"""`dispatch account`: the broadband accounts that faults are reported on."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatch.books.naming import masked_mobile, read_account_number, read_mobile
from dispatch.cli.desk import As, AsJson, InRole, now, open_desk, out, show_json, table, word
from dispatch.errors import BadInput
from dispatch.storage import accounts
from dispatch.ticket.roles import require

account = typer.Typer(help="宽带账号 · broadband accounts", no_args_is_help=True)


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
    row = (read_account_number(number), word(area, "area"), read_mobile(mobile))
    with desk.database.write() as tx:
        if not accounts.take_over(tx, [row], actor, now()):
            raise BadInput(what=f"account {row[0]} is known already")
    out.print(f"{row[0]}: 已登记 · entered")


@account.command("list")
def list_(limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50, as_json: AsJson = False) -> None:
    """The accounts, with the mobile number masked."""
    with open_desk().database.read() as tx:
        rows = accounts.newest(tx, limit)
    if as_json:
        show_json([{"account": r.number, "area": r.area, "mobile": masked_mobile(r.mobile)} for r in rows])
        return
    shown = table()
    for heading in ("账号 Account", "片区 Area", "手机 Mobile"):
        shown.add_column(heading)
    for row in rows:
        shown.add_row(row.number, row.area, masked_mobile(row.mobile))
    out.print(shown)

"""`dispatch referral`: callers who aren't ours, whose business it is and what they were told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, option
from dispatch.cli.output import give, local, out, said, table
from dispatch.domain.referral import Whose
from dispatch.domain.roles import require
from dispatch.storage import referrals as stored
from dispatch.storage.referrals import ReferralRow
from dispatch.storage.rows import as_dict
from dispatch.tickets import referrals
from dispatch.tickets.referrals import Stranger

referral = Commands()


@referral.command(help=text("登记一个非我方来电", "Record a caller who was referred elsewhere."))
def add(
    caller: Annotated[str, option(zh="来电号码", en="the caller's number")],
    what: Annotated[str, option(zh="来电内容", en="what the call is about")],
    whose: Annotated[Whose, option(zh="归属", en="whose business it is")],
    told: Annotated[str, option(zh="答复", en="what the caller was told")],
    said_account: Annotated[str, option(zh="对方所说的账号", en="the account that they name")] = "",
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Record a caller who was referred elsewhere."""
    desk = open_desk()
    actor = desk.actor(name, role)
    with desk.database.write() as tx:
        made = referrals.refer(tx, Stranger(caller, what, whose, told, said_account), actor, now())
    told_so = text(f"已登记 {made}：{whose.label.zh}", f"Recorded as {made}: {whose.label.en}")
    give(as_json, {"act": "refer-caller", "referral": made, "whose": whose}, told_so)


@referral.command(
    "list", help=text("列出非我方来电，最新在前", "List callers who were referred elsewhere, newest first.")
)
def list_(
    limit: Annotated[int, typer.Option(min=1, max=1000, help=text("最多列出", "at most"))] = 50,
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """List callers who were referred elsewhere, the newest first."""
    desk = open_desk()
    require(desk.actor(name, role), "see referrals", referrals.WHAT)
    with desk.database.read() as tx:
        rows = stored.listed(tx, limit)
    give(as_json, [as_dict(row) for row in rows], lambda: out.print(_table(rows)))


def _table(rows: Sequence[ReferralRow]) -> Table:
    shown = table()
    for heading in (text("时间", "At"), text("来电", "Caller"), text("归属", "Whose")):
        shown.add_column(heading, no_wrap=True)
    shown.add_column(text("内容和答复", "What, and what they were told"), overflow="fold")
    for row in rows:
        caller = row.caller or text("已清除", "erased")
        shown.add_row(
            local(row.at, "%m-%d %H:%M"), caller, said(Whose.label_of(row.whose)), Text(f"{row.what}\n{row.told}")
        )
    return shown

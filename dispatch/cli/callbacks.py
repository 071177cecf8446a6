"""`dispatch callbacks`: the customers to be called because they answer no message, and who is dissatisfied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, TicketName
from dispatch.cli.output import give, local, out, said, table, zone
from dispatch.domain.naming import masked_mobile
from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.domain.opinion import SurveyReason
from dispatch.storage.rows import BadGrade, SilentCustomer
from dispatch.tickets import callbacks as calls

callbacks = Commands()

Most = Annotated[int, typer.Option(min=1, max=1000, help=text("最多列出", "at most"))]


@callbacks.command("list", help=text("列出现在要拨打的客户", "List the customers to be called now."))
def list_(limit: Most = 50, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """List the customers to be called now."""
    desk = open_desk()
    actor = desk.actor(name, role)
    with desk.database.read() as tx:
        rows = calls.to_call(tx, desk.rulebook, actor, now(), zone(), limit, actor.areas)
    data = [
        {
            "ticket": ticket_number(row.kind, row.ticket_id),
            "area": row.area,
            "account": row.account,
            "mobile": masked_mobile(row.mobile),
            "since": row.since,
            "calls": row.calls,
        }
        for row in rows
    ]
    give(as_json, data, lambda: out.print(_silent(rows)))


@callbacks.command(help=text("登记一次拨打，显示号码", "Record a call, and show the number."))
def call(ticket: TicketName, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """Record a call, and show the number."""
    desk = open_desk()
    actor = desk.actor(name, role)
    with desk.database.write() as tx:
        mobile = calls.call(tx, desk.rulebook, read_ticket_number(ticket), actor, now(), zone())
    give(as_json, {"act": "call", "ticket": ticket, "mobile": mobile}, f"{ticket}: {mobile}")


@callbacks.command(help=text("列出近 30 天不满意的客户", "List the dissatisfied customers of the last 30 days."))
def dissatisfied(limit: Most = 50, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """List the dissatisfied customers of the last 30 days."""
    desk = open_desk()
    actor = desk.actor(name, role)
    with desk.database.read() as tx:
        rows = calls.bad_grades(tx, actor, now(), limit, actor.areas)
    data = [
        {
            "ticket": ticket_number(row.kind, row.ticket_id),
            "area": row.area,
            "account": row.account,
            "grade": row.grade,
            "reasons": row.reasons or [],
            "words": row.words or "",
            "by": row.by,
            "answered_at": row.answered_at,
            "team": row.team,
            "holder": row.holder,
        }
        for row in rows
    ]
    give(as_json, data, lambda: out.print(_bad(rows, {team: desk.team(team) for team in desk.rulebook.teams})))


def _silent(rows: Sequence[SilentCustomer]) -> Table:
    shown = table()
    for heading in (text("工单", "Ticket"), text("账号", "Account"), text("电话", "Mobile"), text("自", "Since")):
        shown.add_column(heading, no_wrap=True)
    shown.add_column(text("已打", "Calls"), justify="right")
    for row in rows:
        number = ticket_number(row.kind, row.ticket_id)
        shown.add_row(number, Text(row.account), masked_mobile(row.mobile), _at(row.since), str(row.calls))
    return shown


def _bad(rows: Sequence[BadGrade], teams: dict[str, str]) -> Table:
    shown = table()
    for heading in (text("工单", "Ticket"), text("答复", "Answered"), text("分", "Grade")):
        shown.add_column(heading, no_wrap=True)
    shown.add_column(text("原因和原话", "Why, and own words"), overflow="fold")
    shown.add_column(text("处理", "Had it"), overflow="fold")
    for row in rows:
        reasons = text("、", ", ").join(said(SurveyReason.label_of(each)) for each in row.reasons or ())
        had = " ".join(filter(None, (teams.get(row.team or "", row.team), row.holder)))
        number = ticket_number(row.kind, row.ticket_id)
        words = "\n".join(filter(None, (reasons, row.words)))
        shown.add_row(number, _at(row.answered_at), str(row.grade), Text(words), Text(had))
    return shown


def _at(moment: datetime) -> str:
    return local(moment, "%m-%d %H:%M")

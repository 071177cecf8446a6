"""`dispatch complaint`: take a complaint, list what is due first, note calls to customers; check the file of times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

from rich.table import Table
from rich.text import Text

from dispatch.cli.context import Desk, now, open_desk
from dispatch.cli.file_choice import chosen
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, TicketName, argument, option
from dispatch.cli.output import give, local, note_limit, print_rows, said, table, zone
from dispatch.domain.complaint import ComplaintKind, ComplaintSource, is_late
from dispatch.domain.kind import Kind
from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.routing.complaints_file import load
from dispatch.storage import complaints as stored
from dispatch.storage.complaint_rows import ComplaintLine
from dispatch.tickets import complaints
from dispatch.tickets.complaints import NewComplaint

complaint = Commands()

_File = Annotated[
    Path | None, argument("投诉时限文件，默认为设置中的", "the times; else those of the settings", "FILE")
]


@complaint.command(
    "open",
    help=text(
        "受理投诉；类别和来源决定联系与答复的时限",
        "Take a complaint; its kind and its source say how soon the customer has a reply.",
    ),
)
def open_(
    account: Annotated[str, argument("宽带账号，已销户的也可", "broadband account, also one that has ended")],
    kind: Annotated[str, option(zh="投诉类别", en="kind of complaint", metavar="|".join(ComplaintKind))],
    words: Annotated[str, option("--text", zh="客户怎么说", en="what the customer says")],
    source: Annotated[
        str, option(zh="来源", en="who brought it", metavar="|".join(ComplaintSource), show_default=True)
    ] = ComplaintSource.CUSTOMER,
    about: Annotated[str, option(zh="关于该账号的哪张工单", en="the account's ticket that it is about")] = "",
    wish: Annotated[str, option(zh="诉求", en="what the customer wants")] = "",
    again: Annotated[
        bool,
        option("--again", zh="是另一件事，同类投诉未办结也受理", en="another matter than the open one of its kind"),
    ] = False,
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Take a complaint."""
    desk = open_desk()
    actor, terms = desk.actor(name, role), desk.complaint_terms
    asked = NewComplaint(account, kind, words, source, about, wish, again=again)
    with desk.database.write() as tx:
        taken = complaints.take(tx, desk.rulebook, terms, asked, actor, now())
    renamed = taken.renamed and taken.renamed.said(zone())
    data = {
        "act": "complain",
        "ticket": taken.number,
        "contact_by": taken.contact_by,
        "reply_by": taken.reply_by,
        "renamed": str(renamed) if renamed else None,
    }
    told = text(
        f"{taken.number}：已受理，{_at(taken.contact_by)}前联系客户，{_at(taken.reply_by)}前答复",
        f"{taken.number}: taken; call the customer by {_at(taken.contact_by)}, reply by {_at(taken.reply_by)}",
    )
    if renamed:
        told += "\n" + text(renamed.sentence("zh"), renamed.sentence("en"))
    give(as_json, data, told)


@complaint.command(
    "list",
    help=text("列出未办结的投诉，先到期的在前", "List the complaints that go on, what is due first on top."),
)
def list_(
    ended: Annotated[bool, option("--all", zh="全部，最新在前", en="all, the newest first")] = False,
    limit: Annotated[int, option(zh="最多列出", en="at most", show_default=True, min=1, max=10_000)] = 50,
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """List the complaints of the actor's areas."""
    desk = open_desk()
    actor = desk.actor(name, role)
    with desk.database.read() as tx:
        rows = complaints.listed(tx, limit, actor, unfinished=not ended)

    def show() -> None:
        print_rows(_shown(desk, rows))
        note_limit(len(rows), limit)

    give(as_json, [_json(row) for row in rows], show)


@complaint.command(
    help=text("登记一次联系客户：联系上了没有", "Note a call to the customer: whether they were reached.")
)
def contact(
    ticket: TicketName,
    reached: Annotated[bool, option("--reached/--not-reached", zh="是否联系上", en="whether they were reached")],
    note: Annotated[str, option(zh="说了什么", en="what was said")] = "",
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Note a call to the customer."""
    desk = open_desk()
    actor, ticket_id = desk.actor(name, role), read_ticket_number(ticket)
    with desk.database.write() as tx:
        complaints.contact(tx, ticket_id, reached=reached, note=note, actor=actor, now=now())
        row = stored.line(tx, ticket_id)
    number = ticket_number(Kind.COMPLAINT, ticket_id)
    told = text(
        f"{number}：已登记，{'已联系上' if reached else '未联系上'}",
        f"{number}: noted, {'reached' if reached else 'not reached'}",
    )
    give(as_json, _json(row), told)


@complaint.command(
    help=text("检查时限文件；每个错误一行", "Read the file of times strictly and tell every fault with its place.")
)
def check(file: _File = None, as_json: AsJson = False) -> None:
    """Check the file of times."""
    name = chosen(file, "complaints")
    read = load(name)
    told = text(
        f"{name.absolute()}：无误，{len(read.kinds)} 类投诉。版本 {read.version}",
        f"{name.absolute()}: good, {len(read.kinds)} kinds of complaints. Version {read.version}",
    )
    give(as_json, {"good": True, "kinds": len(read.kinds), "version": read.version}, told)


def _shown(desk: Desk, rows: Sequence[ComplaintLine]) -> Table:
    shown = table()
    shown.add_column(text("工单", "Ticket"), no_wrap=True)
    shown.add_column(text("投诉", "Complaint"), overflow="fold")
    shown.add_column(text("联系", "Contact"), no_wrap=True)
    shown.add_column(text("答复", "Reply"), no_wrap=True)
    shown.add_column(text("在办", "With"), overflow="fold")
    for row in rows:
        what = f"{desk.symptom(row.symptom)}\n{row.account} {said(ComplaintSource.label_of(row.source))}"
        with_whom = " ".join(filter(None, (desk.team(row.team) if row.team else "", row.holder)))
        number = Text(ticket_number(Kind.COMPLAINT, row.ticket_id), "red" if is_late(row, now()) else "")
        contact = _done_or_due(row.contact_by, row.contacted_at)
        shown.add_row(number, Text(what), contact, _done_or_due(row.reply_by, row.replied_at), Text(with_whom))
    return shown


def _done_or_due(by: datetime, at: datetime | None) -> Text:
    if at is not None:
        return Text(_at(at), "red" if at > by else "green")
    return Text(text(f"至 {_at(by)}", f"by {_at(by)}"), "red" if now() > by else "")


def _at(moment: datetime) -> str:
    return local(moment, "%m-%d %H:%M")


def _json(row: ComplaintLine) -> dict[str, object]:
    return {
        "ticket": ticket_number(Kind.COMPLAINT, row.ticket_id),
        "account": row.account,
        "area": row.area,
        "kind": row.symptom,
        "source": row.source,
        "state": row.state,
        "made_at": row.made_at,
        "contact_by": row.contact_by,
        "contacted_at": row.contacted_at,
        "reply_by": row.reply_by,
        "replied_at": row.replied_at,
        "agreement": row.agreement,
        "late": is_late(row, now()),
        "team": row.team,
        "holder": row.holder,
    }

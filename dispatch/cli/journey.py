"""`dispatch show`, `dispatch tickets`, `dispatch rules explain`: one case's journey as people read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.panel import Panel
from rich.text import Text
from rich.tree import Tree

from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.options import AsJson, TicketName
from dispatch.cli.output import local, out, show_json, span, table
from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.domain.service_level import spent
from dispatch.domain.ticket import HopState
from dispatch.reports import lists
from dispatch.reports.lists import Journey
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.rows import ArchiveRow, HistoryRow, HopRow, as_dict
from dispatch.tickets.closing import digest

app = Commands()

MARK = {
    HopState.REPORTED: ("●", "green"),
    HopState.PASSED_ON: ("↷", "yellow"),
    HopState.HANDED_BACK: ("↩", "yellow"),
    HopState.WITHDRAWN: ("✕", "red"),
    HopState.QUARANTINED: ("!", "bold red"),
}


@app.command()
def show(ticket: TicketName, as_json: AsJson = False) -> None:
    """工单轨迹 · the whole journey of a ticket as a timeline: which team, when, what it found, how long it took."""
    desk = open_desk()
    with desk.database.read() as tx:
        journey = lists.journey(tx, read_ticket_number(ticket))
    if as_json:
        show_json(
            {
                "ticket": {"number": ticket_number(journey.ticket.kind, journey.ticket.id), **as_dict(journey.ticket)},
                "hops": [as_dict(row) for row in journey.hops],
                "history": [as_dict(row) for row in journey.history],
                "records": [{k: v for k, v in as_dict(row).items() if k != "content"} for row in journey.records],
            }
        )
        return
    out.print(picture(desk.rulebook, journey))


@app.command()
def tickets(
    account: Annotated[str, typer.Option(help="of this account only")] = "",
    unfinished: Annotated[bool, typer.Option("--open", help="that haven't ended only")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 30,
    as_json: AsJson = False,
) -> None:
    """工单一览 · the newest tickets and who has each."""
    with open_desk().database.read() as tx:
        rows = lists.latest(tx, limit, account or None, unfinished)
    if as_json:
        show_json([{"number": ticket_number(row.kind, row.id), **as_dict(row)} for row in rows])
        return
    shown = table()
    for heading in ("工单\nTicket", "受理\nTaken", "账号\nAccount", "现象\nSymptom", "状态\nState"):
        shown.add_column(heading, no_wrap=True)
    shown.add_column("班组 人员\nTeam, person", overflow="fold")
    for row in rows:
        where = " ".join(filter(None, (row.team, row.hop_state, row.holder)))
        number = ticket_number(row.kind, row.id)
        taken = local(row.made_at, "%m-%d %H:%M")
        shown.add_row(number, taken, row.account, row.symptom, row.state, where)
    out.print(shown)


def picture(rulebook: Rulebook, journey: Journey) -> Group:
    """The journey for a terminal: a head, the timeline, where the time went, the frozen records."""
    ticket = journey.ticket
    head = Text.assemble(
        (ticket_number(ticket.kind, ticket.id), "bold"),
        f"  {ticket.account} · {ticket.area} · {ticket.symptom} · {ticket.category} · P{ticket.priority}\n",
        (f"{ticket.channel}", "dim"),
        f"  {ticket.description}\n",
        ("状态 state ", "dim"),
        (ticket.state, "bold cyan"),
        (f"   派单 hops {ticket.last_seq}   重派 reopened {ticket.reopened}   催单 urged {ticket.urged}", "dim"),
    )
    acts: dict[int | None, list[HistoryRow]] = {}
    for act in journey.history:
        acts.setdefault(act.hop_id, []).append(act)
    tree = Tree(_acts_line(acts.get(None, [])), guide_style="dim")
    for hop in journey.hops:
        _add_hop(tree, rulebook, hop, acts.get(hop.id, []))
    if ticket.ended_at:
        tree.add(Text(f"■ {local(ticket.ended_at)}  {ticket.state}: {ticket.outcome}", style="bold"))
    parts: list[Any] = [Panel(head, expand=False), tree]
    parts += [_record_line(record) for record in journey.records]
    return Group(*parts)


def _add_hop(tree: Tree, rulebook: Rulebook, hop: HopRow, acts: list[HistoryRow]) -> None:
    mark, style = MARK.get(HopState(hop.state), ("○", "cyan"))
    title = rulebook.teams[hop.team].title if hop.team in rulebook.teams else hop.team
    line = Text.assemble((f"{mark} ", style), (local(hop.made_at), "dim"), "  ", (f"{hop.seq}. {title}", "bold"))
    if hop.late:
        line.append("  超时 late", style="bold red")
    if hop.ended_at is None:
        line.append(f"  {hop.state}", style="cyan")
        if hop.holder or hop.assignee:
            line.append(f" · {hop.holder or f'{hop.assignee}?'}", style="cyan")
    branch = tree.add(line)
    if hop.found:
        what = "账号核查" if "account" in hop.found else "自动测试"
        branch.add(Text(f"{what} found: {_listed(hop.found)}", style="dim"))
    for act in acts:
        branch.add(_act_line(rulebook, hop, act))
    if hop.failure:
        branch.add(Text(f"{hop.failures} × {hop.failure}", style="red"))
    end = hop.ended_at or now()
    parts = spent(hop.made_at, hop.boarded_at, hop.claimed_at, end, timedelta(seconds=hop.held_seconds))
    names = (
        ("排队 queued", parts.queued),
        ("待接 waiting", parts.waiting),
        ("在手 in hand", parts.in_hand),
        ("挂起 held", parts.held),
    )
    told = "   ".join(f"{name} {span(t.total_seconds())}" for name, t in names if t.total_seconds() >= 0.005)
    if told:
        branch.add(Text(told, style="dim"))


def _act_line(rulebook: Rulebook, hop: HopRow, act: HistoryRow) -> Text:
    who = f"{act.actor} ({act.role})" + (f" 代 for {act.on_behalf_of}" if act.on_behalf_of else "")
    line = Text.assemble((local(act.at, "%H:%M:%S"), "dim"), f"  {act.act}  ", (who, "dim"))
    detail = act.detail
    if detail.get("finding"):
        finding = rulebook.findings.get(detail["finding"])
        line.append(f"  {finding.title if finding else detail['finding']}", style="green")
    if detail.get("to"):
        line.append(f"  → {detail['to']}", style="bold")
    if act.act == "report" and hop.evidence:
        line.append(f"  [{_listed(hop.evidence)}]", style="dim")
    for key in ("reason", "until", "times", "said"):
        if detail.get(key):
            line.append(f"  {key}: {detail[key]}", style="dim")
    return line


def _acts_line(acts: list[HistoryRow]) -> Text:
    lines = [
        Text.assemble((local(a.at), "dim"), f"  {a.act}  ", (f"{a.actor} ({a.role})", "dim"), _said(a.detail))
        for a in acts
    ]
    return Text("\n").join(lines)


def _said(detail: dict[str, Any]) -> str:
    answers = "".join(f"  {question}={answer}" for question, answer in detail.get("answers") or [])
    said = "".join(f"  {key}: {detail[key]}" for key in ("said", "reason") if detail.get(key))
    return answers + said


def _record_line(record: ArchiveRow) -> Text:
    intact = digest(record.content) == record.sha256
    verdict = ("完整 intact", "green") if intact else ("被改动 CHANGED", "bold red")
    return Text.assemble(
        "归档 record ", (local(record.archived_at), "dim"), f"  sha256 {record.sha256[:16]}…  ", verdict
    )


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {' '.join(value) if isinstance(value, list) else value}" for key, value in values.items())

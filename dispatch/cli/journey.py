"""`dispatch show`, `dispatch tickets`: one case's journey, and the newest cases, as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.panel import Panel
from rich.text import Text
from rich.tree import Tree

from dispatch.cli.context import Desk, now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import language, text
from dispatch.cli.options import AsJson, TicketName
from dispatch.cli.output import give, local, longest_word, note_limit, out, print_rows, said, span, table
from dispatch.cli.words import evidence, found
from dispatch.domain.acts import Parting, told_title
from dispatch.domain.channel import Channel
from dispatch.domain.kind import Kind
from dispatch.domain.messages import MessageState
from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.domain.roles import ROLES, Role
from dispatch.domain.service_level import spent
from dispatch.domain.ticket import HopState, TicketState
from dispatch.reports import lists
from dispatch.reports.lists import Journey
from dispatch.reports.messages import ToldMessage
from dispatch.routing.prehandling import answers_in_words
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
    """Show a ticket's whole journey as a timeline."""
    desk = open_desk()
    with desk.database.read() as tx:
        journey = lists.journey(tx, read_ticket_number(ticket))
    data = {
        "ticket": {"number": ticket_number(journey.ticket.kind, journey.ticket.id), **as_dict(journey.ticket)},
        "hops": [{**as_dict(row), "retest_at": journey.retest_at.get(row.id)} for row in journey.hops],
        "history": [as_dict(row) for row in journey.history],
        "records": [{k: v for k, v in as_dict(row).items() if k != "content"} for row in journey.records],
        "messages": [
            {"event": each.event, "made_at": each.made_at, "state": each.state, "at": each.at}
            for each in journey.messages
        ],
    }
    give(as_json, data, lambda: out.print(picture(desk, journey)))


@app.command()
def tickets(
    account: Annotated[str, typer.Option(help=text("只列此账号的", "of this account only"), show_default=False)] = "",
    unfinished: Annotated[
        bool, typer.Option("--open", help=text("只列未办结的", "only those that haven't ended"))
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help=text("最多列出", "at most"))] = 30,
    as_json: AsJson = False,
) -> None:
    """List the newest tickets and who has each."""
    desk = open_desk()
    with desk.database.read() as tx:
        rows = lists.latest_tickets(tx, limit, account or None, unfinished)
    data = [{"number": ticket_number(row.kind, row.id), **as_dict(row)} for row in rows]
    give(as_json, data, lambda: _show_tickets(desk, rows, limit))


def _show_tickets(desk: Desk, rows: Any, limit: int) -> None:
    shown = table()
    shown.add_column(text("工单", "Ticket"), no_wrap=True)
    shown.add_column(text("受理", "Taken"), no_wrap=True)
    shown.add_column(text("账号", "Account"), overflow="fold", min_width=12)
    symptoms, states = [desk.symptom(row.symptom) for row in rows], [said(TicketState(row.state).label) for row in rows]
    shown.add_column(text("现象", "Symptom"), overflow="fold", min_width=longest_word(symptoms))
    shown.add_column(text("状态", "State"), overflow="fold", min_width=longest_word(states))
    shown.add_column(text("班组 人员", "Team, person"), overflow="fold")
    for row in rows:
        team = row.team and desk.team(row.team)
        where = " ".join(filter(None, (team, row.hop_state and said(HopState(row.hop_state).label), row.holder)))
        shown.add_row(
            ticket_number(row.kind, row.id),
            local(row.made_at, "%m-%d %H:%M"),
            Text(row.account),
            desk.symptom(row.symptom),
            said(TicketState(row.state).label),
            Text(where),
        )
    print_rows(shown)
    note_limit(len(rows), limit)


def picture(desk: Desk, journey: Journey) -> Group:
    """The journey for a terminal: a head, the timeline, where the time went, the frozen records."""
    ticket = journey.ticket
    channel = said(Channel.label_of(ticket.channel))
    category = desk.category(ticket.category) if ticket.kind == Kind.FAULT else ""  # an order's says nothing
    places = (ticket.account, ticket.area, desk.symptom(ticket.symptom), category)
    counts = text(
        f"   派单 {ticket.last_seq} 次   重派 {ticket.reopened}   催单 {ticket.urged}",
        f"   visits {ticket.last_seq}   reopened {ticket.reopened}   urged {ticket.urged}",
    )
    head = Text.assemble(
        (ticket_number(ticket.kind, ticket.id), "bold"),
        f"  {' · '.join(filter(None, places))} · {text(f'优先级{ticket.priority}', f'P{ticket.priority}')}\n",
        (channel, "dim"),
        f"  {ticket.description}\n",
        (text("状态 ", "state "), "dim"),
        (said(TicketState(ticket.state).label), "bold cyan"),
        (counts, "dim"),
    )
    acts: dict[int | None, list[HistoryRow]] = {}
    for act in journey.history:
        acts.setdefault(act.hop_id, []).append(act)
    tree = Tree(_acts_line(desk, ticket.symptom, acts.get(None, [])), guide_style="dim")
    for hop in journey.hops:
        _add_hop(tree, desk, hop, acts.get(hop.id, []), journey.retest_at.get(hop.id))
    if ticket.ended_at:
        state, outcome = said(TicketState(ticket.state).label), desk.finding(ticket.outcome)
        tree.add(Text(f"■ {local(ticket.ended_at)}  {state}{text('：', ': ')}{outcome}", style="bold"))
    parts: list[Any] = [Panel(head, expand=False), tree]
    parts += [_message_line(each) for each in journey.messages]
    parts += [_record_line(record) for record in journey.records]
    return Group(*parts)


def _add_hop(tree: Tree, desk: Desk, hop: HopRow, acts: list[HistoryRow], retest_at: datetime | None) -> None:
    mark, style = MARK.get(HopState(hop.state), ("○", "cyan"))
    title = f"{hop.seq}. {desk.team(hop.team)}"
    line = Text.assemble((f"{mark} ", style), (local(hop.made_at), "dim"), "  ", (title, "bold"))
    if hop.late:
        line.append(text("  超时", "  late"), style="bold red")
    if hop.ended_at is None:
        line.append(f"  {said(HopState(hop.state).label)}", style="cyan")
        if hop.holder or hop.assignee:
            line.append(f" · {hop.holder or f'{hop.assignee}?'}", style="cyan")
    branch = tree.add(line)
    if hop.found:
        what = text("账号核查", "account") if "account" in hop.found else text("自动测试", "line test")
        branch.add(Text(f"{what}{text('：', ': ')}{found(hop.found, retest_at)}", style="dim"))
    for act in acts:
        branch.add(_act_line(desk, hop, act))
    if hop.failure:
        branch.add(Text(f"{hop.failures} × {hop.failure}", style="red"))
    end = hop.ended_at or now()
    parts = spent(hop.made_at, hop.boarded_at, hop.claimed_at, end, timedelta(seconds=hop.held_seconds))
    names = (
        (text("排队", "queued"), parts.queued),
        (text("待接", "waiting"), parts.waiting),
        (text("在手", "in hand"), parts.in_hand),
        (text("挂起", "held"), parts.held),
    )
    told = "   ".join(f"{name} {span(t.total_seconds())}" for name, t in names if t.total_seconds() >= 0.005)
    if told:
        branch.add(Text(told, style="dim"))


def _act_line(desk: Desk, hop: HopRow, act: HistoryRow) -> Text:
    who = _who(act)
    if act.on_behalf_of:
        who += text(f" 代 {act.on_behalf_of}", f" for {act.on_behalf_of}")
    title, detail = said(told_title(act.act, act.role, of_hop=True)), act.detail
    answered = act.act == "finish" and act.role != Role.WORKER
    if answered:
        title += text("：", ": ") + desk.finding(detail["finding"])
        who = who and text(f"登记 {who}", f"recorded by {who}")
    same_day = local(act.at, "%m-%d") == local(hop.made_at, "%m-%d")
    at = local(act.at, "%H:%M:%S") if same_day else local(act.at)
    line = Text.assemble((at, "dim"), f"  {title}", (f"  {who}" if who else "", "dim"))
    if detail.get("finding") and not answered:
        line.append(f"  {desk.finding(detail['finding'])}", style="green")
    if detail.get("to"):
        line.append(f"  → {_where(desk, detail['to'])}", style="bold")
    if act.act == "report" and hop.evidence:
        line.append(f"  [{evidence(desk, detail.get('finding'), hop.evidence)}]", style="dim")
    return line.append(_details(detail), style="dim")


def _who(act: HistoryRow) -> str:
    """Nothing where the act's title says who did it: the system, or the customer."""
    if act.role in (Role.WORKER, Role.CUSTOMER):
        return ""
    role = said(Role(act.role).label) if act.role in ROLES else act.role
    return f"{act.actor} ({role})"


def _where(desk: Desk, to: str) -> str:
    return text("办结", "end") if to == "end" else desk.team(to)


def _acts_line(desk: Desk, symptom: str, acts: list[HistoryRow]) -> Text:
    lines = []
    for act in acts:
        told = answers_in_words(desk.known_symptoms.get(symptom), act.detail.get("answers") or [])
        answers = "".join(f"\n  {said(question)} {said(answer)}" for question, answer in told)
        head = ((local(act.at), "dim"), f"  {said(told_title(act.act, act.role, of_hop=False))}  ", (_who(act), "dim"))
        lines.append(Text.assemble(*head, _details(act.detail), answers))
    return Text("\n").join(lines)


def _details(detail: dict[str, Any]) -> str:
    told = []
    if times := detail.get("times"):
        told.append(text(f"第{times}次", f"no. {times}"))
    if result := detail.get("found"):
        told.append(found(result))
    if until := detail.get("until"):
        moment = local(datetime.fromisoformat(until), "%m-%d %H:%M")
        told.append(text(f"至 {moment}", f"until {moment}"))
    if leaver := detail.get("from"):
        over = f"{leaver} → {detail['colleague']}" if "colleague" in detail else leaver
        told.append(f"{over} ({Parting.label_of(detail['why']).text(language())})")
    if reason := detail.get("reason"):
        told.append(text(f"原因：{reason}", f"reason: {reason}"))
    told += [text(each["zh"], each["en"]) for each in detail.get("unmet") or ()]
    if detail.get("unverified"):
        told.append(text("未经测试证实", "unverified"))
    if words := detail.get("said"):
        told.append(text(f"说明：{words}", f"said: {words}"))
    return "".join(f"  {each}" for each in told)


def _message_line(told: ToldMessage) -> Text:
    state = (said(told.state.label), _MESSAGE_COLOUR.get(told.state, "yellow"))
    return Text.assemble(text("短信 ", "message "), (local(told.at), "dim"), f"  {said(told.title)}  ", state)


_MESSAGE_COLOUR = {MessageState.SENT: "green", MessageState.FAILED: "bold red", MessageState.DUE: "cyan"}


def _record_line(record: ArchiveRow) -> Text:
    intact = digest(record.content) == record.sha256
    verdict = (text("完整", "intact"), "green") if intact else (text("被改动", "CHANGED"), "bold red")
    at = (local(record.archived_at), "dim")
    return Text.assemble(text("归档记录 ", "record "), at, f"  sha256 {record.sha256[:16]}…  ", verdict)

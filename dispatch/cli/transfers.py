"""`dispatch transfers`: calls that 10050 has transferred to 10086: the queue, the next one, who hung up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, TicketName
from dispatch.cli.output import give, out, span, table
from dispatch.domain.naming import masked_mobile
from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.storage import tickets
from dispatch.tickets import transfers as calls
from dispatch.tickets.transfers import WaitingCall

transfers = Commands()


@transfers.command(
    "list", help=text("列出等候接听和待回拨的来电", "List who waits on the line, and who is called back.")
)
def list_(name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """List who waits on the line, and who is to be called back."""
    desk = open_desk()
    with desk.database.read() as tx:
        queue = calls.queue(tx, desk.actor(name, role), now())
    data = {"on_line": [*map(_json, queue.on_line)], "to_call_back": [*map(_json, queue.to_call_back)]}
    give(as_json, data, lambda: out.print(_table([*queue.on_line, *queue.to_call_back])))


@transfers.command("next", help=text("接听等得最久的来电", "Answer the caller who has waited longest."))
def next_(name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """Answer the caller who has waited longest."""
    desk = open_desk()
    with desk.database.write() as tx:
        ticket_id = calls.take_next(tx, desk.actor(name, role), now())
        number = None if ticket_id is None else ticket_number(tickets.get(tx, ticket_id).kind, ticket_id)
    told = text("没有来电在等", "Nobody waits")
    if number is not None:
        told = text(f"{number}：请接听，然后 take-over", f"{number}: it is yours; then `take-over`")
    give(as_json, {"act": "take-call", "ticket": number}, told)


@transfers.command("hang-up", help=text("登记客户已挂断，待回拨", "Note that a caller hung up, to be called back."))
def hang_up(ticket: TicketName, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """Note that a caller hung up, to be called back."""
    desk = open_desk()
    with desk.database.write() as tx:
        calls.hang_up(tx, read_ticket_number(ticket), desk.actor(name, role), now())
    give(as_json, {"act": "hang-up", "ticket": ticket}, text(f"{ticket}：待回拨", f"{ticket}: to be called back"))


def _json(each: WaitingCall) -> dict[str, Any]:
    call = each.call
    return {
        "ticket": ticket_number(call.kind, call.id),
        "area": call.area,
        "account": call.account,
        "mobile": masked_mobile(call.mobile),
        "symptom": call.symptom,
        "description": call.description,
        "note": each.note,
        "transferred_by": each.transferred_by,
        "since": call.since,
        "taken_by": each.taken_by,
        "hung_up_at": call.hung_up_at,
    }


def _table(rows: Sequence[WaitingCall]) -> Table:
    shown = table()
    for heading in (text("工单", "Ticket"), text("账号", "Account"), text("已等", "Waits")):
        shown.add_column(heading, no_wrap=True)
    shown.add_column(text("备注和原话", "Note, and own words"), overflow="fold")
    shown.add_column(text("状态", "State"), overflow="fold")
    for each in rows:
        call = each.call
        waits = span((now() - call.since).total_seconds())
        state = text("待回拨", "call back") if call.hung_up_at else each.taken_by or text("等候", "waits")
        words = "\n".join(filter(None, (each.note, call.description)))
        shown.add_row(ticket_number(call.kind, call.id), Text(call.account), waits, Text(words), Text(state))
    return shown

"""受理 at the terminal: submit, transfer, refer, take over; urge, withdraw; the customer's answer to a survey."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dispatch.cli.context import now, open_desk, read_pairs
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, TicketName
from dispatch.cli.output import out, show_json
from dispatch.cli.prehandling import ask
from dispatch.domain.numbers import read_ticket_number
from dispatch.domain.roles import Role
from dispatch.domain.ticket import TicketState
from dispatch.routing.prehandling import Script
from dispatch.storage import tickets
from dispatch.tickets import closing, followup
from dispatch.tickets import intake as desk_intake
from dispatch.tickets.intake import AcceptedReport, Answers, FaultReport

app = Commands()

_Answers = Annotated[list[str], typer.Option("--answer", metavar="QUESTION=ANSWER", help="pre-handling, in order")]

_SAID = {
    TicketState.OPEN: "已派单 · dispatched",
    TicketState.SOLVED: "电话中已解决 · solved on the phone",
    TicketState.REPORTED: "已登记,待判断归属 · taken, to be judged: `dispatch transfer` or `dispatch refer`",
}


@app.command()
def submit(
    account: Annotated[str, typer.Argument(help="the broadband account")],
    symptom: Annotated[str, typer.Option(help="one of `dispatch script show`")],
    description: Annotated[str, typer.Option(help="what the customer says")],
    name: As = "",
    role: InRole = "",
    priority: Annotated[int, typer.Option(help="1 (most urgent) to 4")] = 3,
    answers: _Answers = [],  # noqa: B006 — typer reads it, nobody changes it
    despite_duplicate: Annotated[bool, typer.Option("--despite-duplicate", help="it is another fault")] = False,
    request_key: Annotated[str, typer.Option(help="the same key again gives the same ticket again")] = "",
    as_json: AsJson = False,
) -> None:
    """受理故障 · take a fault report; the channel follows from the role (10050, 10086, counter, community manager)."""
    desk = open_desk()
    actor, script = desk.actor(name, role), desk.script
    given = _answers(script, symptom, answers, asked=actor.role == Role.AGENT_10086)
    report = FaultReport(account, symptom, description, priority, given, None, request_key or None, despite_duplicate)
    with desk.database.write() as tx:
        accepted = desk_intake.submit(tx, desk.rulebook, script, report, actor, now())
    _show(accepted, as_json)


@app.command()
def transfer(
    ticket: TicketName,
    note: Annotated[str, typer.Option(help="what was said, beyond the report")] = "",
    name: As = "",
    role: InRole = "",
) -> None:
    """转接 · 10050 → 10086: the fault is ours; what was said goes along."""
    desk = open_desk()
    with desk.database.write() as tx:
        desk_intake.transfer(tx, read_ticket_number(ticket), note, desk.actor(name, role), now())
    out.print(f"{ticket}: 已转接10086 · transferred")


@app.command()
def refer(
    ticket: TicketName,
    reason: Annotated[str, typer.Option(help="whose business it is")],
    name: As = "",
    role: InRole = "",
) -> None:
    """非我方业务 · not our business: the customer was told whose it is."""
    desk = open_desk()
    with desk.database.write() as tx:
        desk_intake.refer(tx, read_ticket_number(ticket), reason, desk.actor(name, role), now())
    out.print(f"{ticket}: 已说明归属 · referred")


@app.command("take-over")
def take_over(
    ticket: TicketName,
    answers: _Answers = [],  # noqa: B006
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """接续受理 · a 10086 agent goes on with a transferred report: pre-handling, then solved or dispatched."""
    desk = open_desk()
    ticket_id = read_ticket_number(ticket)
    with desk.database.read() as tx:
        symptom = tickets.get(tx, ticket_id).symptom
    given = _answers(desk.script, symptom, answers, asked=True)
    with desk.database.write() as tx:
        accepted = desk_intake.take_over(
            tx, desk.rulebook, desk.script, ticket_id, given, desk.actor(name, role), now()
        )
    _show(accepted, as_json)


@app.command()
def urge(ticket: TicketName, reason: Annotated[str, typer.Option()], name: As = "", role: InRole = "") -> None:
    """催单 · the customer presses; counted and limited by the rules."""
    desk = open_desk()
    with desk.database.write() as tx:
        times = followup.urge(tx, desk.rulebook, read_ticket_number(ticket), reason, desk.actor(name, role), now())
    out.print(f"{ticket}: 第{times}次催单 · urged {times} of {desk.rulebook.limits.urges} times")


@app.command()
def withdraw(ticket: TicketName, reason: Annotated[str, typer.Option()], name: As = "", role: InRole = "") -> None:
    """撤单 · the report is taken back."""
    desk = open_desk()
    with desk.database.write() as tx:
        followup.withdraw(tx, read_ticket_number(ticket), reason, desk.actor(name, role), now())
    out.print(f"{ticket}: 已撤单 · withdrawn")


@app.command()
def survey(
    answer: Annotated[str, typer.Argument(help="satisfied, not-fixed or unreachable")],
    token: Annotated[str, typer.Option(help="what stands at the end of the customer's link")] = "",
    ticket: Annotated[str, typer.Option(help="an agent called: the ticket")] = "",
    name: As = "",
    role: InRole = "",
) -> None:
    """回访 · the customer's answer: by the link's token, or by an agent who called."""
    desk = open_desk()
    if bool(token) == bool(ticket):
        raise typer.BadParameter(text("请只给 --token 或 --ticket 之一", "give either --token or --ticket"))
    with desk.database.write() as tx:
        if token:
            closing.answer(tx, desk.rulebook, token, answer, now())
        else:
            actor = desk.actor(name, role)
            closing.answer_by_phone(tx, desk.rulebook, read_ticket_number(ticket), answer, actor, now())
    out.print(f"回访结果已登记 · the answer is on record: {answer}")


def _answers(script: Script, symptom: str, given: list[str], asked: bool) -> Answers:
    """Those on the command line; in a terminal an agent without any is led through the script."""
    pairs = read_pairs(given, "answer")
    if not pairs and asked and sys.stdin.isatty() and sys.stdout.isatty():
        pairs = ask(out, script.symptom(symptom))
    return tuple(pairs)


def _show(accepted: AcceptedReport, as_json: bool) -> None:
    if as_json:
        show_json({"ticket": accepted.number, "state": accepted.state, "repeated": accepted.repeated})
        return
    repeated = " (此前已受理 · taken earlier)" if accepted.repeated else ""
    out.print(f"[bold]{accepted.number}[/]: {_SAID.get(accepted.state, accepted.state)}{repeated}")

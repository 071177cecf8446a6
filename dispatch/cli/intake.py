"""受理 at the terminal: submit, transfer, refer, take over; urge, withdraw; the customer's answer to a survey."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from dispatch.cli.context import Desk, now, open_desk, read_pairs
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, Reason, TicketName
from dispatch.cli.output import give, out, zone
from dispatch.domain.book_data import BillingSays, BookSays
from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.domain.opinion import spoken
from dispatch.domain.roles import Role
from dispatch.domain.ticket import TicketState
from dispatch.domain.title import sentences
from dispatch.routing.prehandling import Question, Symptom
from dispatch.storage import tickets
from dispatch.storage.database import Tx
from dispatch.tickets import book_answers, closing, followup
from dispatch.tickets import intake as desk_intake
from dispatch.tickets.intake import AcceptedReport, Answers, Consulted, FaultReport

app = Commands()

_Answers = Annotated[
    list[str],
    typer.Option(
        "--answer",
        metavar="QUESTION=ANSWER",
        help=text("预处理问答，按顺序，可多次", "pre-handling, in order; may be repeated"),
    ),
]


_Notes = Annotated[
    list[str],
    typer.Option(
        "--note",
        metavar="QUESTION=WHY",
        help=text("【查】的回答与系统不符时，写明原因", "why an answer differs from what the books say"),
    ),
]


@app.command()
def submit(
    account: Annotated[str, typer.Argument(help=text("宽带账号", "the broadband account"), show_default=False)],
    symptom: Annotated[
        str,
        typer.Option(help=text("现象，见 dispatch script show", "one of `dispatch script show`"), show_default=False),
    ],
    description: Annotated[str, typer.Option(help=text("客户怎么说", "the customer's words"), show_default=False)],
    name: As = "",
    role: InRole = "",
    priority: Annotated[int, typer.Option(help=text("优先级，1（最急）至 4", "1 (most urgent) to 4"))] = 3,
    answers: _Answers = [],  # noqa: B006 — typer reads it, nobody changes it
    notes: _Notes = [],  # noqa: B006
    despite_duplicate: Annotated[
        bool, typer.Option("--despite-duplicate", help=text("确是另一故障", "it is another fault"))
    ] = False,
    request_key: Annotated[
        str,
        typer.Option(
            help=text("请求标识：同一标识只受理一次", "the same key again gives the same ticket again"),
            show_default=False,
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Take a fault report; the channel follows from the role."""
    desk = open_desk()
    actor, script = desk.actor(name, role), desk.script
    asked = actor.role == Role.AGENT_10086
    given, books = _answers(desk, account, lambda: script.symptom(symptom), answers, notes, asked=asked)
    key = request_key or None
    report = FaultReport(account, symptom, description, priority, given, None, key, despite_duplicate, books)
    with desk.database.write() as tx:
        accepted = desk_intake.submit(tx, desk.rulebook, script, report, actor, now())
    _show(accepted, "submit", as_json)


@app.command()
def transfer(
    ticket: TicketName,
    note: Annotated[
        str, typer.Option(help=text("申告之外还问到的", "notes beyond the report"), show_default=False)
    ] = "",
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Transfer a report from 10050 to 10086."""
    desk = open_desk()

    def act(tx: Tx, ticket_id: int) -> None:
        desk_intake.transfer(tx, ticket_id, note, desk.actor(name, role), now())

    _done(desk, "transfer", ticket, act, text(f"{ticket}：已转接10086", f"{ticket}: transferred to 10086"), as_json)


@app.command()
def refer(
    ticket: TicketName,
    reason: Annotated[str, typer.Option(help=text("应找谁", "whose business it is"), show_default=False)],
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Close a report that isn't ours."""
    desk = open_desk()

    def act(tx: Tx, ticket_id: int) -> None:
        desk_intake.refer(tx, ticket_id, reason, desk.actor(name, role), now())

    _done(desk, "refer", ticket, act, text(f"{ticket}：已说明归属，办结", f"{ticket}: referred, closed"), as_json)


@app.command("take-over")
def take_over(
    ticket: TicketName,
    answers: _Answers = [],  # noqa: B006
    notes: _Notes = [],  # noqa: B006
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Go on with a transferred report: pre-handling, then solved or dispatched."""
    desk = open_desk()
    ticket_id = read_ticket_number(ticket)
    with desk.database.read() as tx:
        row = tickets.get(tx, ticket_id)
    given, books = _answers(
        desk, row.account, lambda: desk.script.continued(row.symptom, row.category), answers, notes, asked=True
    )
    with desk.database.write() as tx:
        accepted = desk_intake.take_over(
            tx, desk.rulebook, desk.script, ticket_id, given, desk.actor(name, role), now(), books
        )
    _show(accepted, "take-over", as_json)


@app.command()
def urge(ticket: TicketName, reason: Reason, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """Urge a ticket; the rules limit how often."""
    desk = open_desk()
    most = desk.rulebook.limits.urges
    with desk.database.write() as tx:
        ticket_id = read_ticket_number(ticket)
        times = followup.urge(tx, desk.rulebook, ticket_id, reason, desk.actor(name, role), now())
        done = _facts(tx, "urge", ticket_id) | {"urged": times, "at_most": most}
    give(as_json, done, text(f"{ticket}：第{times}次催单，最多{most}次", f"{ticket}: urged {times} of {most} times"))


@app.command()
def withdraw(ticket: TicketName, reason: Reason, name: As = "", role: InRole = "", as_json: AsJson = False) -> None:
    """Withdraw a report for the customer."""
    desk = open_desk()

    def act(tx: Tx, ticket_id: int) -> None:
        followup.withdraw(tx, ticket_id, reason, desk.actor(name, role), now())

    _done(desk, "withdraw", ticket, act, text(f"{ticket}：已撤单", f"{ticket}: withdrawn"), as_json)


@app.command()
def survey(
    answer: Annotated[
        str,
        typer.Argument(
            help=text(
                "satisfied（满意）、dissatisfied（不满意）、not-fixed（未修复）或 unreachable（联系不上）",
                "satisfied, dissatisfied, not-fixed or unreachable",
            ),
            show_default=False,
        ),
    ],
    token: Annotated[
        str,
        typer.Option(help=text("客户链接末尾的令牌", "token at the end of the customer's link"), show_default=False),
    ] = "",
    ticket: Annotated[
        str, typer.Option(help=text("电话回访：工单号", "an agent called: the ticket"), show_default=False)
    ] = "",
    grade: Annotated[
        int | None, typer.Option(min=1, max=5, help=text("满意度 1 至 5，5 最好", "1 to 5, 5 is the best"))
    ] = None,
    reason: Annotated[
        list[str] | None,
        typer.Option(
            help=text("3 分及以下的原因，可多次", "why, for 3 and below; may be repeated"), show_default=False
        ),
    ] = None,
    words: Annotated[str, typer.Option(help=text("客户原话", "the customer's own words"), show_default=False)] = "",
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:
    """Record the customer's answer: by the link's token, or by an agent who called."""
    desk = open_desk()
    if bool(token) == bool(ticket):
        raise typer.BadParameter(text("请在 --token 和 --ticket 中给出一个", "give either --token or --ticket"))
    said = spoken(answer, grade, reason or (), words)
    with desk.database.write() as tx:
        if token:
            closing.answer(tx, desk.rulebook, token, said, now())
        else:
            actor = desk.actor(name, role)
            closing.answer_by_phone(tx, desk.rulebook, read_ticket_number(ticket), said, actor, now())
    done = {"act": "survey", "answer": answer, **({"ticket": ticket} if ticket else {})}
    give(
        as_json,
        done,
        text(f"回访结果已登记：{desk.finding(answer)}", f"The answer is on record: {desk.finding(answer)}"),
    )


def _answers(
    desk: Desk, account: str, symptom: Callable[[], Symptom], given: list[str], noted: list[str], asked: bool
) -> tuple[Answers, Consulted]:
    """The answers on the command line, with what the books say; in a terminal an agent without any is led through the
    script."""
    pairs, notes = read_pairs(given, "answer"), dict(read_pairs(noted, "note"))
    with desk.database.read() as tx:
        row = book_answers.found(tx, account, now())

    def billing(answers: Answers) -> BillingSays | None:
        known, account_id = symptom(), None if row is None else row.id
        return book_answers.ask_billing(desk.billing, account_id, known, answers, now(), desk.settings.zone)

    def books(question: Question, so_far: Sequence[tuple[str, str]]) -> tuple[str, BookSays] | None:
        said = billing(tuple(so_far))
        with desk.database.read() as tx:
            return None if row is None else book_answers.says(tx, row, account, question, now(), said)

    if not pairs and asked and sys.stdin.isatty() and sys.stdout.isatty():
        from dispatch.cli.prehandling import ask

        pairs, notes = ask(out, symptom(), books)
    return tuple(pairs), Consulted(notes, billing(tuple(pairs)) if pairs else None)


def _done(desk: Desk, act: str, ticket: str, carry_out: Callable[[Tx, int], None], shown: str, as_json: bool) -> None:
    """One act on a ticket in one transaction, and what came of it."""
    ticket_id = read_ticket_number(ticket)
    with desk.database.write() as tx:
        carry_out(tx, ticket_id)
        done = _facts(tx, act, ticket_id)
    give(as_json, done, shown)


def _facts(tx: Tx, act: str, ticket_id: int) -> dict[str, Any]:
    row = tickets.get(tx, ticket_id)
    return {"act": act, "ticket": ticket_number(row.kind, ticket_id), "state": row.state}


def _show(accepted: AcceptedReport, act: str, as_json: bool) -> None:
    said = {
        TicketState.OPEN: text("已派单", "dispatched"),
        TicketState.SOLVED: text("电话中已解决", "solved on the phone"),
        TicketState.REPORTED: text(
            "已登记，待判断归属：dispatch transfer 或 dispatch refer",
            "taken, to be judged: `dispatch transfer` or `dispatch refer`",
        ),
    }
    repeated = text("（此前已受理）", " (taken earlier)") if accepted.repeated else ""
    state = said.get(accepted.state, accepted.state)
    done: dict[str, Any] = {
        "act": act,
        "ticket": accepted.number,
        "state": accepted.state,
        "repeated": accepted.repeated,
    }
    told = text(f"{accepted.number}：{state}{repeated}", f"{accepted.number}: {state}{repeated}")
    if accepted.renamed is not None:
        renamed = sentences(accepted.renamed.said(zone()))
        done |= {"renamed": text(renamed.zh, renamed.en)}
        told += f"\n{text(renamed.zh, renamed.en)}"
    give(as_json, done, told)

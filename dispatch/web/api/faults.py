"""受理故障: a report with its pre-handling 预处理, and what to know before one is made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field as Of

from dispatch.domain.numbers import ticket_number
from dispatch.domain.roles import Actor
from dispatch.domain.ticket import TicketState
from dispatch.errors import (
    AccountNotInService,
    AccountSuspended,
    BadAnswer,
    BadInput,
    DuplicateFault,
    UnknownAccount,
    UnknownSymptom,
)
from dispatch.reports import lists
from dispatch.routing.prehandling import Progress, follow
from dispatch.storage import accounts
from dispatch.tickets import intake
from dispatch.tickets.intake import FaultReport
from dispatch.web.api.schemas import RequestBody, ResponseBody, Text, TitleBody, Word, title
from dispatch.web.api.tickets import AcceptedBody, ScriptAnswer
from dispatch.web.policy import Target
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("/faults", "faults")

EARLIER = 5
"""So many of a line's last faults are told of."""


class SymptomBody(ResponseBody):
    name: str
    title: TitleBody
    category: str


class Symptoms(ResponseBody):
    items: list[SymptomBody]


class DialogueRequest(RequestBody):
    """What was answered so far, in order."""

    symptom: Word
    answers: Annotated[list[ScriptAnswer], Of(max_length=50)] = Of(default_factory=list)


class AnswerBody(ResponseBody):
    name: str
    title: TitleBody


class QuestionBody(ResponseBody):
    name: str
    ask: TitleBody
    answers: list[AnswerBody]


class AnsweredQuestion(ResponseBody):
    """One question with its answer; `say` is what the customer was told upon it."""

    question: str
    ask: TitleBody
    answer: str
    title: TitleBody
    say: TitleBody | None


class DialogueProgress(ResponseBody):
    """Either `next` is to be asked, or `outcome` says how it ended: solved on the phone, or a ticket is needed."""

    steps: list[AnsweredQuestion]
    next: QuestionBody | None
    outcome: str | None
    category: str


class EarlierFault(ResponseBody):
    ticket: str
    symptom: str
    state: TicketState
    made_at: datetime
    outcome: str | None


class LineRequest(RequestBody):
    account: Annotated[str, Of(min_length=1, max_length=40, pattern=r"^[!-~]+$")]


class Warnings(ResponseBody):
    """`open` is a fault that isn't over: another report would be a duplicate. `earlier` are the line's last faults."""

    account: str
    state: str
    open: str | None
    earlier: list[EarlierFault]


class NewFaultRequest(RequestBody):
    """`priority` 1 is the most urgent. `answers` are those of pre-handling, in order."""

    account: Annotated[str, Of(min_length=1, max_length=40, pattern=r"^[!-~]+$")]
    symptom: Word
    description: Text
    priority: Annotated[int, Of(ge=1, le=4)] = 3
    answers: Annotated[list[ScriptAnswer], Of(max_length=50)] = Of(default_factory=list)
    category: Word | None = None
    despite_duplicate: bool = False


@api.look("/symptoms", "follow the script")
def list_symptoms(call: Call) -> Symptoms:
    """What a customer may complain of."""
    known = call.here.script().symptoms.values()
    return Symptoms(
        items=[SymptomBody(name=each.name, title=title(each.title), category=each.category) for each in known]
    )


@api.look("/prehandling", "follow the script", method="POST", raises=[UnknownSymptom, BadAnswer])
def follow_script(call: Call, asked: DialogueRequest) -> DialogueProgress:
    """The next question, and what was said so far. Nothing is kept until a report is made of it."""
    answers = [(each.question, each.answer) for each in asked.answers]
    return _dialogued(follow(call.here.script().symptom(asked.symptom), answers))


@api.look("/warnings", "see warnings", method="POST", raises=[UnknownAccount])
def see_warnings(call: Call, asked: LineRequest) -> Warnings:
    """What to know before a fault of this line is reported. An account may be called by a mobile number: so it goes
    into no address."""
    account = asked.account
    _require_in_area(call, account)
    row = accounts.by_numbers(call.tx, [account])[account]
    faults = [each for each in lists.latest(call.tx, EARLIER + 1, account) if each.kind == "fault"][:EARLIER]
    open_fault = next((each for each in faults if each.ended_at is None), None)
    return Warnings(
        account=account,
        state=row.state,
        open=None if open_fault is None else ticket_number(open_fault.kind, open_fault.id),
        earlier=[
            EarlierFault(
                ticket=ticket_number(each.kind, each.id),
                symptom=each.symptom,
                state=TicketState(each.state),
                made_at=each.made_at,
                outcome=each.outcome,
            )
            for each in faults
        ],
    )


@api.act(
    "",
    "submit",
    status=201,
    raises=[
        UnknownAccount,
        UnknownSymptom,
        BadAnswer,
        BadInput,
        DuplicateFault,
        AccountSuspended,
        AccountNotInService,
    ],
)
def submit(call: Call, asked: NewFaultRequest) -> AcceptedBody:
    """Take a report; the channel follows from the role. It is dispatched, or solved, or waits to be judged."""
    actor = _require_in_area(call, asked.account)
    answers = tuple((each.question, each.answer) for each in asked.answers)
    report = FaultReport(
        asked.account,
        asked.symptom,
        asked.description,
        asked.priority,
        answers,
        asked.category,
        despite_duplicate=asked.despite_duplicate,
    )
    accepted = intake.submit(call.tx, call.rulebook, call.here.script(), report, actor, call.now)
    call.visitor.headers["Location"] = f"/api/v1/tickets/{accepted.number}"
    return AcceptedBody(ticket=accepted.number, state=accepted.state)


def _require_in_area(call: Call, account: str) -> Actor:
    """A line of another area is unknown. Raises UnknownAccount, NotAllowed."""
    row = accounts.by_numbers(call.tx, [account]).get(account)
    unknown = UnknownAccount(account=account)
    if row is None:
        raise unknown
    return call.act(Target(row.area), unknown)


def _dialogued(progress: Progress) -> DialogueProgress:
    asked = progress.next
    return DialogueProgress(
        steps=[
            AnsweredQuestion(
                question=step.question.name,
                ask=title(step.question.ask),
                answer=step.answer.name,
                title=title(step.answer.title),
                say=None if step.said is None else title(step.said),
            )
            for step in progress.asked
        ],
        next=None
        if asked is None
        else QuestionBody(
            name=asked.name,
            ask=title(asked.ask),
            answers=[AnswerBody(name=each.name, title=title(each.title)) for each in asked.answers.values()],
        ),
        outcome=progress.outcome,
        category=progress.category,
    )

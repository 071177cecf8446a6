"""受理故障: fault reports with their pre-handling 预处理, and warnings beforehand."""

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
"""How many of a line's last faults a warning names."""


class SymptomBody(ResponseBody):
    """A symptom that a customer may complain of."""

    name: str
    """Name by which requests and the rules know it."""
    title: TitleBody
    """Name for people."""
    category: str
    """Fault category that follows from it unless an answer says otherwise."""


class Symptoms(ResponseBody):
    """The symptoms of the pre-handling script."""

    items: list[SymptomBody]
    """Symptoms in the script's order."""


class DialogueRequest(RequestBody):
    """A pre-handling dialogue so far."""

    symptom: Word
    """Symptom, by its name in the pre-handling script."""
    answers: Annotated[list[ScriptAnswer], Of(max_length=50)] = Of(default_factory=list)
    """Answers so far, in order."""


class AnswerBody(ResponseBody):
    """An answer that a question offers."""

    name: str
    """Name by which requests and the rules know it."""
    title: TitleBody
    """Name for people."""


class QuestionBody(ResponseBody):
    """A question of the pre-handling script."""

    name: str
    """Name by which requests and the rules know it."""
    ask: TitleBody
    """Question, to be read out."""
    answers: list[AnswerBody]
    """Answers to choose from."""


class AnsweredQuestion(ResponseBody):
    """One question with its answer."""

    question: str
    """Question, by its name in the script."""
    ask: TitleBody
    """Question, as it was read out."""
    answer: str
    """Answer, by its name in the script."""
    title: TitleBody
    """Answer, in words."""
    say: TitleBody | None
    """What the customer was told upon this answer; null: nothing."""


class DialogueProgress(ResponseBody):
    """Either a next question, or how the dialogue ended."""

    steps: list[AnsweredQuestion]
    """Questions and answers so far."""
    next: QuestionBody | None
    """Question to be asked next; null when the dialogue has ended."""
    outcome: str | None
    """How it ended: solved on the phone, or a ticket is needed; null while a question is open."""
    category: str
    """Fault category as far as the answers tell."""


class EarlierFault(ResponseBody):
    """An earlier fault of the same line."""

    ticket: str
    """Ticket number, such as F00000042."""
    symptom: str
    """Symptom, by its name in the pre-handling script."""
    state: TicketState
    """State of the ticket."""
    made_at: datetime
    """When it was reported."""
    outcome: str | None
    """How it ended; null while it goes on."""


class LineRequest(RequestBody):
    """The line that a report would be about."""

    account: Annotated[str, Of(min_length=1, max_length=40, pattern=r"^[!-~]+$")]
    """Number of the broadband account 宽带账号."""


class Warnings(ResponseBody):
    """What to know before a fault of this line is reported."""

    account: str
    """Number of the broadband account 宽带账号."""
    state: str
    """State of the account."""
    open: str | None
    """Number of a fault that has not ended: another report would be a duplicate; null when there is none."""
    earlier: list[EarlierFault]
    """The line's last faults, the newest first."""


class NewFaultRequest(RequestBody):
    """A fault report."""

    account: Annotated[str, Of(min_length=1, max_length=40, pattern=r"^[!-~]+$")]
    """Number of the broadband account 宽带账号."""
    symptom: Word
    """Symptom, by its name in the pre-handling script."""
    description: Text
    """What the customer says."""
    priority: Annotated[int, Of(ge=1, le=4)] = 3
    """Priority, 1 (most urgent) to 4."""
    answers: Annotated[list[ScriptAnswer], Of(max_length=50)] = Of(default_factory=list)
    """Answers of pre-handling, in order."""
    category: Word | None = None
    """Fault category; absent: as pre-handling tells."""
    despite_duplicate: bool = False
    """True to report although the line has an open fault."""


@api.look("/symptoms", "follow the script")
def list_symptoms(call: Call) -> Symptoms:
    """Lists the symptoms that a customer may complain of."""
    known = call.here.script().symptoms.values()
    return Symptoms(
        items=[SymptomBody(name=each.name, title=title(each.title), category=each.category) for each in known]
    )


@api.look("/prehandling", "follow the script", method="POST", raises=[UnknownSymptom, BadAnswer])
def follow_script(call: Call, asked: DialogueRequest) -> DialogueProgress:
    """Shows the next question of pre-handling (预处理) and what was said so far. Nothing is kept before a report."""
    answers = [(each.question, each.answer) for each in asked.answers]
    return _dialogued(follow(call.here.script().symptom(asked.symptom), answers))


@api.look("/warnings", "see warnings", method="POST", raises=[UnknownAccount])
def see_warnings(call: Call, asked: LineRequest) -> Warnings:
    """Shows what to know before a fault of this line is reported. The account may be a mobile number, so it goes into
    the body and into no address."""
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
    """Accepts a fault report (受理); the channel follows from the role. The fault is dispatched, or solved, or
    waits to be judged."""
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
    """The actor. An account of another area counts as unknown. Raises UnknownAccount, NotAllowed."""
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

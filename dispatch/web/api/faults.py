"""受理故障: fault reports with their pre-handling 预处理, and warnings beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from dispatch.domain.book_data import BillingSays
from dispatch.domain.numbers import ticket_number
from dispatch.domain.roles import Actor
from dispatch.domain.ticket import TicketState
from dispatch.domain.url_path import segment
from dispatch.errors import (
    AccountNotInService,
    AccountSuspended,
    BadAnswer,
    BadInput,
    DispatchError,
    DuplicateFault,
    UnknownAccount,
    UnknownSymptom,
)
from dispatch.reports import lists
from dispatch.routing.prehandling import Answers, Progress, Question, Symptom, follow
from dispatch.storage import aliases
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.aliases import FormerName
from dispatch.tickets import book_answers, intake, suspended_lines
from dispatch.tickets.intake import Consulted, FaultReport
from dispatch.web.api.fault_schemas import (
    AnswerBody,
    AnsweredQuestion,
    BookedAnswer,
    DialogueProgress,
    DialogueRequest,
    EarlierFault,
    LineRequest,
    NewFaultRequest,
    QuestionBody,
    SymptomBody,
    Symptoms,
    Warnings,
)
from dispatch.web.api.schemas import TitleBody, title
from dispatch.web.api.ticket_schemas import AcceptedBody, ScriptAnswer
from dispatch.web.credentials import Visitor
from dispatch.web.installation import Installation
from dispatch.web.policy import Target
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/faults", "faults")

EARLIER = 5
"""Number of a line's last faults that a warning names."""


@api.read("/symptoms", "follow the script")
def list_symptoms(context: RequestContext) -> Symptoms:
    """Lists the symptoms that a customer may complain of."""
    known = context.installation.script().symptoms.values()
    return Symptoms(
        items=[SymptomBody(name=each.name, title=title(each.title), category=each.category) for each in known]
    )


@api.read(
    "/prehandling",
    "follow the script",
    method="POST",
    raises=[UnknownSymptom, BadAnswer],
    summary="Follow pre-handling script",
)
def follow_script(context: RequestContext, asked: DialogueRequest) -> DialogueProgress:
    """Shows the next question of pre-handling (预处理) and what was said so far, with what the books say of the
    account. Nothing is kept before a report."""
    symptom, answers = context.installation.script().symptom(asked.symptom), given(asked.answers)
    progress = follow(symptom, answers)
    account = None if asked.account is None else book_answers.found(context.tx, asked.account, context.now)
    if account is None or not context.may("see warnings", Target(account.area)):
        return _dialogued(progress, lambda _: None)
    return _dialogued(progress, booked_of(context, account, symptom, answers, asked.account or ""))


def given(answers: Sequence[ScriptAnswer]) -> Answers:
    return tuple((each.question, each.answer) for each in answers)


def billing_of(
    installation: Installation, account_id: int | None, symptom: Symptom | None, answers: Answers, now: datetime
) -> BillingSays | None:
    """What billing says of an account, if the dialogue needs it."""
    if account_id is None or symptom is None:
        return None
    zone = installation.settings.zone
    return book_answers.ask_billing(installation.billing, account_id, symptom, answers, now, zone)


def _billing_first(visitor: Visitor, asked: NewFaultRequest) -> BillingSays | None:
    """Ask billing before the report's transaction."""
    symptom = visitor.installation.script().symptoms.get(asked.symptom)
    try:
        if symptom is None or not book_answers.needs_billing(symptom, given(asked.answers)):
            return None
    except BadAnswer:
        return None  # the report is refused for it
    with visitor.installation.database.autocommit_read() as tx:
        account = book_answers.found(tx, asked.account, visitor.now)
    account_id = None if account is None else account.id
    return billing_of(visitor.installation, account_id, symptom, given(asked.answers), visitor.now)


@api.read("/warnings", "see warnings", method="POST", raises=[UnknownAccount])
def see_warnings(context: RequestContext, asked: LineRequest) -> Warnings:
    """Shows what to know before a fault of this line is reported. The account may be a mobile number, so it goes into
    the body and into no address."""
    _require_in_area(context, asked.account)
    row = aliases.called(context.tx, [asked.account], context.now)[asked.account]
    latest = lists.latest_tickets(context.tx, EARLIER + 1, row.number)
    faults = [each for each in latest if each.kind == "fault"][:EARLIER]
    open_fault = next((each for each in faults if each.ended_at is None), None)
    return Warnings(
        account=row.number,
        renamed=_told(context, aliases.renaming(context.tx, row, asked.account, context.now)),
        state=row.state,
        stopped=_stopped(row),
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


@api.change(
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
    first=_billing_first,
    summary="Report fault",
)
def submit(context: RequestContext, asked: NewFaultRequest) -> AcceptedBody:
    """Accepts a fault report (受理); the channel follows from the role. The fault is dispatched, or solved, or
    waits to be judged."""
    actor = _require_in_area(context, asked.account)
    report = FaultReport(
        asked.account,
        asked.symptom,
        asked.description,
        asked.priority,
        given(asked.answers),
        asked.category,
        despite_duplicate=asked.despite_duplicate,
        books=Consulted(asked.notes, context.prepared),
    )
    accepted = intake.submit(context.tx, context.rulebook, context.installation.script(), report, actor, context.now)
    context.visitor.headers["Location"] = f"/api/v1/tickets/{segment(accepted.number)}"
    renamed = _told(context, accepted.renamed)
    return AcceptedBody(ticket=accepted.number, state=accepted.state, renamed=renamed)


def _stopped(account: AccountRow) -> TitleBody | None:
    """Why the line doesn't work by itself."""
    kind = suspended_lines.kind_of(account)
    if kind is not None:
        return _sentence(suspended_lines.told(account, kind))
    try:
        suspended_lines.require_service(account)
    except AccountNotInService as told:
        return _sentence(told)
    return None


def _told(context: RequestContext, renaming: FormerName | None) -> TitleBody | None:
    """The sentence to read out where an account was given by its former name."""
    if renaming is None:
        return None
    return _sentence(renaming.said(context.installation.settings.zone))


def _sentence(said: DispatchError) -> TitleBody:
    return TitleBody(zh=said.sentence("zh"), en=said.sentence("en"))


def _require_in_area(context: RequestContext, account: str) -> Actor:
    """The actor. An account of another area counts as unknown. Raises UnknownAccount, NotAllowed."""
    row = aliases.called(context.tx, [account], context.now).get(account)
    unknown = UnknownAccount(account=account)
    if row is None:
        raise unknown
    return context.authorize(Target(row.area), unknown)


Booked = Callable[[Question], BookedAnswer | None]


def booked_of(
    context: RequestContext, account: AccountRow, symptom: Symptom, answers: Answers, typed: str = ""
) -> Booked:
    """What the books say of each question, for an account that was called `typed`."""
    billing = billing_of(context.installation, account.id, symptom, answers, context.now)
    typed = typed or account.number

    def of(question: Question) -> BookedAnswer | None:
        found = book_answers.says(context.tx, account, typed, question, context.now, billing)
        if found is None:
            return None
        answer, said = found
        return BookedAnswer(answer=answer, title=title(said.title), at=said.at)

    return of


def _dialogued(progress: Progress, booked: Booked) -> DialogueProgress:
    asked = progress.next
    return DialogueProgress(
        steps=[
            AnsweredQuestion(
                question=step.question.name,
                ask=title(step.question.ask),
                answer=step.answer.name,
                title=title(step.answer.title),
                say=None if step.said is None else title(step.said),
                booked=booked(step.question),
            )
            for step in progress.asked
        ],
        next=None
        if asked is None
        else QuestionBody(
            name=asked.name,
            ask=title(asked.ask),
            answers=[AnswerBody(name=each.name, title=title(each.title)) for each in asked.answers.values()],
            booked=booked(asked),
        ),
        outcome=progress.outcome,
        category=progress.category,
    )

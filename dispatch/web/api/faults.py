"""受理故障: fault reports with their pre-handling 预处理, and warnings beforehand."""

from __future__ import annotations

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
from dispatch.routing.prehandling import Progress, follow
from dispatch.storage import aliases
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.aliases import FormerName
from dispatch.tickets import intake, suspended_lines
from dispatch.tickets.intake import FaultReport
from dispatch.web.api.fault_schemas import (
    AnswerBody,
    AnsweredQuestion,
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
from dispatch.web.api.ticket_schemas import AcceptedBody
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
    """Shows the next question of pre-handling (预处理) and what was said so far. Nothing is kept before a report."""
    answers = [(each.question, each.answer) for each in asked.answers]
    return _dialogued(follow(context.installation.script().symptom(asked.symptom), answers))


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
    summary="Report fault",
)
def submit(context: RequestContext, asked: NewFaultRequest) -> AcceptedBody:
    """Accepts a fault report (受理); the channel follows from the role. The fault is dispatched, or solved, or
    waits to be judged."""
    actor = _require_in_area(context, asked.account)
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

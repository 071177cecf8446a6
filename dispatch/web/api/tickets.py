"""工单: tickets, their journeys with explanations, and acts on a ticket as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Query

from dispatch.domain.book_data import BillingSays
from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.domain.opinion import spoken
from dispatch.domain.roles import Actor
from dispatch.errors import (
    AccountSuspended,
    BadAnswer,
    BadInput,
    CallTaken,
    IllegalMove,
    NotFound,
    NotWithdrawable,
    SurveyOver,
    UrgedEnough,
)
from dispatch.reports import lists
from dispatch.storage import hops, tickets
from dispatch.tickets import closing, explanation, followup, intake
from dispatch.tickets.closing import digest
from dispatch.tickets.intake import Consulted
from dispatch.web.api import faults
from dispatch.web.api.journey_schemas import (
    ArchiveRecord,
    CustomersMessage,
    HistoryEntry,
    HopExplanation,
    JourneyBody,
    TicketExplanation,
    TimeSpent,
)
from dispatch.web.api.schemas import (
    Cursor,
    Limit,
    Page,
    TicketName,
    page,
    read_cursor,
)
from dispatch.web.api.ticket_schemas import (
    AcceptedBody,
    AnswersRequest,
    ListedTicket,
    NoteRequest,
    PhoneAnswerRequest,
    ReasonRequest,
    UrgeCount,
    With,
)
from dispatch.web.api.ticket_views import (
    MOVES_OF_TICKETS,
    complaint_view,
    hop_name,
    hop_view,
    missing_ticket,
    seen_journey,
    ticket_thing,
    ticket_view,
    words_of,
)
from dispatch.web.credentials import Visitor
from dispatch.web.policy import GuardedField, Target
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/tickets", "tickets")


@api.read("", "list tickets", raises=[BadInput])
def list_tickets(
    context: RequestContext,
    account: Annotated[
        str | None,
        Query(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", description="Account; absent: any."),
    ] = None,
    team: Annotated[
        str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,39}$", description="Team that has the tickets now; absent: any.")
    ] = None,
    unfinished: Annotated[bool, Query(description="True to leave out tickets that have ended.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
    area: Annotated[
        str | None,
        Query(min_length=1, max_length=40, pattern=r"^[!-~]+$", description="Area; absent: all of the caller's."),
    ] = None,
) -> Page[ListedTicket]:
    """Lists tickets, the newest first: those of the caller's areas, and those that their teams have or had."""
    scopes, before = context.scopes(), read_cursor(cursor, int)
    rows = lists.latest_tickets(context.tx, limit + 1, account, unfinished, team, before, scopes, area)
    teams = lists.teams_of(context.tx, [row.id for row in rows])
    items = []
    for row in rows:
        told = ticket_view(context, row, ticket_thing(context, row, teams[row.id]))
        now = None
        if row.team is not None and row.seq is not None:
            hop = hop_name(row.kind, row.id, row.seq)
            now = With(hop=hop, team=row.team, state=row.hop_state, holder=row.holder)
        items.append(ListedTicket(**told.model_dump(), now=now))
    return page(items, limit, rows[limit - 1].id if len(rows) > limit else None)


@api.read("/{ticket}", "see a ticket")
def see_ticket(context: RequestContext, ticket: TicketName) -> JourneyBody:
    """Shows a ticket's whole journey: which team had it when, what it found, how long it took, and who did what."""
    return tell(context, *seen_journey(context, read_ticket_number(ticket), ticket, "see a ticket"))


def tell(context: RequestContext, journey: lists.Journey, thing: Target) -> JourneyBody:
    """The journey as the caller may see it."""
    row, shown = journey.ticket, context.shows(GuardedField.CUSTOMER, thing)
    names: dict[int | None, str] = {hop.id: hop_name(row.kind, row.id, hop.seq) for hop in journey.hops}
    return JourneyBody(
        ticket=ticket_view(context, row, thing),
        hops=[hop_view(context, row.kind, hop, thing, journey.retest_at) for hop in journey.hops],
        history=[
            HistoryEntry(
                at=act.at,
                act=act.act,
                hop=names.get(act.hop_id),
                actor=act.actor,
                role=act.role,
                on_behalf_of=act.on_behalf_of,
                detail=words_of(act.detail, shown=shown),
            )
            for act in journey.history
        ],
        records=[
            ArchiveRecord(
                round=each.round,
                archived_at=each.archived_at,
                sha256=each.sha256,
                intact=digest(each.content) == each.sha256,
            )
            for each in journey.records
        ],
        messages=[
            CustomersMessage(event=each.event, made_at=each.made_at, state=each.state, at=each.at)
            for each in journey.messages
        ],
        complaint=complaint_view(context, row, shown=shown),
        spent={
            team: TimeSpent(**parts)
            for team, parts in closing.seconds_by_team(journey.hops, row.ended_at or context.now).items()
        },
        may=[move for move in MOVES_OF_TICKETS if context.may(move, thing)],
    )


@api.read("/{ticket}/explanation", "see a ticket")
def explain_ticket(context: RequestContext, ticket: TicketName) -> TicketExplanation:
    """Explains for every hop which rule chose it, on which facts, and why the rules before it did not match."""
    journey, thing = seen_journey(context, read_ticket_number(ticket), ticket, "see a ticket")
    explained = [explanation.explain(context.tx, context.installation.rules, hop).as_json() for hop in journey.hops]
    if not context.shows(GuardedField.CUSTOMER, thing):
        kept = ("from", "finding", "asked by", "hops", "reopened")
        explained = [{**each, "facts": {k: v for k, v in each["facts"].items() if k in kept}} for each in explained]
    return TicketExplanation(hops=[HopExplanation.model_validate(each) for each in explained])


@api.change("/{ticket}/transfer", "transfer", raises=[IllegalMove, BadInput], summary="Transfer report to 10086")
def transfer(context: RequestContext, ticket: TicketName, asked: NoteRequest) -> AcceptedBody:
    """Transfers a report (转接) from the 10050 hotline to a 10086 seat, with what was said."""
    return _moved(context, ticket, lambda id_, actor: intake.transfer(context.tx, id_, asked.note, actor, context.now))


@api.change("/{ticket}/refer", "refer", raises=[IllegalMove, BadInput, CallTaken], summary="Refer report elsewhere")
def refer(context: RequestContext, ticket: TicketName, asked: ReasonRequest) -> AcceptedBody:
    """Ends a report that is not our business; the customer was told whose it is."""
    return _moved(context, ticket, lambda id_, actor: intake.refer(context.tx, id_, asked.reason, actor, context.now))


def _billing_first(visitor: Visitor, ticket: str, asked: AnswersRequest) -> BillingSays | None:
    """Ask billing before the transaction in which the report is taken over."""
    try:
        with visitor.installation.database.autocommit_read() as tx:
            row = tickets.get(tx, read_ticket_number(ticket))
        symptom = visitor.installation.script().continued(row.symptom, row.category)
        given = faults.given(asked.answers)
        return faults.billing_of(visitor.installation, row.account_id, symptom, given, visitor.now)
    except (NotFound, BadAnswer):
        return None  # it is refused for that


@api.change(
    "/{ticket}/take-over",
    "take over",
    raises=[IllegalMove, BadInput, BadAnswer, AccountSuspended, CallTaken],
    first=_billing_first,
    summary="Take over report",
)
def take_over(context: RequestContext, ticket: TicketName, asked: AnswersRequest) -> AcceptedBody:
    """Takes a transferred report over (接续受理): a 10086 agent solves it on the phone or has it dispatched."""
    given = faults.given(asked.answers)
    script, books = context.installation.script(), Consulted(asked.notes, context.prepared)
    return _moved(
        context,
        ticket,
        lambda id_, actor: intake.take_over(
            context.tx, context.rulebook, script, id_, given, actor, context.now, books
        ),
    )


@api.change("/{ticket}/urge", "urge", raises=[UrgedEnough, BadInput], summary="Urge ticket")
def urge(context: RequestContext, ticket: TicketName, asked: ReasonRequest) -> UrgeCount:
    """Records that the customer urges (催单); the rules limit how often."""
    ticket_id, actor = acting_on(context, ticket)
    return UrgeCount(urged=followup.urge(context.tx, context.rulebook, ticket_id, asked.reason, actor, context.now))


@api.change(
    "/{ticket}/withdraw", "withdraw", raises=[IllegalMove, NotWithdrawable, BadInput], summary="Withdraw ticket"
)
def withdraw(context: RequestContext, ticket: TicketName, asked: ReasonRequest) -> AcceptedBody:
    """Withdraws a report (撤单) on the customer's wish."""
    return _moved(
        context, ticket, lambda id_, actor: followup.withdraw(context.tx, id_, asked.reason, actor, context.now)
    )


@api.change(
    "/{ticket}/answer", "answer by phone", raises=[SurveyOver, BadInput], summary="Record survey answer by phone"
)
def answer_by_phone(context: RequestContext, ticket: TicketName, asked: PhoneAnswerRequest) -> AcceptedBody:
    """Records the answer of a customer whom an agent called (回访), because they answered no message."""
    said = spoken(asked.answer, asked.grade, asked.reasons, asked.words)
    return _moved(
        context,
        ticket,
        lambda id_, actor: closing.answer_by_phone(context.tx, context.rulebook, id_, said, actor, context.now),
    )


def acting_on(context: RequestContext, name: str) -> tuple[int, Actor]:
    """The ticket's id, and the actor. Raises NotFound, NotAllowed."""
    ticket_id = read_ticket_number(name)
    row = tickets.get(context.tx, ticket_id)
    visits = hops.of_tickets(context.tx, [ticket_id])
    thing = ticket_thing(context, row, {hop.team for hop in visits}, visits[-1].team if visits else None)
    return ticket_id, context.authorize(thing, missing_ticket(name))


def _moved(context: RequestContext, name: str, move: Callable[[int, Actor], object]) -> AcceptedBody:
    ticket_id, actor = acting_on(context, name)
    move(ticket_id, actor)
    row = tickets.get(context.tx, ticket_id)
    return AcceptedBody(ticket=ticket_number(row.kind, ticket_id), state=row.state)

"""工单: journeys, why each hop went where it went, and what is done with a ticket as a whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field as Of

from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.domain.roles import Actor
from dispatch.errors import BadAnswer, BadInput, IllegalMove, NotWithdrawable, SurveyOver, UrgedEnough
from dispatch.reports import lists
from dispatch.storage import hops, tickets
from dispatch.tickets import closing, explanation, followup, intake
from dispatch.tickets.closing import digest
from dispatch.web.api.schemas import (
    Cursor,
    Limit,
    Page,
    RequestBody,
    ResponseBody,
    Text,
    TicketName,
    Word,
    page,
    read_cursor,
)
from dispatch.web.api.ticket_views import (
    MOVES_OF_TICKETS,
    Hop,
    Ticket,
    With,
    hop_name,
    hop_view,
    missing_ticket,
    seen_journey,
    ticket_thing,
    ticket_view,
    words_of,
)
from dispatch.web.policy import GuardedField, Target
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("/tickets", "tickets")


class ListedTicket(Ticket):
    """`now` is who has it."""

    now: With | None


class HistoryEntry(ResponseBody):
    """One line of the history. `on_behalf_of` is whom it was done for."""

    at: datetime
    act: str
    hop: str | None
    actor: str
    role: str
    on_behalf_of: str | None
    detail: dict[str, Any]


class ArchiveRecord(ResponseBody):
    """A frozen record 归档. `intact`: its content still has the SHA-256 that was kept with it."""

    round: int
    archived_at: datetime
    sha256: str
    intact: bool


class TimeSpent(ResponseBody):
    """Seconds at one team."""

    queued: float
    waiting: float
    in_hand: float
    held: float


class JourneyBody(ResponseBody):
    ticket: Ticket
    hops: list[Hop]
    history: list[HistoryEntry]
    records: list[ArchiveRecord]
    spent: dict[str, TimeSpent]
    may: list[str]


class UnmatchedRule(ResponseBody):
    rule: str
    to: str
    because: list[str]


class HopExplanation(ResponseBody):
    """Why a hop went where it went: the rule, by the text that was in force, and the facts that were looked at."""

    hop: str
    to: str
    rule: str
    rules_version: str
    file: str
    facts: dict[str, Any]
    did_not_match: list[UnmatchedRule]
    because: str


class TicketExplanation(ResponseBody):
    hops: list[HopExplanation]


class ReasonRequest(RequestBody):
    reason: Text


class NoteRequest(RequestBody):
    note: Text = ""


class ScriptAnswer(RequestBody):
    """One answer to a question of the script."""

    question: Word
    answer: Word


class AnswersRequest(RequestBody):
    answers: Annotated[list[ScriptAnswer], Of(max_length=50)]


class PhoneAnswerRequest(RequestBody):
    answer: Word


class AcceptedBody(ResponseBody):
    """The ticket that a report is now."""

    ticket: str
    state: str


class UrgeCount(ResponseBody):
    """How often by now."""

    urged: int


@api.look("", "list tickets", raises=[BadInput])
def list_tickets(
    call: Call,
    account: Annotated[str | None, Query(min_length=1, max_length=40, pattern=r"^[!-~]+$")] = None,
    team: Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,39}$", description="that has it now")] = None,
    unfinished: Annotated[bool, Query(description="only what hasn't ended")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
    area: Annotated[str | None, Query(min_length=1, max_length=40, pattern=r"^[!-~]+$")] = None,
) -> Page[ListedTicket]:
    """The newest first: of the caller's areas, and what his teams have or had."""
    sights, before = call.sights(), read_cursor(cursor, int)
    rows = lists.latest(call.tx, limit + 1, account, unfinished, team, before, sights, area)
    teams = lists.teams_of(call.tx, [row.id for row in rows])
    items = []
    for row in rows:
        told = ticket_view(call, row, ticket_thing(call, row, teams[row.id]))
        now = None
        if row.team is not None and row.seq is not None:
            hop = hop_name(row.kind, row.id, row.seq)
            now = With(hop=hop, team=row.team, state=row.hop_state, holder=row.holder)
        items.append(ListedTicket(**told.model_dump(), now=now))
    return page(items, limit, rows[limit - 1].id if len(rows) > limit else None)


@api.look("/{ticket}", "see a ticket")
def see_ticket(call: Call, ticket: TicketName) -> JourneyBody:
    """The whole journey: which team, when, what it found, how long it took, who did what."""
    return tell(call, *seen_journey(call, read_ticket_number(ticket), ticket, "see a ticket"))


def tell(call: Call, journey: lists.Journey, thing: Target) -> JourneyBody:
    """What the caller sees of it."""
    row, shown = journey.ticket, call.shows(GuardedField.CUSTOMER, thing)
    names: dict[int | None, str] = {hop.id: hop_name(row.kind, row.id, hop.seq) for hop in journey.hops}
    return JourneyBody(
        ticket=ticket_view(call, row, thing),
        hops=[hop_view(call, row.kind, hop, thing) for hop in journey.hops],
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
        spent={
            team: TimeSpent(**parts)
            for team, parts in closing.seconds_by_team(journey.hops, row.ended_at or call.now).items()
        },
        may=[move for move in MOVES_OF_TICKETS if call.may(move, thing)],
    )


@api.look("/{ticket}/explanation", "see a ticket")
def explain_ticket(call: Call, ticket: TicketName) -> TicketExplanation:
    """Of every hop: which rule chose it, on which facts, and why the rules before it did not match."""
    journey, thing = seen_journey(call, read_ticket_number(ticket), ticket, "see a ticket")
    explained = [explanation.explain_hop(call.tx, call.here.rules, hop) for hop in journey.hops]
    if not call.shows(GuardedField.CUSTOMER, thing):
        kept = ("from", "finding", "asked by", "hops", "reopened")
        explained = [{**each, "facts": {k: v for k, v in each["facts"].items() if k in kept}} for each in explained]
    return TicketExplanation(hops=[HopExplanation.model_validate(each) for each in explained])


@api.act("/{ticket}/transfer", "transfer", raises=[IllegalMove, BadInput])
def transfer(call: Call, ticket: TicketName, asked: NoteRequest) -> AcceptedBody:
    """转接: from the 10050 hotline on to a 10086 seat, with what was said."""
    return _moved(call, ticket, lambda id_, actor: intake.transfer(call.tx, id_, asked.note, actor, call.now))


@api.act("/{ticket}/refer", "refer", raises=[IllegalMove, BadInput])
def refer(call: Call, ticket: TicketName, asked: ReasonRequest) -> AcceptedBody:
    """Not our business: the customer was told whose it is."""
    return _moved(call, ticket, lambda id_, actor: intake.refer(call.tx, id_, asked.reason, actor, call.now))


@api.act("/{ticket}/take-over", "take over", raises=[IllegalMove, BadInput, BadAnswer])
def take_over(call: Call, ticket: TicketName, asked: AnswersRequest) -> AcceptedBody:
    """接续受理: a 10086 agent goes on with a transferred report; solved on the phone, or dispatched."""
    given = tuple((each.question, each.answer) for each in asked.answers)
    script = call.here.script()
    return _moved(
        call,
        ticket,
        lambda id_, actor: intake.take_over(call.tx, call.rulebook, script, id_, given, actor, call.now),
    )


@api.act("/{ticket}/urge", "urge", raises=[UrgedEnough, BadInput])
def urge(call: Call, ticket: TicketName, asked: ReasonRequest) -> UrgeCount:
    """催单: the customer presses; counted and limited by the rules."""
    ticket_id, actor = _actor(call, ticket)
    return UrgeCount(urged=followup.urge(call.tx, call.rulebook, ticket_id, asked.reason, actor, call.now))


@api.act("/{ticket}/withdraw", "withdraw", raises=[IllegalMove, NotWithdrawable, BadInput])
def withdraw(call: Call, ticket: TicketName, asked: ReasonRequest) -> AcceptedBody:
    """撤单: the report is taken back."""
    return _moved(call, ticket, lambda id_, actor: followup.withdraw(call.tx, id_, asked.reason, actor, call.now))


@api.act("/{ticket}/answer", "answer by phone", raises=[SurveyOver, BadInput])
def answer_by_phone(call: Call, ticket: TicketName, asked: PhoneAnswerRequest) -> AcceptedBody:
    """回访: an agent called the customer, who answers no message."""
    return _moved(
        call,
        ticket,
        lambda id_, actor: closing.answer_by_phone(call.tx, call.rulebook, id_, asked.answer, actor, call.now),
    )


def _actor(call: Call, name: str) -> tuple[int, Actor]:
    """The ticket's id, and in which role the caller does this with it. Raises NotFound, NotAllowed."""
    ticket_id = read_ticket_number(name)
    row = tickets.get(call.tx, ticket_id)
    visits = hops.of_tickets(call.tx, [ticket_id])
    thing = ticket_thing(call, row, {hop.team for hop in visits}, visits[-1].team if visits else None)
    return ticket_id, call.act(thing, missing_ticket(name))


def _moved(call: Call, name: str, move: Callable[[int, Actor], object]) -> AcceptedBody:
    ticket_id, actor = _actor(call, name)
    move(ticket_id, actor)
    row = tickets.get(call.tx, ticket_id)
    return AcceptedBody(ticket=ticket_number(row.kind, ticket_id), state=row.state)

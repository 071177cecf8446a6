"""工单: the list of tickets, and the page of one: its place, its way there, and the reasons."""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

from fastapi import Query
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from dispatch.domain import folding
from dispatch.domain.acts import told_title
from dispatch.domain.messages import MessageState
from dispatch.domain.numbers import TICKET_PATTERN, read_ticket_number
from dispatch.domain.ticket import HOP_ENDS
from dispatch.domain.title import Title
from dispatch.domain.url_path import segment
from dispatch.errors import BadInput, BadRules
from dispatch.reports import lists
from dispatch.routing.prehandling import follow
from dispatch.routing.rulebook import Rulebook
from dispatch.routing.wording import Words
from dispatch.storage import accounts, transfers
from dispatch.storage.rows import HopRow
from dispatch.tickets.explanation import ReasonInWords, Said, explain
from dispatch.web.api import compensations, faults, tickets, uploads
from dispatch.web.api.compensations import TicketCompensations
from dispatch.web.api.journey_schemas import HistoryEntry, JourneyBody
from dispatch.web.api.schemas import Cursor, TicketName
from dispatch.web.api.ticket_schemas import Hop
from dispatch.web.api.ticket_views import seen_journey
from dispatch.web.api.uploads import StoredPhoto
from dispatch.web.pages import journey_drawing, labels
from dispatch.web.pages.boards import pre_handling
from dispatch.web.pages.rendering import HasTitle, Translator, language_of
from dispatch.web.pages.routes import Pages
from dispatch.web.policy import GuardedField, Target
from dispatch.web.request_context import RequestContext

pages = Pages("tickets")

PAGE = 50
_NUMBER = re.compile(rf"(?![0-9]){TICKET_PATTERN}|[0-9]{{1,8}}")
"""Inputs searched as a ticket's number; all others are accounts. Longer digits are a mobile number."""

Filter = Annotated[str, Query(max_length=40, pattern=r"^[!-~]*$")]
Typed = Annotated[str, Query(max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class TimelineVisit(NamedTuple):
    """A hop on the timeline."""

    hop: Hop
    team: Title
    finding: Title | None
    evidence: Said
    acts: list[HistoryEntry]
    why: ReasonInWords
    photos: list[StoredPhoto]
    live: bool


MESSAGE_TONES: Mapping[MessageState, str] = {
    MessageState.WAITING: "due",
    MessageState.DUE: "due",
    MessageState.SENT: "reported",
    MessageState.FAILED: "quarantined",
    MessageState.OFF: "waiting",
    MessageState.NO_NUMBER: "waiting",
}
"""The state of a hop whose colour a message's state has."""


@pages.show("/tickets", "list tickets", "tickets.html", raises=[BadInput])
def list_tickets(
    context: RequestContext,
    account: Typed = "",
    team: Annotated[str, Query(pattern=r"^([a-z][a-z0-9-]{0,39})?$")] = "",
    area: Filter = "",
    unfinished: bool = False,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The tickets that the caller may see, the newest first."""
    found = tickets.list_tickets(context, account or None, team or None, unfinished, cursor, PAGE, area or None)
    asked = {"account": account, "team": team, "area": area, "unfinished": "true" if unfinished else ""}
    kept = {name: value for name, value in asked.items() if value}
    return {
        "items": found.items,
        "next": urlencode({**kept, "cursor": found.next}) if found.next else None,
        "asked": asked,
        "first": cursor is None,
        "teams": context.rulebook.teams,
        "symptom_of": functools.partial(symptom_in_words, context),
    }


@pages.api.read("/tickets/find", "list tickets")
def find_ticket(context: RequestContext, q: Annotated[str, Query(max_length=60)] = "") -> Response:
    """Redirect to the ticket of this number, or to the account's tickets."""
    context.policy_asked = True
    asked, number = q.strip(), folding.code(q)
    if _NUMBER.fullmatch(number):
        return RedirectResponse(f"/tickets/{segment(number)}", 303)
    return RedirectResponse(f"/tickets?{urlencode({'account': asked})}" if asked else "/tickets", 303)


@pages.show("/tickets/{ticket}", "see a ticket", "ticket.html")
def see_ticket(context: RequestContext, ticket: TicketName) -> dict[str, Any]:
    journey, thing = seen_journey(context, read_ticket_number(ticket), ticket, "see a ticket")
    told, speak = tickets.tell(context, journey, thing), Translator(language_of(context.visitor.request))
    shown, rulebook = context.shows(GuardedField.CUSTOMER, thing), _rulebook(context, journey.hops)
    visits = _visits(context, journey.hops, told, _photos(context, ticket, thing) if shown else [], shown=shown)
    live = next((visit for visit in visits if visit.live), None)
    return {
        "ticket": told.ticket,
        "journey": told,
        "visits": visits,
        "live": live,
        "board": _board_of(context, live.hop.team, thing.area) if live else None,
        "shown": shown,
        "drawing": _drawn(rulebook, journey, told.ticket.number, speak),
        "way": journey_drawing.journey_sentence(rulebook, journey, speak),
        "symptom": symptom_in_words(context, told.ticket.symptom),
        "category": labels.category(told.ticket.category, context.rulebook.categories),
        "answers": pre_handling(context, journey.ticket) if shown else [],
        "act_said": _act_said,
        "messages": journey.messages,
        "money": _money(context, ticket, thing),
        "message_tones": MESSAGE_TONES,
        "team_of": Words(rulebook).team,
        "choices": _choices(context, told),
    }


@pages.show("/tickets/{ticket}/take-over", "take over", "ticket_take_over.html", raises=[BadInput])
def take_over(
    context: RequestContext,
    ticket: TicketName,
    answer: Annotated[list[str], Query(max_length=50, description="question:answer")] = [],  # noqa: B006
) -> dict[str, Any]:
    """接续受理: the script's next question after these answers; at its end, what happens to the report."""
    journey, thing = seen_journey(context, read_ticket_number(ticket), ticket, "take over")
    row, given = journey.ticket, [(question, said) for question, _, said in (each.partition(":") for each in answer)]
    symptom = context.installation.script().continued(row.symptom, row.category)
    progress = follow(symptom, given)
    of = faults.booked_of(context, accounts.get(context.tx, row.account_id), symptom, tuple(given))
    return {
        "booked": of(progress.next) if progress.next else None,
        "overruled": [
            (step, by) for step in progress.asked if (by := of(step.question)) and by.answer != step.answer.name
        ],
        "number": tickets.tell(context, journey, thing).ticket.number,
        "description": row.description,
        "note": transfers.notes(context.tx, [row.id]).get(row.id, ("", ""))[1],
        "hung_up": row.hung_up_at is not None,
        "kept": row.taken_by == context.user.name,
        "mobile": accounts.get(context.tx, row.account_id).mobile,
        "symptom": symptom.title,
        "progress": progress,
        "timely": context.may("take over", thing),
        "answers": answer,
        "said_so_far": json.dumps([{"question": question, "answer": said} for question, said in given]),
        "way": lambda *more: urlencode({"answer": [*answer, *more]}, doseq=True),
        "way_back": urlencode({"answer": answer[:-1]}, doseq=True),
    }


def _money(context: RequestContext, ticket: str, thing: Target) -> TicketCompensations | None:
    """What the customer was compensated with, for those who may; None for others, and while there is no good file."""
    if not context.may("compensate", thing):
        return None
    with contextlib.suppress(BadRules):
        return compensations.seen(context, ticket)
    return None


def symptom_in_words(context: RequestContext, name: str) -> HasTitle:
    """The symptom in words; an order's is not in the script."""
    known = context.installation.known_symptoms().get(name)
    return known.title if known else labels.symptom(name)


def _rulebook(context: RequestContext, hops: Sequence[HopRow]) -> Rulebook:
    """The hop by which the ticket came where it is."""
    return context.installation.rules.words_of(context.tx, hops[-1].rulebook) if hops else context.rulebook


def _visits(
    context: RequestContext, rows: Sequence[HopRow], told: JourneyBody, photos: Sequence[StoredPhoto], *, shown: bool
) -> list[TimelineVisit]:
    visits = []
    symptoms = {name: each.title for name, each in context.installation.known_symptoms().items()}
    for row, hop in zip(rows, told.hops, strict=True):
        words = Words(context.installation.rules.words_of(context.tx, row.rulebook))
        evidence = [(words.fact(n), words.value(n, v)) for n, v in (hop.evidence or {}).items()]
        visits.append(
            TimelineVisit(
                hop,
                words.team(hop.team),
                words.finding(hop.finding) if hop.finding else None,
                evidence,
                [act for act in told.history if act.hop == hop.hop],
                explain(context.tx, context.installation.rules, row).in_words(shown=shown, symptoms=symptoms),
                [photo for photo in photos if photo.hop == hop.hop],
                hop.state not in HOP_ENDS,
            )
        )
    return visits


def _drawn(rulebook: Rulebook, journey: lists.Journey, number: str, speak: Translator) -> Markup | None:
    """The drawing; None for a ticket that was not dispatched yet."""
    if not journey.hops:
        return None
    return Markup(journey_drawing.draw(rulebook, journey, number, speak))  # noqa: S704 — of our own making, all texts escaped


def _act_said(act: HistoryEntry) -> Title:
    return told_title(act.act, act.role, of_hop=act.hop is not None)


def _photos(context: RequestContext, ticket: str, thing: Target) -> list[StoredPhoto]:
    return uploads.list_photos(context, ticket).items if context.may("see photos", thing) else []


def _board_of(context: RequestContext, name: str, area: str | None) -> str | None:
    """The address of a team's board, if it has one that the caller may see."""
    team = context.rulebook.team(name)
    is_seen = not team.automatic and context.may("see a board", Target(area, team=team))
    return f"/teams/{segment(name)}" if is_seen else None


def _choices(context: RequestContext, told: JourneyBody) -> Said:
    """The answers of a customer who is called: names with their titles."""
    if "answer by phone" not in told.may or not told.hops:
        return []
    offered = context.rulebook.findings_of(told.ticket.kind, told.hops[-1].team)
    return [(Title(each.name, each.name), each.title) for each in offered]

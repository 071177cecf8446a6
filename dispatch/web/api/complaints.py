"""投诉: complaints, the list by what is due first, and calls to the customers who complain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field as Of

from dispatch.domain.complaint import Agreement, ComplaintKind, ComplaintSource, is_late
from dispatch.domain.kind import Kind
from dispatch.domain.numbers import ticket_number
from dispatch.domain.ticket import TicketState
from dispatch.domain.url_path import segment
from dispatch.errors import BadInput, ComplaintsNotTaken, DuplicateComplaint, IllegalMove, UnknownAccount
from dispatch.storage import aliases
from dispatch.storage import complaints as stored
from dispatch.storage.complaint_rows import ComplaintLine
from dispatch.tickets import complaints
from dispatch.tickets.complaints import NewComplaint
from dispatch.web.api.accounts import served
from dispatch.web.api.schemas import (
    Cursor,
    Limit,
    Page,
    RequestBody,
    ResponseBody,
    Text,
    TicketName,
    TitleBody,
    Word,
    page,
    read_cursor,
)
from dispatch.web.api.tickets import acting_on
from dispatch.web.policy import Target
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/complaints", "complaints")


class ComplaintRequest(RequestBody):
    """A customer's complaint."""

    account: Word
    """Broadband account; also one that has ended."""
    kind: ComplaintKind = Of(strict=False)
    """Kind of complaint."""
    source: ComplaintSource = Of(ComplaintSource.CUSTOMER, strict=False)
    """Source that brought it."""
    about: Word | None = None
    """Number of the account's ticket that it is about; absent: about none."""
    wish: Text = ""
    """Wish of the customer; it may be empty."""
    text: Text
    """Complaint in the customer's words."""
    again: bool = False
    """True to take it although one of the same kind is open."""


class TakenComplaint(ResponseBody):
    """A complaint that was taken."""

    ticket: str
    """Ticket number, such as K00000042."""
    contact_by: datetime
    """Time by which the customer hears from the operator."""
    reply_by: datetime
    """Time by which the customer has a reply."""
    renamed: TitleBody | None
    """Sentence to be read out where the account was given by its former name; null otherwise."""


class ListedComplaint(ResponseBody):
    """A complaint in the list."""

    ticket: str
    """Ticket number, such as K00000042."""
    account: str
    """Broadband account."""
    area: str
    """Service area 片区."""
    kind: str
    """Kind of complaint, by name."""
    source: str
    """Source that brought it, by name."""
    state: TicketState
    """State of the ticket."""
    made_at: datetime
    """Time at which it was taken."""
    contact_by: datetime
    """Time by which the customer hears from the operator."""
    contacted_at: datetime | None
    """Time at which they first did; null: not yet."""
    reply_by: datetime
    """Time by which the customer has a reply."""
    replied_at: datetime | None
    """Time of the first reply; null: not yet."""
    agreement: Agreement | None
    """Opinion of the customer on the last reply; null before the first."""
    late: bool
    """True when a contact or a reply is overdue."""
    team: str | None
    """Team that has it now; null: none."""
    holder: str | None
    """Person who has it in hand; null: nobody."""


class CallToComplainant(RequestBody):
    """A call to the customer who complained."""

    reached: bool
    """True when the customer was reached."""
    note: Text = ""
    """Note of what was said; it may be empty."""


@api.change(
    "",
    "complain",
    status=201,
    raises=[UnknownAccount, BadInput, ComplaintsNotTaken, DuplicateComplaint],
    summary="Take complaint",
)
def take_complaint(context: RequestContext, asked: ComplaintRequest) -> TakenComplaint:
    """Accepts a complaint (投诉); its kind and its source say how soon the customer has a reply."""
    unknown = UnknownAccount(account=asked.account)
    row = aliases.called(context.tx, [asked.account], context.now).get(asked.account)
    if row is None:
        raise unknown
    actor, terms = context.authorize(Target(row.area), unknown), context.installation.complaint_terms()
    new = NewComplaint(
        asked.account, asked.kind, asked.text, asked.source, asked.about or "", asked.wish, again=asked.again
    )
    taken = complaints.take(context.tx, context.rulebook, terms, new, actor, context.now)
    context.visitor.headers["Location"] = f"/api/v1/tickets/{segment(taken.number)}"
    said = taken.renamed and taken.renamed.said(context.installation.settings.zone)
    return TakenComplaint(
        ticket=taken.number,
        contact_by=taken.contact_by,
        reply_by=taken.reply_by,
        renamed=TitleBody(zh=said.sentence("zh"), en=said.sentence("en")) if said else None,
    )


@api.read("", "see complaints", raises=[BadInput])
def list_complaints(
    context: RequestContext,
    ended: Annotated[bool, Query(description="True for all, the newest first; else those that go on.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ListedComplaint]:
    """Lists complaints that go on, by the time by which a reply is due; with `ended` all, the newest first."""
    areas, before = served(context), read_cursor(cursor, int)
    rows = stored.listed(context.tx, limit + 1, areas, unfinished=not ended, before=before)
    more = rows[limit - 1].ticket_id if ended and len(rows) > limit else None
    return page(_shown(rows[:limit], context.now), limit, more)


@api.change(
    "/{ticket}/contact", "call about a complaint", raises=[IllegalMove, BadInput], summary="Record call to complainant"
)
def note_call(context: RequestContext, ticket: TicketName, asked: CallToComplainant) -> ListedComplaint:
    """Records a call to the customer who complained (联系客户); the first that reaches them counts as the contact."""
    ticket_id, actor = acting_on(context, ticket)
    complaints.contact(context.tx, ticket_id, reached=asked.reached, note=asked.note, actor=actor, now=context.now)
    return _shown([stored.line(context.tx, ticket_id)], context.now)[0]


def _shown(rows: Sequence[ComplaintLine], now: datetime) -> list[ListedComplaint]:
    return [
        ListedComplaint(
            ticket=ticket_number(Kind.COMPLAINT, row.ticket_id),
            account=row.account,
            area=row.area,
            kind=row.symptom,
            source=row.source,
            state=TicketState(row.state),
            made_at=row.made_at,
            contact_by=row.contact_by,
            contacted_at=row.contacted_at,
            reply_by=row.reply_by,
            replied_at=row.replied_at,
            agreement=None if row.agreement is None else Agreement(row.agreement),
            late=is_late(row, now),
            team=row.team,
            holder=row.holder,
        )
        for row in rows
    ]

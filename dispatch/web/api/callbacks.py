"""电话回访: the customers to be called because they answer no message, and the bad grades that supervisors read."""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.kind import Kind
from dispatch.domain.naming import masked_mobile
from dispatch.domain.numbers import ticket_number
from dispatch.errors import CalledLately, SurveyOver
from dispatch.tickets import callbacks
from dispatch.web.api.schemas import Limit, ResponseBody, TicketName
from dispatch.web.api.tickets import acting_on
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/callbacks", "callbacks")


class Callback(ResponseBody):
    """A customer to be called."""

    ticket: str
    """Ticket number, such as F00000042."""
    team: str
    """Team on whose board the survey waits."""
    area: str
    """Service area 片区."""
    account: str
    """Broadband account."""
    mobile: str
    """Mobile number, masked."""
    since: datetime
    """Time at which the customer was first asked by message."""
    calls: int
    """Number of calls so far."""


class Callbacks(ResponseBody):
    """Customers to be called now."""

    items: list[Callback]
    """Customers to call, the longest waiting first."""


class CallMade(ResponseBody):
    """A call that the caller makes now."""

    ticket: str
    """Ticket number."""
    mobile: str
    """Customer's number."""


class BadOpinion(ResponseBody):
    """A grade of 1 or 2 of a customer whose line works."""

    ticket: str
    """Ticket number, such as F00000042."""
    area: str
    """Service area 片区."""
    account: str
    """Broadband account."""
    grade: int
    """Grade from 1 to 5, 5 is the best."""
    reasons: list[str]
    """Reasons, by name."""
    words: str
    """Customer's words; may be empty."""
    by: str | None
    """Agent who was told; null: the customer by the link."""
    answered_at: datetime
    """Time of the answer."""
    team: str | None
    """Team that had the case last; null: none did."""
    holder: str | None
    """Person of that team."""


class BadOpinions(ResponseBody):
    """Bad grades of the last 30 days."""

    items: list[BadOpinion]
    """Newest first."""


@api.read("", "see callbacks", summary="List customers to be called")
def list_callbacks(context: RequestContext, limit: Limit = 50) -> Callbacks:
    """Lists customers who answered no message of a survey, to be called now."""
    actor, zone = context.authorize(), context.installation.settings.zone
    rows = callbacks.to_call(context.tx, context.rulebook, actor, context.now, zone, limit, actor.areas)
    return Callbacks(
        items=[
            Callback(
                ticket=ticket_number(row.kind, row.ticket_id),
                team=row.team,
                area=row.area,
                account=row.account,
                mobile=masked_mobile(row.mobile),
                since=row.since,
                calls=row.calls,
            )
            for row in rows
        ]
    )


@api.change("/{ticket}/call", "call a customer", raises=[SurveyOver, CalledLately], summary="Call a customer")
def call_customer(context: RequestContext, ticket: TicketName) -> CallMade:
    """Records that the caller calls the customer now, audited, and shows the number."""
    ticket_id, actor = acting_on(context, ticket)
    zone = context.installation.settings.zone
    mobile = callbacks.call(context.tx, context.rulebook, ticket_id, actor, context.now, zone)
    return CallMade(ticket=ticket_number(Kind.FAULT, ticket_id), mobile=mobile)


@api.read("/dissatisfied", "see opinions", summary="List bad grades")
def list_dissatisfied(context: RequestContext, limit: Limit = 50) -> BadOpinions:
    """Lists the customers of the last 30 days whose line works and who gave a grade of 1 or 2."""
    actor = context.authorize()
    rows = callbacks.bad_grades(context.tx, actor, context.now, limit, actor.areas)
    return BadOpinions(
        items=[
            BadOpinion(
                ticket=ticket_number(row.kind, row.ticket_id),
                area=row.area,
                account=row.account,
                grade=row.grade,
                reasons=row.reasons or [],
                words=row.words or "",
                by=row.by,
                answered_at=row.answered_at,
                team=row.team,
                holder=row.holder,
            )
            for row in rows
        ]
    )

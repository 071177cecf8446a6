"""转接来电: calls that 10050 has transferred to 10086: the queue, who answers the next, who hung up."""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.naming import masked_mobile
from dispatch.domain.numbers import ticket_number
from dispatch.errors import CallTaken, IllegalMove
from dispatch.storage import tickets
from dispatch.tickets import transfers
from dispatch.tickets.transfers import WaitingCall
from dispatch.web.api.schemas import ResponseBody, TicketName
from dispatch.web.api.tickets import acting_on
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api
from dispatch.web.server_events import EventStream

api = Api("/transfers", "transfers")


class TransferredCall(ResponseBody):
    """A call at 10086 that is not dealt with yet."""

    ticket: str
    """Ticket number, such as F00000042."""
    area: str
    """Service area 片区."""
    account: str
    """Broadband account."""
    mobile: str
    """Mobile number of the customer, masked."""
    symptom: str
    """Symptom, by its name in the pre-handling script."""
    description: str
    """The customer's own words."""
    note: str
    """Note of the agent who transferred the call; may be empty."""
    transferred_by: str
    """Name of that agent; may be empty."""
    since: datetime
    """Time of the transfer."""
    taken_by: str | None
    """Agent who answers the call now; null: nobody."""
    hung_up_at: datetime | None
    """Time at which the caller hung up; null: they are on the line."""


class TransferQueue(ResponseBody):
    """The calls of the caller's areas, the longest waiting first."""

    on_line: list[TransferredCall]
    """Callers on the line."""
    to_call_back: list[TransferredCall]
    """Callers who hung up."""


class CallBody(ResponseBody):
    """A call that the caller has taken."""

    ticket: str | None
    """Ticket number; null: nobody waits."""


@api.read("", "see transfers", summary="List transferred calls")
def list_transfers(context: RequestContext) -> TransferQueue:
    """Lists the calls that 10050 has transferred to 10086 (转接) and nobody has dealt with yet."""
    found = transfers.queue(context.tx, context.authorize(), context.now)
    return TransferQueue(
        on_line=[_shown(each) for each in found.on_line], to_call_back=[_shown(each) for each in found.to_call_back]
    )


@api.read("/changes", "see transfers", summary="Follow transferred calls")
def follow_transfers(context: RequestContext) -> EventStream:
    """Sends an event `changed` (server-sent events) whenever the queue may show something else."""
    context.authorize()
    return EventStream(context.installation.live.changes(transfers.QUEUE))


@api.change("/next", "take next call", summary="Take next call")
def take_next_call(context: RequestContext) -> CallBody:
    """Takes the caller who has waited longest (接听下一个), for three minutes; the agent's own call first."""
    ticket_id = transfers.take_next(context.tx, context.authorize(), context.now)
    if ticket_id is None:
        return CallBody(ticket=None)
    return CallBody(ticket=ticket_number(tickets.get(context.tx, ticket_id).kind, ticket_id))


@api.change("/{ticket}/take", "take call", raises=[IllegalMove, CallTaken], summary="Take this call")
def take_call(context: RequestContext, ticket: TicketName) -> CallBody:
    """Takes this call, for three minutes; also to call back a customer who hung up."""
    ticket_id, actor = acting_on(context, ticket)
    transfers.take(context.tx, ticket_id, actor, context.now)
    return CallBody(ticket=ticket_number(tickets.get(context.tx, ticket_id).kind, ticket_id))


@api.change("/{ticket}/keep", "take call", raises=[IllegalMove, CallTaken], summary="Keep this call")
def keep_call(context: RequestContext, ticket: TicketName) -> CallBody:
    """Keeps a call that the caller has taken for another three minutes, while they talk; a page does it by itself."""
    ticket_id, actor = acting_on(context, ticket)
    transfers.keep(context.tx, ticket_id, actor, context.now)
    return CallBody(ticket=ticket_number(tickets.get(context.tx, ticket_id).kind, ticket_id))


@api.change("/{ticket}/hang-up", "hang up", raises=[IllegalMove, CallTaken], summary="Note that caller hung up")
def hang_up(context: RequestContext, ticket: TicketName) -> CallBody:
    """Notes that the caller hung up (客户挂断): they are called back."""
    ticket_id, actor = acting_on(context, ticket)
    transfers.hang_up(context.tx, ticket_id, actor, context.now)
    return CallBody(ticket=ticket_number(tickets.get(context.tx, ticket_id).kind, ticket_id))


def _shown(each: WaitingCall) -> TransferredCall:
    call = each.call
    return TransferredCall(
        ticket=ticket_number(call.kind, call.id),
        area=call.area,
        account=call.account,
        mobile=masked_mobile(call.mobile),
        symptom=call.symptom,
        description=call.description,
        note=each.note,
        transferred_by=each.transferred_by,
        since=call.since,
        taken_by=each.taken_by,
        hung_up_at=call.hung_up_at,
    )

"""计费事件: the billing system tells that an account is in arrears, or that nothing is owed any more."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Of

from dispatch.accounts import billing_events
from dispatch.domain.billing_event import LONGEST_REFERENCE, BillingEvent, BillingEventKind, BillingEventOutcome
from dispatch.domain.text import unreadable
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, KeyReused, NotFound, SignatureWrong
from dispatch.web.api.schemas import RequestBody, ResponseBody, TitleBody, title
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api
from dispatch.web.signed_body import SignedByBilling

api = Api("/billing/events", "billing")

_Number = Annotated[int, Of(ge=1, lt=2**63)]


class BillingEventRequest(RequestBody):
    """An event of one account."""

    event: BillingEventKind = Of(strict=False)
    """Kind of event: `arrears` suspends the account, `cleared` lifts that."""
    account: _Number
    """Id of the account, as in the bookings that billing gets; it never changes."""
    seq: _Number
    """Number of the event among the account's; one that is older than another that came is not acted upon."""
    fen: Annotated[int, Of(ge=0, lt=2**53)]
    """Sum in fen that is owed, or was paid."""
    reference: Annotated[str, Of(max_length=LONGEST_REFERENCE)] = ""
    """Number of the bill or of the payment, for people."""


class BillingEventBody(ResponseBody):
    """An event that came in."""

    id: str
    """Id of the event."""
    outcome: BillingEventOutcome
    """Outcome of the event, also of one that came before."""
    title: TitleBody
    """Name of the outcome, for people."""


@api.change(
    "",
    "tell of billing",
    raises=[SignatureWrong, NotFound, KeyReused, BadInput],
    repeats=False,
    summary="Tell billing event",
)
def tell_billing_event(
    context: RequestContext, event_id: SignedByBilling, asked: BillingEventRequest
) -> BillingEventBody:
    """Takes an event of the billing system, which signs it: arrears suspend an account (欠费停机), and their clearing
    lifts that (缴清复机). The same id acts once; sent again, it gets the same answer."""
    if fault := unreadable(asked.reference):
        raise BadInput(what=Wording(f"凭据{fault.zh}", f"the reference {fault.en}"))
    event = BillingEvent(event_id, asked.account, asked.seq, asked.event, asked.fen, asked.reference.strip())
    outcome = billing_events.receive(context.tx, event, context.now)
    return BillingEventBody(id=event_id, outcome=outcome, title=title(outcome.label))

"""减免: what customers are compensated with for a ticket."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field as Of

from dispatch.domain.compensation import Basis
from dispatch.domain.money import typed_yuan
from dispatch.domain.numbers import read_ticket_number, ticket_number
from dispatch.domain.title import WrongValue
from dispatch.errors import ApprovalNeeded, BadInput, CompensatedBefore, NothingToCompensate
from dispatch.storage import compensations as stored
from dispatch.storage import tickets
from dispatch.storage.complaint_rows import CompensationRow
from dispatch.tickets import compensation
from dispatch.tickets.compensation import WantedCredit
from dispatch.web.api.schemas import RequestBody, ResponseBody, Text, TicketName, TitleBody, Word, title
from dispatch.web.api.tickets import acting_on
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/tickets", "compensations")


class Compensation(ResponseBody):
    """A credit on the customer's bill."""

    ticket: str
    """Ticket number, such as F00000042."""
    basis: Basis
    """Reason that the law or the operator knows."""
    title: TitleBody
    """Name of the basis, for people."""
    fen: int
    """Sum in fen."""
    days: int | None
    """Number of days for which it was worked out; null: it was agreed."""
    reason: str
    """Reason that was given."""
    by: str
    """User who gave it."""
    at: datetime
    """Time at which it was given."""
    approval: int | None
    """Number of the approval; null: within the desk's limit."""


class OfferedCompensation(ResponseBody):
    """A compensation that may still be given."""

    basis: Basis
    """Reason that the law or the operator knows."""
    title: TitleBody
    """Name of the basis, for people."""
    fen: int | None
    """Sum in fen that follows from the books; null: it is agreed with the customer."""
    days: int | None
    """Number of days for which it is worked out; null: it is agreed."""


class TicketCompensations(ResponseBody):
    """The compensations for a ticket."""

    given: list[Compensation]
    """Compensations that were given, the oldest first."""
    offered: list[OfferedCompensation]
    """Compensations that may still be given."""


class CompensationRequest(RequestBody):
    """A compensation for a ticket."""

    basis: Basis = Of(strict=False)
    """Reason that the law or the operator knows."""
    amount: Word | None = None
    """Sum in yuan, such as 20.00, where it is agreed; absent where it follows from the books."""
    reason: Text
    """Reason, in words."""
    approvals: Annotated[list[Annotated[int, Of(ge=1, lt=2**63)]], Of(max_length=5)] = Of(default_factory=list)
    """Numbers of approvals, where it is above the desk's limit."""


@api.read("/{ticket}/compensations", "compensate", summary="List compensations")
def list_compensations(context: RequestContext, ticket: TicketName) -> TicketCompensations:
    """Lists what the customer was compensated with for a ticket, and what may still be given."""
    acting_on(context, ticket)
    return seen(context, ticket)


def seen(context: RequestContext, ticket: str) -> TicketCompensations:
    """The same for a caller who may see them. Raises BadRules."""
    ticket_id = read_ticket_number(ticket)
    row, terms = tickets.get(context.tx, ticket_id), context.installation.complaint_terms().compensation
    zone = context.installation.settings.zone
    offered = compensation.offered(context.tx, context.rulebook, terms, zone, row)
    return TicketCompensations(
        given=[_shown(each, row.kind) for each in stored.of_ticket(context.tx, ticket_id)],
        offered=[
            OfferedCompensation(
                basis=basis,
                title=title(basis.label),
                fen=found.fen if found else None,
                days=found.days if found else None,
            )
            for basis, found in offered.items()
        ],
    )


@api.change(
    "/{ticket}/compensations",
    "compensate",
    status=201,
    raises=[BadInput, CompensatedBefore, NothingToCompensate, ApprovalNeeded],
    summary="Compensate customer",
)
def compensate(context: RequestContext, ticket: TicketName, asked: CompensationRequest) -> Compensation:
    """Credits the customer's bill (减免) for a ticket: once for each basis; above the desk's limit with an approval."""
    ticket_id, actor = acting_on(context, ticket)
    terms, zone = context.installation.complaint_terms().compensation, context.installation.settings.zone
    try:
        fen = None if asked.amount is None else typed_yuan(asked.amount)
    except WrongValue as wrong:
        raise BadInput(what=wrong.what) from None
    wanted = WantedCredit(ticket_id, asked.basis, asked.reason, fen, asked.approvals)
    row = compensation.compensate(context.tx, context.rulebook, terms, zone, wanted, actor, context.now)
    return _shown(row, tickets.get(context.tx, ticket_id).kind)


def _shown(row: CompensationRow, kind: str) -> Compensation:
    return Compensation(
        ticket=ticket_number(kind, row.ticket_id),
        basis=Basis(row.basis),
        title=title(Basis.label_of(row.basis)),
        fen=row.fen,
        days=row.days,
        reason=row.reason,
        by=row.by,
        at=row.at,
        approval=row.approval_id,
    )

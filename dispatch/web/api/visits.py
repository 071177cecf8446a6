"""上门: who has a hop in hand agrees with its customer when to come, and tells them on the way."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field as Of

from dispatch.domain.time import local_date
from dispatch.domain.visit import PartOfDay
from dispatch.errors import BadMobile, BadVisit, NoVisits
from dispatch.tickets import visits
from dispatch.web.api.hop_schemas import HopChange
from dispatch.web.api.hops import HOLDERS, acting_on_hop, changed_hop
from dispatch.web.api.schemas import HopName, RequestBody, Word
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/hops", "visits")


class VisitRequest(RequestBody):
    """Time of a visit, as agreed with the customer."""

    day: Annotated[date, Of(strict=False, description="Day of the visit, today or within 30 days.")]
    part: PartOfDay
    """Part of that day."""


class SetOutRequest(RequestBody):
    """Request to tell the customer that the holder is on the way."""

    phone: Word
    """Holder's mobile number, which the customer is told."""


@api.change("/{hop}/visit", "agree on visit", raises=[*HOLDERS, NoVisits, BadVisit], summary="Agree on visit")
def agree_on_visit(context: RequestContext, hop: HopName, asked: VisitRequest) -> HopChange:
    """Notes when the holder comes (约定上门); the customer gets a text message."""
    row, actor = acting_on_hop(context, hop)
    today = local_date(context.now, context.installation.settings.zone)
    visits.agree(context.tx, context.rulebook, row.id, asked.day, asked.part, actor, context.now, today)
    return changed_hop(context, row)


@api.change("/{hop}/set-out", "set out", raises=[*HOLDERS, NoVisits, BadMobile], summary="Set out")
def set_out(context: RequestContext, hop: HopName, asked: SetOutRequest) -> HopChange:
    """Tells the customer that the holder is on the way (出发上门), with the number to call."""
    row, actor = acting_on_hop(context, hop)
    visits.set_out(context.tx, context.rulebook, row.id, asked.phone, actor, context.now)
    return changed_hop(context, row)

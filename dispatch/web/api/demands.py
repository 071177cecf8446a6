"""需求登记: demands for lines that can't be had yet: by area, each with its contact masked, the list to call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import Path, Query
from starlette.responses import Response

from dispatch.accounts import demand_planning
from dispatch.domain.demand import DemandState
from dispatch.domain.naming import masked_mobile, masked_name
from dispatch.domain.title import Wording
from dispatch.errors import BadAddress, BadInput, IllegalMove, NoPlaceFree, NotFound, UnknownAddress
from dispatch.reports.demand_sheet import demands_as_csv
from dispatch.storage import demands
from dispatch.storage.place_rows import DemandLine, DemandRow
from dispatch.web.api.accounts import served
from dispatch.web.api.addresses import Area, within
from dispatch.web.api.schemas import Cursor, Limit, RequestBody, ResponseBody, Text, Word, page, read_cursor
from dispatch.web.content_disposition import content_disposition
from dispatch.web.policy import Target
from dispatch.web.problems import language_of_request
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/demands", "demands")

DemandId = Annotated[int, Path(ge=1, lt=2**63, description="Identifier of the demand.")]
InState = Annotated[DemandState | None, Query(description="State; absent: those that wait, told or not.")]


class Demand(ResponseBody):
    """A customer's demand for a line that cannot be had yet."""

    demand: int
    """Identifier."""
    at: datetime
    """Time at which it was first asked."""
    last_at: datetime
    """Time at which it was last asked."""
    asked: int
    """Number of times that it was asked."""
    area: str | None
    """Service area 片区; null where none is known."""
    address: str
    """Address that was asked for, as it was typed."""
    standard_address: str | None
    """Standard address that it means; null where none is known."""
    free: int | None
    """Places of its port that are free; null where nothing reaches the address."""
    contact: str
    """Customer's name, masked; empty once it was erased."""
    mobile: str
    """Mobile number, masked; empty once it was erased."""
    speed: int
    """Highest speed that was asked for, in Mbit/s."""
    state: DemandState
    """State of the demand."""
    told_at: datetime | None
    """Time at which the customer was told that a line can be had; null: not yet."""
    ended_for: str | None
    """Reason for which it ended: opened, not-wanted or expired; null: it waits."""


class DemandByArea(ResponseBody):
    """The demand of one area."""

    area: str | None
    """Service area 片区; null for demands in no known area."""
    demands: int
    """Number of demands that wait."""
    asked: int
    """Number of times that they were asked."""
    reachable: int
    """Number of those whose customer was told that a line can be had."""
    speed: int
    """Their speeds together, in Mbit/s."""


class Demands(ResponseBody):
    """Demands for lines that cannot be had yet."""

    by_area: list[DemandByArea]
    """Demand that waits, by area."""
    items: list[Demand]
    """Demands, the newest first."""
    next: str | None
    """Cursor of the next page; null on the last one."""


class Asker(ResponseBody):
    """A customer who asked for a line, in clear."""

    demand: int
    """Identifier of the demand."""
    contact: str
    """Customer's name."""
    mobile: str
    """Mobile number."""
    note: str
    """Note that was taken down; it may be empty."""


class WhyInClear(RequestBody):
    """The reason for which somebody sees who asked."""

    reason: Text
    """Reason, for the audit trail."""


class Notification(RequestBody):
    """The address at which a line can be had."""

    address: Word | None = None
    """Standard address; absent: the one that the demand means."""


class CsvSheet(Response):
    media_type = "text/csv"
    documented: ClassVar = {"type": "string", "description": "CSV in UTF-8 with a byte order mark"}


@api.read("", "see demands", raises=[BadInput])
def list_demands(
    context: RequestContext, area: Area = None, state: InState = None, cursor: Cursor = None, limit: Limit = 50
) -> Demands:
    """Lists demands for lines that cannot be had yet (需求登记): by area, and each, the newest first."""
    areas = within(area, served(context))
    rows = demands.listed(context.tx, limit + 1, areas, state, read_cursor(cursor, int))
    found = page([_shown(row) for row in rows], limit, rows[limit - 1].id if len(rows) > limit else None)
    counted = [
        DemandByArea(
            area=row.area or None,
            demands=row.wanted,
            asked=int(row.asked),
            reachable=int(row.reachable),
            speed=int(row.speed),
        )
        for row in demands.by_area(context.tx, areas)
    ]
    return Demands(by_area=counted, items=found.items, next=found.next)


@api.read("/export", "see demands")
def export_demands(context: RequestContext, area: Area = None, state: InState = None) -> CsvSheet:
    """Sends the demands as CSV, with contacts masked."""
    rows = demands.listed(context.tx, demand_planning.MOST_EXPORTED, within(area, served(context)), state)
    return _sheet(context, rows, clear=False)


@api.change("/export", "export who asked", raises=[BadInput], repeats=False)
def export_in_clear(context: RequestContext, asked: WhyInClear, area: Area = None, state: InState = None) -> CsvSheet:
    """Sends the demands as CSV, with contacts in clear; the audit trail keeps who exported them, and why."""
    areas, actor = within(area, served(context)), context.authorize()
    rows = demand_planning.in_clear(context.tx, state, areas, asked.reason, actor, context.now)
    return _sheet(context, rows, clear=True)


@api.change("/{demand}/contact", "see who asked", raises=[BadInput, NotFound], repeats=False)
def see_contact(context: RequestContext, demand: DemandId, asked: WhyInClear) -> Asker:
    """Shows who asked, in clear; the audit trail keeps who saw it, and why."""
    _find(context, demand)
    row = demand_planning.who_asked(context.tx, demand, asked.reason, context.authorize(), context.now)
    return Asker(demand=row.id, contact=row.contact, mobile=row.mobile, note=row.note)


@api.change(
    "/{demand}/notify", "notify", raises=[BadInput, BadAddress, NotFound, UnknownAddress, NoPlaceFree, IllegalMove]
)
def notify_customer(context: RequestContext, demand: DemandId, asked: Notification) -> Demand:
    """Tells the customer by text message that a line can be had, out of turn."""
    _find(context, demand)
    turn, actor = context.installation.settings.demand_turn, context.authorize()
    demand_planning.notify(context.tx, demand, actor, context.now, turn, asked.address)
    return _shown(demands.line(context.tx, demand))


@api.change("/{demand}/end", "end", raises=[NotFound, IllegalMove])
def end_demand(context: RequestContext, demand: DemandId) -> Demand:
    """Ends a demand that the customer no longer has."""
    _find(context, demand)
    demand_planning.end(context.tx, demand, context.authorize(), context.now)
    return _shown(demands.line(context.tx, demand))


def _find(context: RequestContext, demand: int) -> DemandRow:
    """A demand of the caller's areas. Raises NotFound, NotAllowed."""
    row = demands.find(context.tx, demand)
    missing = NotFound(what=Wording("需求", "demand"), which=demand)
    if row is None:
        raise missing
    context.authorize(Target(row.area), missing)
    return row


def _sheet(context: RequestContext, rows: Sequence[DemandLine], *, clear: bool) -> CsvSheet:
    language, zone = language_of_request(context.visitor.request), context.installation.settings.zone
    name = {"zh": "需求登记", "en": "demands"}[language]
    headers = {
        "Content-Disposition": content_disposition("attachment", f"{name}-{context.now.astimezone(zone):%Y%m%d}.csv"),
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
    }
    return CsvSheet(demands_as_csv(rows, language, zone, clear=clear), headers=headers)


def _shown(row: DemandLine) -> Demand:
    return Demand(
        demand=row.id,
        at=row.at,
        last_at=row.last_at or row.at,
        asked=row.asked,
        area=row.area or None,
        address=row.address,
        standard_address=row.standard,
        free=row.free,
        contact=masked_name(row.contact),
        mobile=masked_mobile(row.mobile),
        speed=row.speed,
        state=DemandState(row.state),
        told_at=row.told_at,
        ended_for=row.ended_for,
    )

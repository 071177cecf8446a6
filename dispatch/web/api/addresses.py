"""标准地址: where a line can be had, and who asked where none can."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field as Of

from dispatch.domain.naming import masked_mobile, masked_name
from dispatch.storage import resources
from dispatch.web.api.accounts import AREA, served
from dispatch.web.api.schemas import Limit, RequestBody, ResponseBody, Word
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("/addresses", "addresses")

Area = Annotated[str | None, Query(pattern=AREA)]


class AddressSearch(RequestBody):
    """`text` stands somewhere in the address; several words may stand apart from each other."""

    text: Word
    limit: Annotated[int, Of(ge=1, le=50)] = 10


class CoverageBody(ResponseBody):
    """`free`: places of its port that nobody has yet; null where nothing reaches it. `taken`: it has a line already."""

    address: str
    area: str
    free: int | None
    taken: bool


class AddressesFound(ResponseBody):
    items: list[CoverageBody]


class AddressBody(ResponseBody):
    address: str
    area: str
    olt: str | None
    port: str | None
    capacity: int | None
    used: int | None


class Addresses(ResponseBody):
    items: list[AddressBody]


class Demand(ResponseBody):
    """Name and number masked; `speed` in Mbit/s."""

    at: datetime
    area: str
    address: str
    contact: str
    mobile: str
    speed: int


class DemandByArea(ResponseBody):
    """How many asked in an area, and for how many Mbit/s in all."""

    area: str
    demands: int
    speed: int


class Demands(ResponseBody):
    by_area: list[DemandByArea]
    items: list[Demand]


@api.look("/search", "search addresses", method="POST")
def search_addresses(call: Call, asked: AddressSearch) -> AddressesFound:
    """For a customer who wants a line; where he lives goes into no path and no log."""
    rows = resources.search(call.tx, asked.text.split(), served(call), asked.limit)
    return AddressesFound(
        items=[
            CoverageBody(
                address=row.text,
                area=row.area,
                free=row.free,
                taken=row.taken is not None,
            )
            for row in rows
        ]
    )


@api.look("", "see addresses")
def list_addresses(call: Call, area: Area = None, limit: Limit = 50) -> Addresses:
    """What reaches them, by area and address."""
    rows = resources.addresses(call.tx, limit, _within(area, served(call)))
    return Addresses(
        items=[
            AddressBody(
                address=row.text, area=row.area, olt=row.olt, port=row.port, capacity=row.capacity, used=row.used
            )
            for row in rows
        ]
    )


@api.look("/demands", "see addresses")
def list_demands(call: Call, area: Area = None, limit: Limit = 50) -> Demands:
    """需求登记: who asked for a line where none can be had: by area, and the newest."""
    areas = _within(area, served(call))
    return Demands(
        by_area=[
            DemandByArea(area=row.area, demands=row.wanted, speed=row.speed)
            for row in resources.demand_by_area(call.tx)
            if areas is None or row.area in areas
        ],
        items=[
            Demand(
                at=row.at,
                area=row.area,
                address=row.address,
                contact=masked_name(row.contact),
                mobile=masked_mobile(row.mobile),
                speed=row.speed,
            )
            for row in resources.demands(call.tx, limit, areas)
        ],
    )


def _within(area: str | None, areas: frozenset[str] | None) -> frozenset[str] | None:
    return areas if area is None else frozenset({area}) if areas is None else areas & {area}

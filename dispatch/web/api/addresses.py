"""标准地址: the addresses, and their free places."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field as Of

from dispatch.storage import resources
from dispatch.web.api.accounts import AREA, served
from dispatch.web.api.schemas import Limit, RequestBody, ResponseBody, Word
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/addresses", "addresses")

Area = Annotated[str | None, Query(pattern=AREA, description="Area; absent: all of the caller's.")]


class AddressSearch(RequestBody):
    """Words to search addresses for."""

    text: Word
    """Words that all stand somewhere in the address, in any order."""
    limit: Annotated[int, Of(ge=1, le=50)] = 10
    """Number of addresses at most."""


class CoverageBody(ResponseBody):
    """An address, and whether a line can be had there."""

    address: str
    """Standard address."""
    area: str
    """Service area 片区."""
    free: int | None
    """Places of its port that are free; null where nothing reaches the address."""
    taken: bool
    """True when the address has a line already."""


class AddressesFound(ResponseBody):
    """The addresses that were found."""

    items: list[CoverageBody]
    """Addresses."""


class AddressBody(ResponseBody):
    """An address, and the access resource that reaches it."""

    address: str
    """Standard address."""
    area: str
    """Service area 片区."""
    olt: str | None
    """OLT; null where nothing reaches the address."""
    port: str | None
    """Port of the OLT; null where nothing reaches the address."""
    capacity: int | None
    """Places of the port; null where nothing reaches the address."""
    used: int | None
    """Places of the port that are used; null where nothing reaches the address."""


class Addresses(ResponseBody):
    """Addresses with the access resources that reach them."""

    items: list[AddressBody]
    """Addresses by area, then by text."""


@api.read("/search", "search addresses", method="POST")
def search_addresses(context: RequestContext, asked: AddressSearch) -> AddressesFound:
    """Searches standard addresses for a customer who wants a line. The input goes into no path and no log."""
    rows = resources.search_addresses(context.tx, asked.text.split(), served(context), asked.limit)
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


@api.read("", "see addresses")
def list_addresses(context: RequestContext, area: Area = None, limit: Limit = 50) -> Addresses:
    """Lists addresses and the access resources that reach them, by area and address."""
    rows = resources.addresses(context.tx, limit, within(area, served(context)))
    return Addresses(
        items=[
            AddressBody(
                address=row.text, area=row.area, olt=row.olt, port=row.port, capacity=row.capacity, used=row.used
            )
            for row in rows
        ]
    )


def within(area: str | None, areas: frozenset[str] | None) -> frozenset[str] | None:
    """The areas that a list shows: of those that the caller may see (None: all), the one asked for, or all."""
    return areas if area is None else frozenset({area}) if areas is None else areas & {area}

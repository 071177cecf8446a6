"""查找: one search for tickets, accounts, addresses and devices. The input goes into no path and no log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field as Of

from dispatch.domain.account import AccountState
from dispatch.domain.device import DeviceKind, DeviceState
from dispatch.domain.naming import masked_mobile, masked_name
from dispatch.domain.numbers import ticket_number
from dispatch.domain.search import SearchKind, Why
from dispatch.errors import BadInput
from dispatch.reports import search
from dispatch.reports.search import NONE, FoundAccount, FoundTicket
from dispatch.storage import search_index
from dispatch.storage.device_rows import DeviceLine
from dispatch.storage.place_rows import AddressMatch
from dispatch.web.api.schemas import RequestBody, ResponseBody, Word, read_cursor, write_cursor
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/search", "search")


class SearchRequest(RequestBody):
    """Words to search for. All of them must stand in what is found, in any order."""

    text: Word
    """Words, whole numbers or parts of them, Chinese or the initials of its pinyin, in any width."""
    kind: Annotated[SearchKind | None, Of(strict=False)] = None
    """Kind to search; absent: all that the caller may see."""
    cursor: Annotated[str | None, Of(max_length=200)] = None
    """The `next` of the page before, of one kind; absent: the first page."""
    limit: Annotated[int, Of(ge=1, le=50)] = 20
    """Number of hits of each kind at most; what has just the number that was typed comes on top."""


class TicketHit(ResponseBody):
    """A ticket that was found."""

    number: str
    """Number of the ticket, such as F00000042."""
    state: str
    """State of the ticket."""
    symptom: str
    """Symptom, by its name in the pre-handling script."""
    area: str
    """Service area 片区."""
    priority: int
    """Priority: 1, the most urgent, to 4."""
    made_at: datetime
    """Time at which the ticket was made."""
    account: str | None
    """Number of the broadband account; null where the caller may not see it."""
    customer: str | None
    """Customer's name, masked; null where there is none, or the caller may not see it."""
    mobile: str | None
    """Customer's mobile number, masked; null as `customer`."""
    address: str | None
    """Address; null as `customer`."""
    description: str | None
    """Description of the fault; null where the caller may not see it."""
    why: list[Why]
    """Facts by which the ticket was found."""


class AccountHit(ResponseBody):
    """An account that was found."""

    account: str
    """Number of the broadband account 宽带账号."""
    state: AccountState
    """State of the account."""
    area: str
    """Service area 片区."""
    customer: str | None
    """Customer's name, masked; null where none is known."""
    contact: str
    """Mobile number of the contact, masked."""
    address: str | None
    """Address; null where none is known."""
    why: list[Why]
    """Facts by which the account was found."""


class AddressHit(ResponseBody):
    """An address that was found."""

    address: str
    """Standard address."""
    area: str
    """Service area 片区."""
    free: int | None
    """Places of its port that are free; null where nothing reaches the address."""
    taken: bool
    """True when the address has a line already."""


class DeviceHit(ResponseBody):
    """A device that was found."""

    serial: str
    """Serial number."""
    kind: DeviceKind
    """Kind of device."""
    model: str
    """Model."""
    state: DeviceState
    """State of the device."""
    account: str | None
    """Account at which it is, or was last; null where it is at none."""


class SearchAnswer(ResponseBody):
    """Hits of each kind. Kinds that the caller may not see, or did not ask for, are empty."""

    tickets: list[TicketHit]
    """Tickets, the newest first."""
    accounts: list[AccountHit]
    """Accounts, the newest first."""
    addresses: list[AddressHit]
    """Addresses, the newest first."""
    devices: list[DeviceHit]
    """Devices, the newest first."""
    next: dict[SearchKind, str]
    """Cursors of the next pages, by kind; kinds on their last page are left out."""
    too_short: bool
    """True when only whole numbers were looked up: parts need two Chinese characters, three letters or four digits."""
    incomplete: list[SearchKind]
    """Kinds whose index is still being built: more will be found later."""


@api.read("", "search", method="POST", raises=[BadInput])
def find_anything(context: RequestContext, asked: SearchRequest) -> SearchAnswer:
    """Finds tickets, accounts, addresses and devices of the caller's areas by any part of what is known of them."""
    reach, tx = context.reach(), context.tx
    wanted = search.asked(asked.text, asked.limit, read_cursor(asked.cursor, int))
    kinds = [kind for kind in reach.kinds if asked.kind in (None, kind)]
    tickets = search.find_tickets(tx, wanted, reach) if SearchKind.TICKET in kinds else NONE
    accounts = (
        search.find_accounts(tx, wanted, reach, context.installation.cipher, context.now)
        if SearchKind.ACCOUNT in kinds
        else NONE
    )
    addresses = search.find_addresses(tx, wanted, reach) if SearchKind.ADDRESS in kinds else NONE
    devices = search.find_devices(tx, wanted, reach) if SearchKind.DEVICE in kinds else NONE
    pages = zip(SearchKind, (tickets.next, accounts.next, addresses.next, devices.next), strict=True)
    return SearchAnswer(
        tickets=[_ticket(each) for each in tickets.hits],
        accounts=[_account(each) for each in accounts.hits],
        addresses=[_address(each) for each in addresses.hits],
        devices=[_device(each) for each in devices.hits],
        next={kind: write_cursor(before) for kind, before in pages if before is not None},
        too_short=not wanted.query.is_searchable,
        incomplete=[kind for kind in kinds if search_index.state(tx, kind).cursor is not None],
    )


def _ticket(hit: FoundTicket) -> TicketHit:
    row, shown = hit.row, hit.shown
    return TicketHit(
        number=ticket_number(row.kind, row.id),
        state=row.state,
        symptom=row.symptom,
        area=row.area,
        priority=row.priority,
        made_at=row.made_at,
        account=row.account if shown else None,
        customer=masked_name(row.name) if shown and row.name else None,
        mobile=masked_mobile(row.mobile or row.contact) if shown else None,
        address=row.address if shown else None,
        description=row.description if shown else None,
        why=list(hit.why),
    )


def _account(hit: FoundAccount) -> AccountHit:
    row = hit.row
    return AccountHit(
        account=row.number,
        state=AccountState(row.state),
        area=row.area,
        customer=None if row.name is None else masked_name(row.name),
        contact=masked_mobile(row.mobile),
        address=row.address,
        why=list(hit.why),
    )


def _address(row: AddressMatch) -> AddressHit:
    return AddressHit(address=row.text, area=row.area, free=row.free, taken=row.taken is not None)


def _device(row: DeviceLine) -> DeviceHit:
    kind, state = DeviceKind(row.kind), DeviceState(row.state)
    return DeviceHit(serial=row.serial, kind=kind, model=row.model, state=state, account=row.account)

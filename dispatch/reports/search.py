"""查找: tickets, accounts, addresses, devices by any part of what is known of them. Nobody finds what they can't see.

Whole numbers are looked up first: a ticket's, an account's, a mobile number, a document's by its blind index, a serial
number. Then comes what contains all words of the search, the newest first.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import or_, select

from dispatch.domain import folding
from dispatch.domain.identity import fitting_kinds, normalised
from dispatch.domain.naming import read_mobile
from dispatch.domain.numbers import LETTER, read_ticket_number, ticket_number
from dispatch.domain.search import Query, SearchKind, Why, read_query, reasons
from dispatch.errors import Refusal
from dispatch.reports.lists import Areas, Scope, is_seen
from dispatch.storage import accounts, aliases, customers, devices, resources, search_queries, tickets, unified_view
from dispatch.storage.account_rows import AccountMatch
from dispatch.storage.database import Tx
from dispatch.storage.device_rows import DeviceLine
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.place_rows import AddressMatch
from dispatch.storage.rows import TicketFound
from dispatch.storage.tables.accounts import account
from dispatch.storage.tables.devices import registered_device
from dispatch.storage.tables.tickets import ticket

_TICKET = re.compile(rf"[{''.join(LETTER.values())}][0-9]{{1,18}}|[0-9]{{1,8}}")
"""What is looked up as a ticket's number; longer digits are a mobile number."""
_NO_AREA: Areas = ()


class Reach(NamedTuple):
    """What somebody may find. Areas None: all; empty: nothing."""

    tickets: Sequence[Scope] = ()  # by all that they say
    open_tickets: Sequence[Scope] = ()  # likewise, until they end
    numbers: Sequence[Scope] = ()  # by their number
    accounts: Areas = _NO_AREA
    addresses: Areas = _NO_AREA
    devices: bool = False

    @property
    def kinds(self) -> list[SearchKind]:
        """The kinds of which something may be found."""
        may = {
            SearchKind.TICKET: bool(self.numbers),
            SearchKind.ACCOUNT: self.accounts is None or bool(self.accounts),
            SearchKind.ADDRESS: self.addresses is None or bool(self.addresses),
            SearchKind.DEVICE: self.devices,
        }
        return [kind for kind in SearchKind if may[kind]]


class SearchAsked(NamedTuple):
    """A search for `limit` of a kind, with smaller ids than `before`; None: the first page, which has whole numbers."""

    typed: str
    query: Query
    limit: int
    before: int | None = None


class FoundTicket(NamedTuple):
    """A ticket; `shown`: the searcher may see what it says of the customer."""

    row: TicketFound
    shown: bool
    why: Sequence[Why]


class FoundAccount(NamedTuple):
    row: AccountMatch
    why: Sequence[Why]


Hit = TypeVar("Hit")


class HitPage(NamedTuple, Generic[Hit]):
    """A page of hits; the next page begins before the id `next`. None: this is the last."""

    hits: Sequence[Hit]
    next: int | None


NONE: HitPage[Any] = HitPage((), None)


def asked(typed: str, limit: int, before: int | None = None) -> SearchAsked:
    return SearchAsked(typed.strip(), read_query(typed), limit, before)


def find_tickets(tx: Tx, asked: SearchAsked, reach: Reach) -> HitPage[FoundTicket]:
    exact = _ticket_of_number(tx, asked, reach)
    found: set[int] = set()
    if asked.query.is_searchable:
        most, before = asked.limit + 1, asked.before
        for scope in reach.tickets:
            found.update(search_queries.find(tx, SearchKind.TICKET, asked.query, scope.areas, most, before))
        for scope in reach.open_tickets:
            found.update(search_queries.find_open(tx, asked.query, scope.areas, scope.teams or (), most, before))
    ids, following = _page(sorted(found, reverse=True), asked)
    shown = found | _seen_in(tx, exact, reach.tickets) | _seen_in(tx, exact, reach.open_tickets, is_open=True)
    rows = [*tickets.found(tx, exact), *tickets.found(tx, [each for each in ids if each not in exact])]
    hits = [FoundTicket(row, row.id in shown, _why_ticket(asked.query, row, row.id in shown)) for row in rows]
    return HitPage(hits, following)


def find_accounts(
    tx: Tx, asked: SearchAsked, reach: Reach, cipher: Callable[[], FieldCipher], now: datetime
) -> HitPage[FoundAccount]:
    """`cipher` is asked for only where something like a document's number was typed."""
    found: dict[int, FoundAccount] = {}
    if asked.before is None:
        for row, why in _accounts_of_numbers(tx, asked, reach.accounts, cipher, now):
            found.setdefault(row.id, FoundAccount(row, [why]))
    ids, following = _by_text(tx, SearchKind.ACCOUNT, asked, reach.accounts)
    rows = unified_view.find_accounts(tx, account.c.id.in_(ids), reach.accounts, asked.limit) if ids else ()
    for row in sorted(rows, key=lambda each: -each.id):
        found.setdefault(row.id, FoundAccount(row, _why_account(asked.query, row)))
    return HitPage(list(found.values()), following)


def find_addresses(tx: Tx, asked: SearchAsked, reach: Reach) -> HitPage[AddressMatch]:
    ids, following = _by_text(tx, SearchKind.ADDRESS, asked, reach.addresses)
    return HitPage(resources.found_addresses(tx, ids), following)


def find_devices(tx: Tx, asked: SearchAsked, reach: Reach) -> HitPage[DeviceLine]:
    ids, following = _by_text(tx, SearchKind.DEVICE, asked, None if reach.devices else ())
    return HitPage(devices.found(tx, ids), following)


def _by_text(tx: Tx, kind: SearchKind, asked: SearchAsked, areas: Areas) -> tuple[list[int], int | None]:
    if not asked.query.is_searchable:
        return [], None
    return _page(search_queries.find(tx, kind, asked.query, areas, asked.limit + 1, asked.before), asked)


def _page(ids: list[int], asked: SearchAsked) -> tuple[list[int], int | None]:
    """One page of ids, of which one more means that there is a next page."""
    return ids[: asked.limit], ids[asked.limit - 1] if len(ids) > asked.limit else None


def _ticket_of_number(tx: Tx, asked: SearchAsked, reach: Reach) -> list[int]:
    number = folding.code(asked.typed)
    if asked.before is not None or not _TICKET.fullmatch(number):
        return []
    return sorted(_seen_in(tx, [read_ticket_number(number)], reach.numbers))


def _seen_in(tx: Tx, ids: Sequence[int], scopes: Sequence[Scope], *, is_open: bool = False) -> set[int]:
    """Those of these tickets that one of the scopes allows."""
    if not ids or not scopes:
        return set()
    query = select(ticket.c.id).where(ticket.c.id.in_(ids), or_(*map(is_seen, scopes)))
    return set(tx.execute(query.where(ticket.c.ended_at.is_(None)) if is_open else query).scalars())


def _accounts_of_numbers(
    tx: Tx, asked: SearchAsked, areas: Areas, cipher: Callable[[], FieldCipher], now: datetime
) -> Sequence[tuple[AccountMatch, Why]]:
    """Accounts by a whole number: their own or a former one, a mobile number, a document's, a device's."""
    typed = asked.typed
    if not typed or len(typed) > 40:
        return []
    former = aliases.find(tx, [typed], now).get(typed)
    named = accounts.has_name(folding.account(typed))
    wanted = [(or_(named, account.c.id == former.account_id) if former else named, Why.NUMBER)]
    with contextlib.suppress(Refusal):
        wanted.append((unified_view.reached_by_mobile(read_mobile(typed)), Why.MOBILE))
    number = normalised(typed)
    kinds = fitting_kinds(number)
    if kinds and sum(each.isdigit() for each in typed) >= 6:
        holders = [each.id for each in customers.find_by_number(tx, cipher(), kinds, number)]
        wanted.append((account.c.customer_id.in_(holders), Why.DOCUMENT))
    device = registered_device.c
    here = select(device.account_id).where(device.serial == folding.code(typed), device.account_id.is_not(None))
    wanted.append((account.c.id.in_(here), Why.DEVICE))
    return [(row, why) for each, why in wanted for row in unified_view.find_accounts(tx, each, areas, asked.limit)]


def _why_ticket(query: Query, row: TicketFound, shown: bool) -> list[Why]:
    number = (Why.NUMBER, ticket_number(row.kind, row.id))
    if not shown:
        return reasons(query, [number])
    said = [(Why.NAME, row.name), (Why.MOBILE, row.mobile), (Why.MOBILE, row.contact), (Why.ADDRESS, row.address)]
    return reasons(query, [number, (Why.NUMBER, row.account), *said, (Why.DESCRIPTION, row.description)])


def _why_account(query: Query, row: AccountMatch) -> list[Why]:
    fields = [(Why.NUMBER, row.number), (Why.NAME, row.name), (Why.MOBILE, row.mobile), (Why.ADDRESS, row.address)]
    return reasons(query, fields)

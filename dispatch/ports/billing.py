"""Billing 计费: what a customer owes and has paid in advance, and the entries that the counter books there."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

from dispatch.domain.billing_event import BillingEvent
from dispatch.ports import simulated_dunning
from dispatch.ports.ledger import Ledger
from dispatch.ports.simulated_bills import Bills
from dispatch.ports.simulated_file import WAIT_SECONDS, make, opened

QUOTE_SECONDS = 3.0
"""The longest that a quote may take, because a customer waits for it at the counter."""


class EntryKind(StrEnum):
    PAYMENT = "payment"  # 缴费: settles open bills, the oldest first; the rest is paid in advance 预存
    REFUND = "refund"  # 退费: paid back out of what is paid in advance
    FEE = "fee"  # 费用: on the next bill, or every month
    CREDIT = "credit"  # 减免, 赠送: lowers bills, and is never paid back


@dataclass(frozen=True, slots=True)
class BillingEntry:
    """One entry of an account. `fen` is never negative; `at` is when it takes effect, at a fee's day the whole day.

    `monthly`: a fee of every month from that day on, in place of the one before; 0 fen end it. `reference`: of a
    payment, for people.
    """

    kind: EntryKind
    fen: int
    at: datetime
    monthly: bool = False
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """Entries for one account, booked together. `key` is the idempotency key: a key is booked once.

    `account` is the account's id and never changes; `number` is its present number.
    """

    key: str
    account: int
    number: str
    entries: tuple[BillingEntry, ...]


class QuotePurpose(StrEnum):
    """What a quote is for; a real system may ask its own rules by it."""

    CLOSE = "close"
    TRANSFER = "transfer"
    RESUME = "resume"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Quote:
    """What stands on the account's books at the end of a day, in fen; no amount is negative.

    `arrears`: billed and unpaid; `late_fee` on it; `unbilled`: of the month under way, that day included, less credits;
    `refundable`: paid in advance; `gift`: unused credits, which lapse; `penalty`: what the contract costs on leaving,
    None where billing has no say in it. The same `quote_id` means the same amounts. `simulated`: there is no real
    system behind it. `not_due`: of `arrears`, what stands on bills whose due day isn't over yet.
    """

    arrears: int
    late_fee: int
    unbilled: int
    refundable: int
    gift: int
    penalty: int | None
    quote_id: str
    simulated: bool = False
    not_due: int = 0

    @property
    def overdue(self) -> int:
        """Of the arrears, what should have been paid by now."""
        return self.arrears - self.not_due

    @property
    def owed(self) -> int:
        """What must be paid for the line to stay on, or to go on again: what is overdue, with its late fee. Whoever
        leaves pays all `arrears`."""
        return self.overdue + self.late_fee


@dataclass(frozen=True, slots=True)
class ReceivedPayment:
    """A payment that reached billing, wherever it was made."""

    at: datetime
    fen: int
    reference: str


class FedEvent(NamedTuple):
    """An event of the feed. Positions rise; an event keeps its position."""

    position: int
    event: BillingEvent


class Billing(Protocol):
    """The port: the operator's billing system."""

    def quote(self, account: int, on: date, purpose: QuotePurpose) -> Quote:
        """Return what stands on an account's books. It only reads. Raises OSError when the system is out of reach or
        doesn't answer within `QUOTE_SECONDS`."""

    def book(self, bookings: Sequence[Booking]) -> Mapping[str, str]:
        """Book in this sequence; return, by key, why bookings were refused.

        Bookings that aren't in the answer are booked. A refusal is final. Raises OSError when the system is out of
        reach.
        """

    def payments(self, account: int, since: datetime) -> Sequence[ReceivedPayment]:
        """Return an account's payments at or after `since`, the newest first. Raises OSError as `quote`."""

    def events(self, after: int, on: date, limit: int) -> Sequence[FedEvent]:
        """Return the first events of the feed after this position, for those who read it on this day. A system that
        sends its events to the web itself, signed, has an empty feed. Raises OSError when it is out of reach."""


class SimulatedBilling:
    """A system with its own file outside our database: all entries and the keys of bookings.

    Bills follow from the entries alone (`simulated_bills`), events from the bills (`simulated_dunning`). The ledger
    beside the file has a line for each booking that was really made.
    """

    simulated = True

    _TABLES = (
        "entry (id INTEGER PRIMARY KEY, account INTEGER, kind TEXT, fen INTEGER, at TEXT, monthly INTEGER, "
        "reference TEXT)",
        "booked (key TEXT PRIMARY KEY)",
        *simulated_dunning.TABLES,
    )

    def __init__(self, file: Path, zone: tzinfo) -> None:
        self.file = file
        self.zone = zone
        self.ledger = Ledger(file.with_suffix(".tsv"))
        make(file, *self._TABLES)

    def quote(self, account: int, on: date, purpose: QuotePurpose) -> Quote:
        with self._open(wait=QUOTE_SECONDS) as system:
            bills = _bills(system, account, self.zone)
        bills.run(on)
        amounts = (bills.arrears, bills.late_fee, bills.unbilled, bills.prepaid, bills.gift)
        named = f"{account}/{on}/{purpose}/{'/'.join(map(str, (*amounts, bills.not_due)))}"
        quote_id = hashlib.blake2b(named.encode(), digest_size=8).hexdigest()
        return Quote(*amounts, penalty=None, quote_id=quote_id, simulated=True, not_due=bills.not_due)

    def book(self, bookings: Sequence[Booking]) -> Mapping[str, str]:
        refused: dict[str, str] = {}
        done: list[str] = []
        with self._open() as system:
            system.execute("BEGIN IMMEDIATE")
            for booking in bookings:
                if any(entry.fen < 0 for entry in booking.entries):
                    refused[booking.key] = "negative-amount"
                    continue
                if system.execute("INSERT OR IGNORE INTO booked VALUES (?)", (booking.key,)).rowcount:
                    _insert(system, booking)
                    simulated_dunning.look_again(system, booking.account)
                    done.append(booking.key)
            system.execute("COMMIT")
        self.ledger.write("book", done)
        return refused

    def payments(self, account: int, since: datetime) -> Sequence[ReceivedPayment]:
        query = (
            "SELECT at, fen, reference FROM entry WHERE account = ? AND kind = ? AND at >= ? ORDER BY at DESC, id DESC"
        )
        with self._open(wait=QUOTE_SECONDS) as system:
            rows = system.execute(query, (account, EntryKind.PAYMENT, _written(since))).fetchall()
        return [ReceivedPayment(datetime.fromisoformat(at), fen, reference) for at, fen, reference in rows]

    def events(self, after: int, on: date, limit: int) -> Sequence[FedEvent]:
        with self._open() as system:
            simulated_dunning.run(system, lambda account: _bills(system, account, self.zone), on)
            return [FedEvent(*each) for each in simulated_dunning.told(system, after, limit)]

    def _open(self, *, wait: float = WAIT_SECONDS) -> AbstractContextManager[sqlite3.Connection]:
        return opened(self.file, *self._TABLES, wait=wait)


def _insert(system: sqlite3.Connection, booking: Booking) -> None:
    row = "INSERT INTO entry (account, kind, fen, at, monthly, reference) VALUES (?, ?, ?, ?, ?, ?)"
    system.executemany(
        row,
        [
            (booking.account, entry.kind, entry.fen, _written(entry.at), entry.monthly, entry.reference)
            for entry in booking.entries
        ],
    )


def _bills(system: sqlite3.Connection, account: int, zone: tzinfo) -> Bills:
    """Return the account's bills, with all its entries still to be run."""
    rows = system.execute("SELECT kind, fen, at, monthly FROM entry WHERE account = ? ORDER BY at, id", (account,))
    bills = Bills()
    for kind, fen, at, monthly in rows:
        bills.add(kind, fen, datetime.fromisoformat(at).astimezone(zone).date(), monthly=bool(monthly))
    return bills


def _written(at: datetime) -> str:
    """UTC with a fixed width, so that texts sort as the times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")

"""报障 A customer's report, and the ticket that it became."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dispatch.domain.book_data import BillingSays
from dispatch.domain.ticket import TicketState
from dispatch.routing.prehandling import Answers
from dispatch.storage.aliases import FormerName


class Consulted(NamedTuple):
    """What the taker has by the books: notes on answers that differ from them, by question, and billing's word; None:
    billing wasn't asked, or was out of reach."""

    notes: Mapping[str, str]
    billing: BillingSays | None = None


@dataclass(frozen=True, slots=True)
class FaultReport:
    """A customer's report 报障 with their answers in pre-handling. `priority` is 1 (most urgent) to 4."""

    account: str
    symptom: str
    description: str
    priority: int = 3
    answers: Answers = ()
    category: str | None = None  # overrides the category that the symptom and the answers give
    request_key: str | None = None  # idempotency key: the same key again gives the same ticket again
    despite_duplicate: bool = False  # take the report although the account has an open fault
    books: Consulted | None = None  # None: nobody looked into the books, as in a replay


@dataclass(frozen=True, slots=True)
class AcceptedReport:
    """The ticket that a report became. `repeated`: an earlier request with the same key had made it already."""

    ticket_id: int
    number: str
    state: TicketState
    repeated: bool = False
    renamed: FormerName | None = None  # to be told: the line was found by its account's former name

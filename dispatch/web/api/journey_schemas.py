"""A ticket's journey, and the explanation of every hop, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispatch.domain.complaint import Agreement
from dispatch.web.api.schemas import (
    ResponseBody,
)
from dispatch.web.api.ticket_schemas import Hop, Ticket


class HistoryEntry(ResponseBody):
    """One entry of the history."""

    at: datetime
    """Time of the act."""
    act: str
    """Name of the act."""
    hop: str | None
    """Hop that it was done to; null when it was done to the ticket."""
    actor: str
    """User who did it, or the system."""
    role: str
    """Role in which they acted."""
    on_behalf_of: str | None
    """Holder on whose behalf it was done; null: nobody."""
    detail: dict[str, Any]
    """Details of the act; their fields depend on it."""


class ArchiveRecord(ResponseBody):
    """A frozen record 归档."""

    round: int
    """Number of times that the ticket had been reopened before it was frozen."""
    archived_at: datetime
    """Time at which it was frozen."""
    sha256: str
    """SHA-256 of the content, in hex."""
    intact: bool
    """True when its content still has this SHA-256."""


class TimeSpent(ResponseBody):
    """Seconds spent at one team."""

    queued: float
    """Time from the decision until the team had the hop on its board."""
    waiting: float
    """Time on the board until somebody claimed it."""
    in_hand: float
    """Time in somebody's hands."""
    held: float
    """Time on hold."""


class CustomersMessage(ResponseBody):
    """A text message 短信 to the customer, without what it said."""

    event: str
    """Event that the customer was told of, as `messages.yaml` names it."""
    made_at: datetime
    """Time of the event."""
    state: str
    """One of waiting, due, sent, failed, off, no-number."""
    at: datetime
    """Time at which it was sent, will be sent, or was kept back."""


class ComplaintDetails(ResponseBody):
    """Details of a complaint 投诉, beside what every ticket has."""

    source: str
    """Source that brought it, by name."""
    about: str | None
    """Number of the ticket that it is about; null: about none, or not the caller's to see."""
    wish: str | None
    """Wish of the customer, maybe empty; null when it is not the caller's to see."""
    contact_by: datetime
    """Time by which the customer hears from the operator."""
    contacted_at: datetime | None
    """Time at which they first did; null: not yet."""
    reply_by: datetime
    """Time by which the customer has a reply."""
    replied_at: datetime | None
    """Time of the first reply; null: not yet."""
    agreement: Agreement | None
    """Opinion of the customer on the last reply; null before the first."""
    until: datetime
    """Time up to which it waits or waited: its end, or now."""


class JourneyBody(ResponseBody):
    """A ticket's whole journey."""

    ticket: Ticket
    """The ticket."""
    hops: list[Hop]
    """Its hops, in order."""
    history: list[HistoryEntry]
    """Its history, the oldest entry first."""
    records: list[ArchiveRecord]
    """Its frozen records."""
    messages: list[CustomersMessage]
    """The text messages to its customer, the oldest first."""
    complaint: ComplaintDetails | None
    """Details of a complaint; null for every other ticket."""
    spent: dict[str, TimeSpent]
    """Seconds by team."""
    may: list[str]
    """Operations that the caller may do with it now, by name."""


class UnmatchedRule(ResponseBody):
    """A rule that was looked at and did not match."""

    rule: str
    """Name of the rule."""
    to: str
    """Team to which it would have led, `sender` or `end`."""
    because: list[str]
    """Conditions that did not hold, each with the actual fact."""


class HopExplanation(ResponseBody):
    """The rule and the facts by which a hop's team was chosen."""

    hop: str
    """Hop number, such as F00000042-3."""
    to: str
    """Team that got it."""
    rule: str
    """Name of the rule that decided."""
    rules_version: str
    """Version of the rules that were in force."""
    file: str
    """Place of the rule: file@version:line."""
    facts: dict[str, Any]
    """Facts by which it was decided."""
    did_not_match: list[UnmatchedRule]
    """Rules that were looked at before."""
    because: str
    """Reason why the rule matched, in words."""


class TicketExplanation(ResponseBody):
    """The explanation of every hop of a ticket."""

    hops: list[HopExplanation]
    """Hops, in order."""

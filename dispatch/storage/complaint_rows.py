"""The rows that the queries of complaints and compensations deliver: see `rows`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol


class ComplaintRow(Protocol):
    """A complaint's own columns."""

    ticket_id: int
    source: str  # one of `domain.complaint.ComplaintSource`
    about: int | None  # the id of another ticket of the account
    wish: str
    contact_by: datetime
    reply_by: datetime
    contacted_at: datetime | None  # when the customer first heard from us
    replied_at: datetime | None  # when we first replied
    agreement: str | None  # what the customer said to the last reply, one of `domain.complaint.Agreement`
    replies: int


class ComplaintLine(Protocol):
    """A complaint in a list, with what a reader needs of its ticket."""

    ticket_id: int
    source: str
    contact_by: datetime
    reply_by: datetime
    contacted_at: datetime | None
    replied_at: datetime | None
    agreement: str | None
    symptom: str  # the kind of complaint
    state: str  # the ticket's
    area: str
    account: str  # the account's present number
    made_at: datetime
    ended_at: datetime | None
    team: str | None  # that has it now; None: nobody
    holder: str | None


class ReplyRow(Protocol):
    """A reply to a complaint, as it was reported."""

    ticket_id: int
    evidence: Mapping[str, Any] | None


class CompensationRow(Protocol):
    """A credit on a customer's bill."""

    id: int
    account_id: int
    ticket_id: int
    basis: str  # one of `domain.compensation.Basis`
    fen: int
    days: int | None  # for which it was worked out; None: it was agreed
    reason: str
    by: str
    at: datetime
    approval_id: int | None  # None: within the desk's limit

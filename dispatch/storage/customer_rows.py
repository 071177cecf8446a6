"""The rows of customers: who they are, who stood there for them, and the scans that are kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol


class CustomerRow(Protocol):
    """A customer."""

    id: int
    name: str
    document_kind: str
    document_number: str  # ciphertext
    document_index: str  # blind index: HMAC of kind, number and issuing country
    document_expires: date | None  # None: valid for good 长期
    issuing_country: str | None  # of a passport; None: none, or not asked yet
    birth: str | None  # ciphertext; None: the document's number tells it, or it wasn't asked
    mobile: str
    made_at: datetime


class AgentRow(Protocol):
    """Who acted for a customer in an operation."""

    id: int
    operation_id: int
    party: str
    name: str
    document_kind: str
    document_number: str  # ciphertext
    document_index: str
    issuing_country: str | None
    mobile: str
    basis: str
    valid_until: date | None


class ListedRow(Protocol):
    """Somebody on the list of fraudsters, with the operation for which they came."""

    id: int
    operation_id: int
    checked: str
    area: str
    registry: str
    fraud: str
    reference: str
    at: datetime
    kind: str
    actor: str
    outlet: str


class ScanRow(Protocol):
    """A kept document without its content."""

    id: int
    operation_id: int
    kind: str
    media_type: str
    size: int  # bytes
    sha256: str  # of the scan in clear

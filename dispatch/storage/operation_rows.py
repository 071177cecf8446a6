"""The rows of account operations, of their papers, and of what they cite: approvals, codes, answers, audit entries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol


class PaperRow(Protocol):
    """A slip or an invoice to be printed, and the area of its account."""

    content: str  # canonical JSON
    area: str


class SlipRow(PaperRow, Protocol):
    """A slip, whose operation was accepted `at` that time."""

    operation_id: int
    at: datetime


class OperationRow(Protocol):
    """An account operation, done or refused."""

    id: int
    kind: str
    request_key: str | None  # None: requested without one
    fingerprint: str  # keyed hash of the request
    account_id: int | None  # None: on no account, as a query or a refused opening
    at: datetime
    actor: str
    role: str
    outlet: str
    outcome: str  # accepted, refused, or pending inside its own transaction
    code: str | None  # the refusal's; None: not refused
    reason: str | None  # the refusal's; None: not refused
    result: Mapping[str, Any]


class ViewedOperation(Protocol):
    """An operation with its account's number."""

    id: int
    kind: str
    at: datetime
    actor: str
    role: str
    outlet: str
    account: str
    slip: int | None  # the operation's id again; None: it has no slip


class ApprovalRow(Protocol):
    """A request for a supervisor's approval."""

    id: int
    act: str  # one of `domain.approval.ApprovalNeed`
    subject: str  # as account/12
    area: str
    fen: int | None  # the most that it is about; None: no money
    asked_by: str
    reason: str
    asked_at: datetime
    decided_by: str | None  # None: not decided
    outcome: str | None  # approved, refused; None: not decided
    at: datetime | None  # of the decision
    used_by: str | None  # as operation/17; None: not used


class ProofRow(Protocol):
    """A code that was sent to a mobile number."""

    id: int
    mobile_index: str  # keyed hash
    purpose: str  # the operation that it is for
    account_id: int | None  # None: an opening, there is no account yet
    actor: str  # who had it sent
    code_hmac: str
    source: str | None  # of its message, as operation/17
    made_at: datetime
    tries: int  # wrong codes that were typed
    used_by: int | None  # the operation; None: not used


class PortAnswerRow(Protocol):
    """What a system outside answered before an act."""

    id: int
    port: str
    question_hash: str  # keyed
    answer: dict[str, Any] | None  # None: it was out of reach
    asked_at: datetime


class AuditRow(Protocol):
    """An entry of the audit trail: a look at data that are usually masked, or a change that must be accounted for."""

    id: int
    at: datetime
    actor: str
    role: str
    act: str
    subject: str
    reason: str

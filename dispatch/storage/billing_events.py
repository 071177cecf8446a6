"""What billing has told of accounts 计费事件, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sqlalchemy import func, insert, select

from dispatch.domain.billing_event import BillingEvent, BillingEventOutcome
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.billing import billing_event


class BillingEventRow(Protocol):
    """An event that came in."""

    id: str
    account_id: int | None  # None: no account of ours
    seq: int
    kind: str  # one of `domain.billing_event.BillingEventKind`
    fen: int
    reference: str
    outcome: str  # one of `domain.billing_event.BillingEventOutcome`
    position: int | None  # in the feed; None: it was sent to us
    at: datetime


def find(tx: Tx, event_id: str) -> BillingEventRow | None:
    query = select(billing_event).where(billing_event.c.id == event_id)
    return shaped(BillingEventRow, tx.execute(query)).one_or_none()


def last_seq(tx: Tx, account_id: int) -> int:
    """The newest event of the account that came in; 0 before the first."""
    query = select(func.coalesce(func.max(billing_event.c.seq), 0)).where(billing_event.c.account_id == account_id)
    return int(tx.execute(query).scalar_one())


def last_position(tx: Tx) -> int:
    """How far the feed was read; 0 before the first event."""
    return int(tx.execute(select(func.coalesce(func.max(billing_event.c.position), 0))).scalar_one())


def add(tx: Tx, event: BillingEvent, outcome: BillingEventOutcome, position: int | None, now: datetime) -> None:
    known = outcome is not BillingEventOutcome.UNKNOWN
    row = {"id": event.id, "account_id": event.account if known else None, "seq": event.seq, "kind": str(event.kind)}
    more = {"fen": event.fen, "reference": event.reference, "outcome": str(outcome), "position": position, "at": now}
    tx.execute(insert(billing_event).values(**row, **more))

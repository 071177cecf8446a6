"""The table of billing's events 计费事件."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, String, Table

from dispatch.domain.billing_event import BillingEventKind, BillingEventOutcome
from dispatch.storage.column_types import Id, Instant, metadata, words_constraint

billing_event = Table(  # append-only: what billing has told of accounts, and what became of it here
    "billing_event",
    metadata,
    Column("id", String(40), primary_key=True),  # billing's own: the same event is never acted on twice
    Column("account_id", Id, ForeignKey("account.id")),  # null: no account of ours
    Column("seq", BigInteger, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("fen", BigInteger, nullable=False),
    Column("reference", String(60), nullable=False),  # of the bill or the payment
    Column("outcome", String(12), nullable=False),
    Column("position", BigInteger, unique=True),  # in the feed from which it was fetched; null: it was sent to us
    Column("at", Instant, nullable=False),  # when it came in
    words_constraint("kind", BillingEventKind),
    words_constraint("outcome", BillingEventOutcome),
    CheckConstraint("(account_id IS NULL) = (outcome = 'unknown')", name="of_an_account"),
    CheckConstraint("fen >= 0", name="fen"),
    Index("ix_billing_event_account_id", "account_id", "seq"),
)

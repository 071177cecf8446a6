"""The tables of complaints 投诉 (what such a ticket has beside what every ticket has) and of compensations 减免."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from dispatch.domain.compensation import Basis
from dispatch.domain.complaint import Agreement, ComplaintSource
from dispatch.storage.column_types import Id, Instant, metadata, partial_index, words_constraint

complaint = Table(  # its kind is its ticket's symptom, its text the ticket's description
    "complaint",
    metadata,
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True, autoincrement=False),
    Column("source", String(20), nullable=False),
    Column("about", Id, ForeignKey("ticket.id")),  # another ticket of the account; null: about none
    Column("wish", Text, nullable=False),  # what the customer wants; may be empty
    Column("contact_by", Instant, nullable=False),
    Column("reply_by", Instant, nullable=False),
    Column("contacted_at", Instant),  # when the customer first heard from us
    Column("replied_at", Instant),  # when we first replied
    Column("agreement", String(12)),  # what the customer said to the last reply
    Column("replies", SmallInteger, nullable=False, server_default="0"),
    words_constraint("source", ComplaintSource),
    CheckConstraint("(replied_at IS NULL) = (agreement IS NULL)", name="replied"),
    words_constraint("agreement", Agreement),
    partial_index("ix_complaint_unreplied", "reply_by", where="replied_at IS NULL"),
)

compensation = Table(  # append-only: credits on customers' bills, each for one ticket
    "compensation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False),
    Column("basis", String(20), nullable=False),
    Column("fen", BigInteger, nullable=False),
    Column("days", Integer),  # for which it was worked out; null: it was agreed
    Column("reason", Text, nullable=False),
    Column("by", String(80), nullable=False),
    Column("at", Instant, nullable=False),
    Column("approval_id", ForeignKey("approval.id"), unique=True),  # null: within the desk's limit
    UniqueConstraint("ticket_id", "basis"),
    words_constraint("basis", Basis),
    CheckConstraint("fen > 0", name="fen"),
    Index("ix_compensation_account_id", "account_id"),
)

"""The tables of the seals 封存, which are append-only: see `domain.seal`."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table

from dispatch.storage.column_types import Id, Instant, metadata

seal = Table(
    "seal",
    metadata,
    Column("number", Id, primary_key=True, autoincrement=False),  # 1, 2, 3 …, so that of two sealers one is refused
    Column("epoch", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("root", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("history_to", Id, nullable=False),  # the greatest ids sealed so far
    Column("audit_to", Id, nullable=False),
    Column("case_to", Id, nullable=False),  # stored cases up to this ticket were looked at
    CheckConstraint("number >= 1 AND rows >= 0", name="counted"),
)

seal_item = Table(  # a row that is sealed; it stays when the row moves into the case store
    "seal_item",
    metadata,
    Column("source", String(20), primary_key=True),
    Column("key", Id, primary_key=True, autoincrement=False),  # the row's id; the ticket's for an archive record
    Column("part", Integer, primary_key=True, autoincrement=False),  # an archive record's round, else 0
    Column("ticket_id", Id, primary_key=True, autoincrement=False),  # 0 for audit entries
    Column("seal_number", ForeignKey("seal.number"), nullable=False),
    Column("leaf", String(64), nullable=False),
    Index("ix_seal_item_seal_number", "seal_number"),
)

sealing = Table(  # one row: when rows are sealed next; whoever seals holds it
    "sealing",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("due_at", Instant, nullable=False),
    CheckConstraint("id = 1", name="one"),
)

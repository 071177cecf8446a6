"""The tables of who stands at the counter: the agents who act for customers."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, String, Table, Text, UniqueConstraint

from dispatch.domain.agency import AgentBasis, Party
from dispatch.storage.column_types import Id, metadata, words_constraint

operation_agent = Table(  # 经办人: who acted for a customer in an operation
    "operation_agent",
    metadata,
    Column("id", Id, primary_key=True),
    Column("operation_id", ForeignKey("operation.id"), nullable=False),
    Column("party", String(12), nullable=False),  # for whom: a transfer has two
    Column("name", String(60), nullable=False),
    Column("document_kind", String(40), nullable=False),
    Column("document_number", Text, nullable=False),  # ciphertext, bound to this table, column and row
    Column("document_index", String(64), nullable=False, index=True),  # blind index, as of a customer
    Column("issuing_country", String(3)),
    Column("mobile", String(20), nullable=False),
    Column("basis", String(12), nullable=False),
    Column("valid_until", Date),  # of the authorisation; null: a guardian's right, or a handler's without an end
    UniqueConstraint("operation_id", "party"),
    words_constraint("party", Party),
    words_constraint("basis", AgentBasis),
)

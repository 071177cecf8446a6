"""The tables of who stands at the counter: the agents who act for customers, and what was found out about each."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, String, Table, Text, UniqueConstraint

from dispatch.domain.agency import AgentBasis, CheckedPerson, Party
from dispatch.ports.identity_check import FraudAnswer, RegistryAnswer
from dispatch.storage.column_types import Id, Instant, metadata, partial_index, words_constraint

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

identity_check = Table(  # 身份核验: what registry and list of fraudsters answered about somebody. Append-only
    "identity_check",
    metadata,
    Column("id", Id, primary_key=True),
    Column("operation_id", ForeignKey("operation.id"), nullable=False),
    Column("checked", String(20), nullable=False),
    Column("area", String(40), nullable=False),
    Column("registry", String(12), nullable=False),
    Column("fraud", String(12), nullable=False),
    Column("reference", String(60), nullable=False),  # the answering system's own
    Column("at", Instant, nullable=False),
    UniqueConstraint("operation_id", "checked"),
    words_constraint("checked", CheckedPerson),
    words_constraint("registry", RegistryAnswer),
    words_constraint("fraud", FraudAnswer),
    partial_index("ix_identity_check_listed", "at", where="fraud = 'listed'"),
)

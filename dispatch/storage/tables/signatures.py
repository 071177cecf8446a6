"""The table of signatures on slips."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, LargeBinary, String, Table

from dispatch.domain.agency import CheckedPerson
from dispatch.storage.column_types import Instant, metadata, words_constraint

signature = Table(  # 签名: a slip is signed once: by a picture drawn at the counter, or on paper
    "signature",
    metadata,
    Column("operation_id", ForeignKey("slip.operation_id"), primary_key=True),
    Column("who", String(20), nullable=False),
    Column("png", LargeBinary),  # ciphertext, bound to this table, column and row; null: signed on paper
    Column("sha256", String(64)),  # of the picture in clear
    Column("slip_sha256", String(64), nullable=False),  # of the slip's content that was signed
    Column("at", Instant, nullable=False),
    Column("taken_by", String(80), nullable=False),  # who had it signed
    words_constraint("who", CheckedPerson),
    CheckConstraint("(png IS NULL) = (sha256 IS NULL)", name="picture_or_paper"),
)

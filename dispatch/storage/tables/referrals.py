"""非我方来电: callers who aren't ours, and whose business it is."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from dispatch.domain.referral import Whose
from dispatch.storage.column_types import Id, Instant, metadata, partial_index, words_constraint

referral = Table(
    "referral",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("actor", String(80), nullable=False),
    Column("role", String(40), nullable=False),
    Column("caller", String(24)),  # the telephone; null: erased, as `said_account`
    Column("said_account", String(80)),  # what they call their account; null: they named none
    Column("what", Text, nullable=False),
    Column("whose", String(20), nullable=False),
    Column("told", Text, nullable=False),  # what the caller was told
    words_constraint("whose", Whose),
    partial_index("ix_referral_to_erase", "at", where="caller IS NOT NULL"),
    sqlite_autoincrement=True,
)

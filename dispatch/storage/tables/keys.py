"""The tables of the keys 密钥: which keys encrypt, and how far a rotation has come. No key itself is in them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, String, Table

from dispatch.domain.key_state import KeyPurpose, KeyState
from dispatch.storage.column_types import Id, Instant, metadata, words_constraint

field_key = Table(
    "field_key",
    metadata,
    Column("id", String(40), primary_key=True),  # an encryption key's is in its ciphertexts
    Column("purpose", String(12), nullable=False),
    Column("fingerprint", String(16), nullable=False),
    Column("state", String(12), nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("added_by", String(80), nullable=False),
    Column("used_from", Instant),  # since when it encrypts; null: it never did
    Column("retired_at", Instant),
    words_constraint("purpose", KeyPurpose),
    words_constraint("state", KeyState),
)

key_ring = Table(  # one row once there are keys: the keys for everything that is written
    "key_ring",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("encryption_key", ForeignKey("field_key.id"), nullable=False),
    Column("index_key", ForeignKey("field_key.id"), nullable=False),
    Column("rotation", Integer, nullable=False, server_default="0"),  # counts the rotations
    CheckConstraint("id = 1", name="one"),
)

reencryption = Table(  # the work of a rotation: rows of one column that are to be written under the new key
    "reencryption",
    metadata,
    Column("rotation", Integer, primary_key=True, autoincrement=False),
    Column("place", String(40), primary_key=True),  # table.column
    Column("last_id", Id, nullable=False, server_default="0"),  # rows up to this id are done
    Column("rewritten", Id, nullable=False, server_default="0"),
    Column("unreadable", Id, nullable=False, server_default="0"),  # rows that no known key decrypts: left as they are
    Column("unreadable_id", Id),  # the first of them
    Column("due_at", Instant, nullable=False),
    Column("ended_at", Instant),
)

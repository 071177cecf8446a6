"""The tables of the register of devices 终端: each device as it is, and every move that brought it there."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from dispatch.domain.device import DeviceKind, DeviceState
from dispatch.storage.column_types import Id, Instant, metadata, partial_index, words_constraint

registered_device = Table(  # `access.device` is a browser
    "registered_device",
    metadata,
    Column("id", Id, primary_key=True),
    Column("serial", String(32), nullable=False),  # upper case
    Column("kind", String(20), nullable=False),
    Column("model", String(60), nullable=False),
    Column("price", BigInteger, nullable=False),  # fen, when new
    Column("state", String(12), nullable=False),
    Column("person", String(80)),  # who carries it; null: nobody
    Column("account_id", ForeignKey("account.id")),  # at which it is, or was last; null: since it was in the store
    Column("issued_at", Instant),  # to that account
    UniqueConstraint("serial"),
    words_constraint("kind", DeviceKind),
    words_constraint("state", DeviceState),
    CheckConstraint("price >= 0", name="price"),
    CheckConstraint("(state = 'carried') = (person IS NOT NULL)", name="carried"),
    CheckConstraint("(account_id IS NULL) = (issued_at IS NULL)", name="issued_at"),
    CheckConstraint("state <> 'issued' OR account_id IS NOT NULL", name="issued"),
    Index("ix_registered_device_account_id", "account_id"),
    Index("ix_registered_device_state", "state", "id"),
    partial_index("ix_registered_device_person", "person", where="person IS NOT NULL"),
    partial_index("uq_registered_device_ont", "account_id", where="state = 'issued' AND kind = 'ont'", unique=True),
)

device_move = Table(  # append-only
    "device_move",
    metadata,
    Column("id", Id, primary_key=True),
    Column("device_id", ForeignKey("registered_device.id"), nullable=False, index=True),
    Column("before", String(12)),  # null: it came into the register
    Column("after", String(12), nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("source", String(120), nullable=False),  # a slip, a hop, a file; empty: by hand
    Column("why", Text, nullable=False),  # may be empty
    Column("person", String(80)),  # who carries it from then on; null: nobody
    Column("account_id", ForeignKey("account.id")),  # whose device it is or was; null: nobody's
)

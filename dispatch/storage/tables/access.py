"""The tables of the web: who may come in, how they are known again, which answers a repeated request gets, and what was
sent up to us.

Passwords stand here only as argon2 hashes; the secrets of sessions, devices and tokens only as SHA-256, which is enough
for 256 random bits.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from dispatch.domain.roles import HELD_BY_PEOPLE
from dispatch.storage.column_types import Document, Id, Instant, known, metadata

EVERYWHERE = "*"
"""Stands for all areas: of the empty text SQL can't tell whether somebody forgot it."""

user = Table(  # a person of the operator 用户; never removed, for the history names him
    "user",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("password", String(200)),  # argon2 hash; none: can't sign in with one
    Column("version", Integer, nullable=False, server_default="1"),  # grows with every change that others may undo
    Column("made_at", Instant, nullable=False),
    Column("made_by", String(80), nullable=False),
    Column("disabled_at", Instant),
    CheckConstraint("version >= 1", name="counted"),
)

user_role = Table(  # a role that a user holds, in an area or everywhere
    "user_role",
    metadata,
    Column("user_id", ForeignKey("user.id"), primary_key=True),
    Column("role", String(40), primary_key=True),
    Column("area", String(40), primary_key=True),
    known("role", HELD_BY_PEOPLE),
)

session = Table(  # 会话: somebody is signed in at a browser
    "session",
    metadata,
    Column("secret", String(64), primary_key=True),
    Column("user_id", ForeignKey("user.id"), nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

device = Table(  # a browser at which this user has signed in before: it passes where strangers are slowed
    "device",
    metadata,
    Column("secret", String(64), primary_key=True),
    Column("user_id", ForeignKey("user.id"), nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

api_token = Table(  # 访问令牌: a program acts as its user
    "api_token",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", ForeignKey("user.id"), nullable=False, index=True),
    Column("title", String(60), nullable=False),
    Column("secret", String(64), nullable=False, unique=True),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

sign_in_failure = Table(  # an attempt counts as failed until it has succeeded, so that a crash forgets none
    "sign_in_failure",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address", String(45), nullable=False),  # an IPv4 address, or an IPv6 network of 64 bits
    Column("name", String(64), nullable=False),  # SHA-256: what is typed as a name may be a password
    Column("device", String(64)),  # a known one's
    Column("at", Instant, nullable=False, index=True),
    Index("ix_sign_in_failure_address_name_at", "address", "name", "at"),
    Index("ix_sign_in_failure_name_at", "name", "at"),
    Index("ix_sign_in_failure_device_at", "device", "at"),
)

idempotency = Table(  # what a request under a key came to, for when it is sent again
    "idempotency",
    metadata,
    Column("key", String(64), primary_key=True),  # hash of who asked and under which key
    Column("fingerprint", String(64), nullable=False),  # keyed hash of what was asked
    Column("status", Integer, nullable=False),
    Column("headers", Document, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Instant, nullable=False, index=True),
)

upload = Table(  # 上传件: a photo of a hop's evidence, or a scan that waits for the operation that keeps it
    "upload",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hop_id", ForeignKey("hop.id"), index=True),  # none: a scan, kept for a day
    Column("media_type", String(40), nullable=False),
    Column("size", Integer, nullable=False),  # bytes
    Column("sha256", String(64), nullable=False),  # of the file itself
    Column("content", LargeBinary, nullable=False),  # encrypted, bound to this table, column and row
    Column("made_at", Instant, nullable=False, index=True),
    Column("made_by", String(80), nullable=False),
)

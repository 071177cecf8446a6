"""The tables of the web: users, sessions, devices, tokens, sign-ins, kept answers and uploads.

Passwords are stored as argon2 hashes; the secrets of sessions, devices and tokens as SHA-256, which is enough for 256
random bits.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from dispatch.domain.roles import HELD_BY_PEOPLE
from dispatch.storage.column_types import Document, Id, Instant, metadata, words_constraint

EVERYWHERE = "*"
"""The value for all areas. An empty text could be an omission."""

user = Table(  # 用户: a person of the operator; never deleted, for the history names them
    "user",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("folded", String(240)),  # the name as it is compared; null: added by an earlier release, or another has it
    Column("password", String(200)),  # argon2 hash; null: can't sign in with a password
    Column("version", Integer, nullable=False, server_default="1"),  # counts changes
    Column("made_at", Instant, nullable=False),
    Column("made_by", String(80), nullable=False),
    Column("disabled_at", Instant),
    Column("oidc_issuer", String(300)),  # the person at the identity provider; null: not bound to any
    Column("oidc_subject", String(255)),
    Column("bound_at", Instant),
    CheckConstraint("version >= 1", name="counted"),
    Index("ix_user_oidc", "oidc_issuer", "oidc_subject", unique=True),
    Index("ix_user_folded", "folded", unique=True),
)

user_role = Table(  # a role that a user holds in an area, or everywhere
    "user_role",
    metadata,
    Column("user_id", ForeignKey("user.id"), primary_key=True),
    Column("role", String(40), primary_key=True),
    Column("area", String(40), primary_key=True),
    words_constraint("role", HELD_BY_PEOPLE),
)

session = Table(  # 会话: a user is signed in with a browser
    "session",
    metadata,
    Column("secret", String(64), primary_key=True),
    Column("user_id", ForeignKey("user.id"), nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("address", String(45)),  # null: opened by an earlier release
    Column("browser", String(200)),  # as the browser names itself; null: opened by an earlier release
    Column("proved_at", Instant),  # when the user last proved to the identity provider who they are; null: by password
)

device = Table(  # a browser from which the user has signed in before, which is throttled by itself
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

sign_in_failure = Table(  # an attempt counts as failed until it succeeds, so a crash loses none
    "sign_in_failure",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address", String(45), nullable=False),  # an IPv4 address or an IPv6 /64 network
    Column("name", String(64), nullable=False),  # keyed hash, for a password may be typed as a name
    Column("device", String(64)),  # a known device's secret; null: an unknown device
    Column("at", Instant, nullable=False, index=True),
    Index("ix_sign_in_failure_address_name_at", "address", "name", "at"),
    Index("ix_sign_in_failure_name_at", "name", "at"),
    Index("ix_sign_in_failure_device_at", "device", "at"),
)

access_log = Table(  # 登录记录: who came in or was refused, from where; removed by age, and never changed
    "access_log",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("act", String(20), nullable=False),
    Column("name", String(80)),  # the user's; null: no user has the name that was typed
    Column("typed", String(12)),  # the beginning of a keyed hash of such a name, for a password may be typed as one
    Column("ended_by", String(80)),  # who ended the session; null: the user
    Column("how", String(20)),
    Column("address", String(45), nullable=False),
    Column("browser", String(200), nullable=False),
    Index("ix_access_log_name", "name", "id"),
)

idempotency = Table(  # the answer to a request with an idempotency key, for its repetitions
    "idempotency",
    metadata,
    Column("key", String(64), primary_key=True),  # hash of the caller and the key
    Column("fingerprint", String(64), nullable=False),  # keyed hash of the request
    Column("status", Integer, nullable=False),
    Column("headers", Document, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Instant, nullable=False, index=True),
)

upload = Table(  # 上传件: a photo of a hop's evidence, or a scan that waits for its operation
    "upload",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hop_id", ForeignKey("hop.id"), index=True),  # null: a scan, kept for a day
    Column("media_type", String(40), nullable=False),
    Column("size", Integer, nullable=False),  # bytes
    Column("sha256", String(64), nullable=False),  # of the file in clear
    Column("content", LargeBinary, nullable=False),  # encrypted, bound to this table, column and row
    Column("made_at", Instant, nullable=False, index=True),
    Column("made_by", String(80), nullable=False),
)

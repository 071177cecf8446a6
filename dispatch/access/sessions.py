"""The caller of a request, identified by a session or by an API token.

Each request looks them up again, with the user's roles, so that a revocation counts from the next request on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.access.secrets import hashed, new_secret
from dispatch.domain.roles import Actor, Grant
from dispatch.domain.text import has_control_characters
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NotFound, NotSignedIn
from dispatch.storage import idempotency, operations, sessions, sign_ins
from dispatch.storage.access_rows import TokenRow
from dispatch.storage.database import Tx

IDLE = timedelta(hours=1)
"""A session without a request for this long is over."""
LONGEST_SESSION = timedelta(hours=12)
"""One shift. A session ends then, even an active one, and its user signs in again."""
SEEN_EVERY = timedelta(minutes=1)
"""Precision of a session's last request: writing the time of every request would cost too much."""
DEVICE_KNOWN = timedelta(days=180)
LONGEST_TOKEN = timedelta(days=366)
LONGEST_TITLE = 60
ANSWERS_KEPT = timedelta(days=1)
"""Time for which an idempotency key and its answer are kept."""
TOKEN_PREFIX = "paidan_"  # noqa: S105
"""Every token begins with it, so that scanners recognise a leaked one."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The user who sends a request.

    `session` is the hash of the session's secret, and `last_seen` the last request of it that was recorded; both are
    None for a caller with a token.
    """

    user_id: int
    name: str
    grants: tuple[Grant, ...]
    session: str | None = None
    last_seen: datetime | None = None

    def seen_lately(self, now: datetime) -> bool:
        """Return whether the session's last request is recorded precisely enough; always for a caller with a token."""
        return self.last_seen is None or now - self.last_seen < SEEN_EVERY


_NOBODY = None, ()


def open_session(tx: Tx, user_id: int, now: datetime) -> str:
    """Open a session and return its secret, which only the browser keeps."""
    secret = new_secret()
    sessions.open_session(tx, hashed(secret), user_id, now, now + LONGEST_SESSION)
    return secret


def by_session(tx: Tx, secret: str, now: datetime) -> Caller:
    """The caller of this session. Raises NotSignedIn: it has ended, was idle for too long, or its user is disabled."""
    row, grants = sessions.find_session(tx, hashed(secret)) or _NOBODY
    if row is None or row.disabled_at is not None or now >= row.expires_at or now - row.seen_at >= IDLE:
        raise NotSignedIn()
    return Caller(row.user_id, row.name, grants, row.secret, row.seen_at)


def by_token(tx: Tx, secret: str, now: datetime) -> Caller:
    """The caller of this token. Raises NotSignedIn: it was revoked, has expired, or its user is disabled."""
    row, grants = sessions.find_token(tx, hashed(secret)) or _NOBODY
    if row is None or row.disabled_at is not None or row.revoked_at is not None or now >= row.expires_at:
        raise NotSignedIn()
    return Caller(row.user_id, row.name, grants)


def make_token(tx: Tx, user_id: int, name: str, title: str, lasts: timedelta, by: Actor, now: datetime) -> str:
    """Make a token and return its secret, which can't be shown again: only its hash is stored. Raises BadInput."""
    title = title.strip()
    if not 0 < len(title) <= LONGEST_TITLE or has_control_characters(title):
        raise BadInput(
            what=Wording(
                f"令牌的名称说明其用途，1 至 {LONGEST_TITLE} 个字符",
                f"a token's title says what it is for, in 1 to {LONGEST_TITLE} characters",
            )
        )
    if not timedelta() < lasts <= LONGEST_TOKEN:
        raise BadInput(
            what=Wording(f"令牌有效期为 1 至 {LONGEST_TOKEN.days} 天", f"a token lasts 1 to {LONGEST_TOKEN.days} days")
        )
    secret = TOKEN_PREFIX + new_secret()
    token_id = sessions.add_token(tx, hashed(secret), user_id, title, now, now + lasts)
    operations.note_audit(tx, "make token", f"{name}/{token_id}", title, by, now)
    return secret


def tokens(tx: Tx, user_id: int) -> Sequence[TokenRow]:
    """The user's tokens, the newest first."""
    return sessions.tokens(tx, user_id)


def revoke_token(tx: Tx, token_id: int, user_id: int, name: str, by: Actor, now: datetime) -> None:
    """Revoke a token of this user: its next request is refused. Raises NotFound, also for another user's token."""
    if not sessions.revoke_token(tx, token_id, user_id, now):
        raise NotFound(what=Wording("令牌", "token"), which=token_id)
    operations.note_audit(tx, "revoke token", f"{name}/{token_id}", "", by, now)


def sweep(tx: Tx, now: datetime, failures_before: datetime) -> None:
    """Delete expired sessions, devices and idempotency keys, and failed sign-ins from before `failures_before`."""
    sessions.sweep(tx, now, now - IDLE)
    sign_ins.sweep(tx, failures_before)
    idempotency.sweep(tx, now - ANSWERS_KEPT)

"""The caller of a request, identified by a session or by an API token.

Each request looks them up again, with the user's roles, so that a revocation counts from the next request on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.access.request_origin import RequestOrigin, Seldom, Somebody, network, note
from dispatch.access.secrets import new_secret
from dispatch.domain.access_acts import AccessAct, SignInWay
from dispatch.domain.roles import Actor, Grant
from dispatch.domain.secret import hashed
from dispatch.domain.text import unreadable
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NotFound, NotSignedIn
from dispatch.storage import idempotency, operations, sessions, sign_ins
from dispatch.storage.access_rows import OpenSession, TokenRow
from dispatch.storage.database import Database, Tx

IDLE = timedelta(hours=1)
"""A session without a request for this long is over."""
LONGEST_SESSION = timedelta(hours=12)
"""One shift. A session ends then, even an active one, and its user signs in again."""
SEEN_EVERY = timedelta(minutes=1)
"""Precision of a session's last request: writing the time of every request would cost too much."""
DEVICE_KNOWN = timedelta(days=180)
LONGEST_TOKEN = timedelta(days=366)
USUAL_TOKEN = timedelta(days=30)
"""A token's life unless its maker asks for another, or `DISPATCH_TOKEN_DAYS` allows less."""
PROOF_LASTS = timedelta(minutes=10)
"""Time for which proving one's identity at the identity provider stands for giving the password again."""
LONGEST_PREFIX = 16
"""Characters of a session's hash by which its user names it. The hash opens nothing."""
LONGEST_TITLE = 60
ANSWERS_KEPT = timedelta(days=1)
"""Time for which an idempotency key and its answer are kept."""
TOKEN_PREFIX = "paidan_"  # noqa: S105
"""Every token begins with it, so that scanners recognise a leaked one."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The user who sends a request.

    `session` is the hash of the session's secret, and `last_seen` the last request of it that was recorded; both are
    None for a caller with a token. `proved_at`: when they last proved to the identity provider who they are, if they
    signed in there.
    """

    user_id: int
    name: str
    grants: tuple[Grant, ...]
    session: str | None = None
    last_seen: datetime | None = None
    proved_at: datetime | None = None

    @property
    def oneself(self) -> Actor:
        """The caller, as they act for themselves, in whatever role."""
        return Actor(self.name, self.grants[0].role if self.grants else "user")

    def proved_lately(self, now: datetime) -> bool:
        """Return whether they proved to the identity provider a short while ago who they are."""
        return self.proved_at is not None and now - self.proved_at < PROOF_LASTS

    def seen_lately(self, now: datetime) -> bool:
        """Return whether the session's last request is recorded precisely enough; always for a caller with a token."""
        return self.last_seen is None or now - self.last_seen < SEEN_EVERY


_NOBODY = None, ()


def open_session(
    tx: Tx, user_id: int, now: datetime, origin: RequestOrigin | None = None, proved_at: datetime | None = None
) -> str:
    """Open a session and return its secret, which only the browser keeps. The session that this browser had ends."""
    secret = new_secret()
    address, browser = (None, None) if origin is None else (origin.shown_address, origin.shown_browser)
    if origin is not None and origin.session is not None:
        _end_earlier(tx, hashed(origin.session), origin, now)
    sessions.open_session(tx, hashed(secret), user_id, now, now + LONGEST_SESSION, address, browser, proved_at)
    return secret


def _end_earlier(tx: Tx, session: str, origin: RequestOrigin, now: datetime) -> None:
    row, _ = sessions.find_session(tx, session) or _NOBODY
    if row is not None and sessions.end_session(tx, session):
        note(tx, AccessAct.SIGN_OUT, Somebody(row.name), origin, now)


def sign_out(tx: Tx, caller: Caller, origin: RequestOrigin, now: datetime) -> None:
    """End the caller's session; every copy of it is refused from now on."""
    if caller.session is not None and sessions.end_session(tx, caller.session):
        note(tx, AccessAct.SIGN_OUT, Somebody(caller.name), origin, now)


def open_sessions(tx: Tx, user_id: int, now: datetime) -> Sequence[OpenSession]:
    """The user's sessions that are still valid, the latest seen first."""
    return sessions.of_user(tx, user_id, now, now - IDLE)


def end_session(
    tx: Tx, user_id: int, name: str, prefix: str, origin: RequestOrigin, now: datetime, by: str | None = None
) -> None:
    """End the session whose hash begins so. `by`: another person who ends it. Raises NotFound, also for another user's
    session."""
    for row in open_sessions(tx, user_id, now):
        if row.secret[:LONGEST_PREFIX] == prefix:
            sessions.end_session(tx, row.secret)
            note(tx, AccessAct.SESSION_ENDED, Somebody(name), origin, now, ended_by=by)
            return
    raise NotFound(what=Wording("会话", "session"), which=prefix)


def end_all_sessions(
    tx: Tx, user_id: int, name: str, origin: RequestOrigin, now: datetime, by: str | None = None
) -> None:
    """End all sessions of a user, and forget their devices. `by`: another person who does it."""
    for _ in open_sessions(tx, user_id, now):
        note(tx, AccessAct.SESSION_ENDED, Somebody(name), origin, now, ended_by=by)
    sessions.end_sessions(tx, user_id)
    sessions.forget_devices(tx, user_id)


def by_session(tx: Tx, secret: str, now: datetime) -> Caller:
    """The caller of this session. Raises NotSignedIn: it has ended, was idle for too long, or its user is disabled."""
    row, grants = sessions.find_session(tx, hashed(secret)) or _NOBODY
    if row is None or row.disabled_at is not None or now >= row.expires_at or now - row.seen_at >= IDLE:
        raise NotSignedIn()
    return Caller(row.user_id, row.name, grants, row.secret, row.seen_at, row.proved_at)


def by_token(tx: Tx, secret: str, now: datetime) -> Caller:
    """The caller of this token. Raises NotSignedIn: it was revoked, has expired, or its user is disabled."""
    row, grants = sessions.find_token(tx, hashed(secret)) or _NOBODY
    if row is None or row.disabled_at is not None or row.revoked_at is not None or now >= row.expires_at:
        raise NotSignedIn()
    return Caller(row.user_id, row.name, grants)


def usual_life(longest: timedelta) -> timedelta:
    """A token's life unless its maker asks for another."""
    return min(USUAL_TOKEN, longest)


def make_token(
    tx: Tx,
    user_id: int,
    name: str,
    title: str,
    lasts: timedelta,
    by: Actor,
    now: datetime,
    longest: timedelta = LONGEST_TOKEN,
) -> str:
    """Make a token and return its secret, which can't be shown again: only its hash is stored. `longest` is the longest
    life that this installation allows. Raises BadInput."""
    title = title.strip()
    if not 0 < len(title) <= LONGEST_TITLE or unreadable(title):
        raise BadInput(
            what=Wording(
                f"令牌的名称说明其用途，1 至 {LONGEST_TITLE} 个看得见的字符",
                f"a token's title says what it is for, in 1 to {LONGEST_TITLE} characters that can be seen",
            )
        )
    if not timedelta() < lasts <= longest:
        raise BadInput(what=Wording(f"令牌有效期为 1 至 {longest.days} 天", f"a token lasts 1 to {longest.days} days"))
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


def note_refused_token(database: Database, seldom: Seldom, secret: str, origin: RequestOrigin, now: datetime) -> None:
    """Write into the access log, now and then, that a token was refused; with its user, when it is one that no longer
    counts."""
    with database.read() as tx:
        row, _ = sessions.find_token(tx, hashed(secret)) or _NOBODY
    if not seldom.may(("token", network(origin.address) if row is None else str(row.id)), now):
        return
    how = SignInWay.TOKEN if row is None else f"{SignInWay.TOKEN}/{row.id}"
    with database.write() as tx:
        note(tx, AccessAct.TOKEN_REFUSED, Somebody(None if row is None else row.name), origin, now, how=how[:20])


def sweep(tx: Tx, now: datetime, failures_before: datetime) -> None:
    """Delete expired sessions, devices and idempotency keys, and failed sign-ins from before `failures_before`."""
    sessions.sweep(tx, now, now - IDLE)
    sign_ins.sweep(tx, failures_before)
    idempotency.sweep(tx, now - ANSWERS_KEPT)

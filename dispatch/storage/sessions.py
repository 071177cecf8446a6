"""Sessions, known devices and access tokens, by which a request proves who sends it. Only hashes are stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, bindparam, delete, insert, select, update

from dispatch.domain.roles import Grant
from dispatch.storage import users
from dispatch.storage.access_rows import LiveToken, OpenSession, SessionRow, TokenCredential, TokenRow
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.access import api_token, device, session, user, user_role


def open_session(
    tx: Tx,
    secret: str,
    user_id: int,
    now: datetime,
    expires_at: datetime,
    address: str | None = None,
    browser: str | None = None,
    proved_at: datetime | None = None,
) -> None:
    row = {"secret": secret, "user_id": user_id, "made_at": now, "seen_at": now, "expires_at": expires_at}
    tx.execute(insert(session).values(**row, address=address, browser=browser, proved_at=proved_at))


def of_user(tx: Tx, user_id: int, now: datetime, seen_after: datetime) -> Sequence[OpenSession]:
    """The user's sessions that are neither expired nor idle since `seen_after`, the latest seen first."""
    query = select(session).where(session.c.user_id == user_id, session.c.expires_at > now)
    query = query.where(session.c.seen_at > seen_after)
    return shaped(OpenSession, tx.execute(query.order_by(session.c.seen_at.desc(), session.c.secret))).all()


def _by_secret(table: Table) -> Select[Any]:
    query = select(table, user.c.name, user.c.disabled_at, user_role.c.role, user_role.c.area)
    query = query.join(user, user.c.id == table.c.user_id).outerjoin(user_role, user_role.c.user_id == user.c.id)
    return query.where(table.c.secret == bindparam("secret"))


_SESSION, _TOKEN = _by_secret(session), _by_secret(api_token)
"""Built once, since every request executes one of them."""


def find_session(tx: Tx, secret: str) -> tuple[SessionRow, tuple[Grant, ...]] | None:
    """The session with its user, and the roles that the user holds."""
    rows = shaped(SessionRow, tx.execute(_SESSION, {"secret": secret})).all()
    return (rows[0], users.granted(rows)) if rows else None


def note_session_used(tx: Tx, secret: str, now: datetime) -> None:
    tx.execute(update(session).where(session.c.secret == secret).values(seen_at=now))


def end_session(tx: Tx, secret: str) -> bool:
    """End the session with this hash; False when there is none."""
    return tx.execute(delete(session).where(session.c.secret == secret)).rowcount > 0


def end_sessions(tx: Tx, user_id: int, but: str = "") -> None:
    """End all sessions of a user, except the session with the secret `but`."""
    tx.execute(delete(session).where(session.c.user_id == user_id, session.c.secret != but))


def remember_device(tx: Tx, secret: str, user_id: int, now: datetime, expires_at: datetime) -> None:
    tx.execute(insert(device).values(secret=secret, user_id=user_id, made_at=now, expires_at=expires_at))


def knows_device(tx: Tx, secret: str, user_id: int, now: datetime) -> bool:
    """Return whether this user has signed in at this device before."""
    query = select(device.c.user_id).where(device.c.secret == secret, device.c.expires_at > now)
    return bool(tx.execute(query).scalar() == user_id)


def forget_devices(tx: Tx, user_id: int) -> None:
    tx.execute(delete(device).where(device.c.user_id == user_id))


def add_token(tx: Tx, secret: str, user_id: int, title: str, now: datetime, expires_at: datetime) -> int:
    """Insert a token and return its id, by which it is listed and revoked."""
    row = {"secret": secret, "user_id": user_id, "title": title, "made_at": now, "expires_at": expires_at}
    made: int = tx.execute(insert(api_token).values(row).returning(api_token.c.id)).scalar_one()
    return made


def find_token(tx: Tx, secret: str) -> tuple[TokenCredential, tuple[Grant, ...]] | None:
    """The token with its user, and the roles that the user holds."""
    rows = shaped(TokenCredential, tx.execute(_TOKEN, {"secret": secret})).all()
    return (rows[0], users.granted(rows)) if rows else None


def tokens(tx: Tx, user_id: int) -> Sequence[TokenRow]:
    """The user's tokens, the newest first, revoked and expired ones included."""
    query = select(api_token).where(api_token.c.user_id == user_id)
    return shaped(TokenRow, tx.execute(query.order_by(api_token.c.id.desc()))).all()


def live_tokens(tx: Tx, now: datetime, limit: int, before: int | None = None) -> Sequence[LiveToken]:
    """Everybody's tokens that are neither revoked nor expired, the newest first; only with smaller ids than
    `before`."""
    query = select(api_token, user.c.name).join(user, user.c.id == api_token.c.user_id)
    query = query.where(api_token.c.revoked_at.is_(None), api_token.c.expires_at > now)
    if before is not None:
        query = query.where(api_token.c.id < before)
    return shaped(LiveToken, tx.execute(query.order_by(api_token.c.id.desc()).limit(limit))).all()


def revoke_tokens(tx: Tx, user_id: int, now: datetime) -> Sequence[int]:
    """Revoke all tokens of a user that are not revoked yet; return their ids, the oldest first."""
    mine = (api_token.c.user_id == user_id, api_token.c.revoked_at.is_(None))
    revoked = tx.execute(update(api_token).where(*mine).values(revoked_at=now).returning(api_token.c.id))
    return sorted(revoked.scalars())


def revoke_every_token(tx: Tx, now: datetime) -> int:
    """Revoke all tokens that are neither revoked nor expired; return how many."""
    live = (api_token.c.revoked_at.is_(None), api_token.c.expires_at > now)
    return tx.execute(update(api_token).where(*live).values(revoked_at=now)).rowcount


def end_everything(tx: Tx) -> None:
    """End everybody's sessions, and forget from which devices they came in."""
    for table in (session, device):
        tx.execute(delete(table))


def revoke_token(tx: Tx, token_id: int, user_id: int, now: datetime) -> bool:
    """Revoke the token, unless it is revoked already. False when this user has no such token."""
    mine = (api_token.c.id == token_id, api_token.c.user_id == user_id)
    tx.execute(update(api_token).where(*mine, api_token.c.revoked_at.is_(None)).values(revoked_at=now))
    return tx.execute(select(api_token.c.id).where(*mine)).first() is not None


def sweep(tx: Tx, now: datetime, seen_before: datetime) -> None:
    """Delete expired sessions and devices, and sessions not seen since `seen_before`."""
    tx.execute(delete(session).where((session.c.expires_at <= now) | (session.c.seen_at <= seen_before)))
    tx.execute(delete(device).where(device.c.expires_at <= now))

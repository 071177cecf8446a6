"""Secrets of sessions, tokens and devices: 256 random bits. The database stores their hash only."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_secret() -> str:
    """256 random bits, as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def csrf_token(session_secret: str) -> str:
    """The CSRF token of a session: its pages send it with each form. The session's secret can't be derived from it."""
    return hmac.new(session_secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def is_csrf_token(given: str, session_secret: str) -> bool:
    """Return whether this is the session's CSRF token, compared in constant time."""
    return hmac.compare_digest(given.encode(), csrf_token(session_secret).encode())

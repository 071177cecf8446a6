"""Secrets that we give out: 256 random bits, of which we keep a hash only."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What is kept of a secret. It needs no salt and no slowness: nobody guesses 256 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(session_secret: str) -> str:
    """What a page of this session sends along, and another site can't know. Nothing of the session follows from it."""
    return hmac.new(session_secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def is_csrf_token(given: str, session_secret: str) -> bool:
    return hmac.compare_digest(given.encode(), csrf_token(session_secret).encode())

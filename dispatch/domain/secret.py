"""口令的散列: what the database holds of a random secret."""

from __future__ import annotations

import hashlib


def hashed(secret: str) -> str:
    """The hash of a secret, to be stored, as 64 hexadecimal digits. Plain SHA-256 is enough: nobody guesses 128 random
    bits or more."""
    return hashlib.sha256(secret.encode()).hexdigest()

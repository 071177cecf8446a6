"""Signatures of what programs outside send us, by the Standard Webhooks specification. Pure.

The sender signs `ID.SECONDS.BODY` by HMAC-SHA256 with a key that both know. A message that is too old is refused, so
that nobody who has seen one can send it again later. Source: https://www.standardwebhooks.com, version 1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta

from dispatch.domain.title import WrongValue

TOLERANCE = timedelta(minutes=5)
"""By how much the sender's clock and ours, and the way in between, may differ."""
LEAST_KEY, LONGEST_KEY = 24, 64
"""Bytes of a key."""
_PREFIX, _VERSION = "whsec_", "v1"


def read_key(text: str) -> bytes:
    """The key of its written form, base64 after `whsec_`. Raises WrongValue, which doesn't quote it."""
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not LEAST_KEY <= len(key) <= LONGEST_KEY:
        raise WrongValue(
            f"签名密钥应为 whsec_ 加 {LEAST_KEY} 至 {LONGEST_KEY} 字节的 base64",
            f"a signing key is whsec_ and {LEAST_KEY} to {LONGEST_KEY} bytes in base64",
        )
    return key


def written_key(text: str) -> str:
    """The same text when it is a key. Raises WrongValue."""
    read_key(text)
    return text


def sign(key: bytes, message_id: str, at: datetime, body: bytes) -> str:
    """The signature, as its header says it."""
    signed = b".".join((message_id.encode(), str(int(at.timestamp())).encode(), body))
    return f"{_VERSION},{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def is_signed(key: bytes, message_id: str, seconds: str, signatures: str, body: bytes, now: datetime) -> bool:
    """Return whether one of the signatures, apart by spaces, is right, and the message is of these minutes. `seconds`:
    when it was signed, since 1970."""
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 12 and message_id.isascii()):
        return False
    at = int(seconds)
    if abs(now.timestamp() - at) > TOLERANCE.total_seconds():
        return False
    right = sign(key, message_id, datetime.fromtimestamp(at, tz=now.tzinfo), body).encode()
    return any(hmac.compare_digest(right, each.encode()) for each in signatures.split())

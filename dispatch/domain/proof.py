"""验证码: a code in a text message proves that the customer has the mobile number in their hands. Pure.

A code counts for one purpose, at the clerk who had it sent, once, for five minutes, and until it was tried too often.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatch.domain import folding

DIGITS = 6
GOOD_FOR = timedelta(minutes=5)
MOST_TRIES = 5
"""Wrong codes after which the right one counts no more."""

AGAIN_AFTER = timedelta(seconds=60)
"""The time between two codes to one number; and after which a message that the gateway hasn't taken counts as lost."""

MOST_A_DAY = 5
"""Codes sent to one number on one day: they are no means to bother somebody."""

MOST_A_CLERK = 30
"""Codes that one clerk has sent within `CLERK_WINDOW`."""

CLERK_WINDOW = timedelta(hours=1)


def read_code(raw: str) -> str:
    """A code as it was sent, however it was typed: full-width, in groups. What is no code stays what it is."""
    return folding.code(raw).replace("-", "")


def is_good(made_at: datetime, tries: int, used_by: int | None, now: datetime) -> bool:
    """Return whether a code may still be tried."""
    return used_by is None and tries < MOST_TRIES and now - made_at < GOOD_FOR


def seconds_to_wait(last_sent: datetime | None, now: datetime) -> int:
    """Seconds until another code may be sent to the number that got its last one then; 0: at once."""
    if last_sent is None or now - last_sent >= AGAIN_AFTER:
        return 0
    return max(1, round((last_sent + AGAIN_AFTER - now).total_seconds()))

"""补测 The line test that is made up for: when a line is tested again whose test the system outside didn't do. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST, LONGEST = timedelta(seconds=10), timedelta(minutes=5)
"""The pauses between two tries: each is twice the one before, up to LONGEST. So a line is tested at the latest
LONGEST after the system is back."""
GIVEN_UP = timedelta(days=1)
"""Time after which nobody needs the test any more: by then people have worked on the fault without it."""


def is_over(away_since: datetime, now: datetime) -> bool:
    return now - away_since >= GIVEN_UP


def pause(tries: int) -> timedelta:
    """The pause after so many tries that failed, 0 or more; the first of all was before the hop came onto its board."""
    return min(FIRST * (1 << min(tries, 10)), LONGEST)

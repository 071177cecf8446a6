"""Backoff after failed sign-ins, made so that nobody can lock another person out. Pure.

Failures count per address and name, per address, and per name (many addresses that try one name). Attempts at a known
device count for that device alone, so that strangers' failures elsewhere don't slow its user down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
"""Failures older than this don't count."""


@dataclass(frozen=True, slots=True)
class BackoffLimit:
    """`free` failures cost nothing; each further one doubles the wait, from one second up to `longest`."""

    free: int
    longest: timedelta

    def wait(self, failures: int, last: datetime | None, now: datetime) -> int:
        """Whole seconds until the next attempt is allowed, after so many failures, the last at `last`; 0: now."""
        if last is None or failures < self.free:
            return 0
        pause = min(2.0 ** min(failures - self.free, 20), self.longest.total_seconds())
        return max(0, math.ceil((last + timedelta(seconds=pause) - now).total_seconds()))


DEVICE = BackoffLimit(10, timedelta(minutes=5))
ADDRESS_AND_NAME = BackoffLimit(5, WINDOW)
ADDRESS = BackoffLimit(100, WINDOW)
"""High, since an office may share one address; one guess at each of a hundred names is still no way in."""
NAME = BackoffLimit(100, timedelta(minutes=1))
"""With any number of addresses a guesser gets one guess a minute in the long run, and the user never waits longer."""

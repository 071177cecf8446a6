"""How failed sign-ins slow the next one down, without letting anybody lock another person out. Pure.

A guesser is slowed per address and name, per address, and, when a crowd of addresses tries one name, per name. Whoever
signs in at a known device is counted by that device alone: what strangers do elsewhere doesn't touch him.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
"""Failures older than this are forgotten."""


@dataclass(frozen=True, slots=True)
class BackoffLimit:
    """So many failures are free; each further one doubles the wait, from one second up to `longest`."""

    free: int
    longest: timedelta

    def wait(self, failures: int, last: datetime | None, now: datetime) -> int:
        """Whole seconds until the next attempt; 0: at once."""
        if last is None or failures < self.free:
            return 0
        pause = min(2.0 ** min(failures - self.free, 20), self.longest.total_seconds())
        return max(0, math.ceil((last + timedelta(seconds=pause) - now).total_seconds()))


DEVICE = BackoffLimit(10, timedelta(minutes=5))
ADDRESS_AND_NAME = BackoffLimit(5, WINDOW)
ADDRESS = BackoffLimit(100, WINDOW)
"""An office may share one address; a hundred names with one guess each are still no way in."""
NAME = BackoffLimit(100, timedelta(minutes=1))
"""However many addresses somebody commands: one guess a minute in the long run, and never a longer wait."""

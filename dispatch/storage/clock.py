"""时钟: a process's clock beside the database's.

Times decide what is due, overdue or old, and processes on several machines write them. A process whose clock differs
too much from the database's does no work until the clock is right again. An embedded database has its machine's clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text

from dispatch.domain.title import Wording
from dispatch.errors import ClockWrong
from dispatch.storage.database import Tx

AGAIN_SECONDS = 5
"""Pause after which a row is tried again that came to a process with a wrong clock."""


def machine_clock() -> datetime:
    return datetime.now(UTC)


def database_time(tx: Tx) -> datetime:
    """The database's clock now, whenever the transaction began."""
    if tx.dialect.name == "postgresql":
        told: datetime = tx.execute(select(func.clock_timestamp())).scalar_one()
        return told
    return datetime.fromisoformat(tx.execute(text("SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')")).scalar_one())


class ClockGuard:
    """Compares this process's clock with the database's. `limit`: seconds by which they may differ.

    Between two measurements it notices a clock that was set, since the monotonic clock isn't.
    """

    def __init__(
        self,
        limit: float,
        machine: Callable[[], datetime] = machine_clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit, self.machine, self.monotonic = limit, machine, monotonic
        self.ahead = 0.0
        self._measured: tuple[datetime, float] | None = None

    def measure(self, tx: Tx) -> datetime:
        """Ask the database for its time and return it."""
        before = self.machine()
        told = database_time(tx)
        after = self.machine()
        # The answer was made somewhere between: a slow one must not look like a wrong clock.
        self.ahead = max(0.0, (before - told).total_seconds()) + min(0.0, (after - told).total_seconds())
        self._measured = (after, self.monotonic())
        return told

    def is_right(self) -> bool:
        """Return whether the clock was right when it was measured and wasn't set since. True before the first time."""
        return abs(self.ahead) <= self.limit and not self.was_set()

    def was_set(self) -> bool:
        """Return whether the clock has moved otherwise than time since the last measurement."""
        if self._measured is None:
            return False
        machine, monotonic = self._measured
        moved = (self.machine() - machine).total_seconds() - (self.monotonic() - monotonic)
        return abs(moved) > self.limit

    def require(self) -> None:
        """Raises ClockWrong."""
        if not self.is_right():
            raise self.wrong()

    def wrong(self) -> ClockWrong:
        return ClockWrong(off=offset(self.ahead), limit=f"{self.limit:g}")


def offset(ahead: float) -> Wording:
    """How far a clock is off, for a person."""
    off = f"{abs(ahead):.1f}"
    return Wording(f"{'快' if ahead > 0 else '慢'} {off} 秒", f"{off} s {'ahead' if ahead > 0 else 'behind'}")


def later(tx: Tx) -> datetime:
    """When to try again what came to a process with a wrong clock, by the database's clock."""
    return database_time(tx) + timedelta(seconds=AGAIN_SECONDS)

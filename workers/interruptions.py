"""Times in which the database refused to work: what was at work then has not failed.

A worker that can't write gives up in the end, and the leases of its hops and effects run out. The relay would count
that as a failure, five of which lead into the quarantine, since it looks like a worker that was killed by its work.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatch.storage import effects, hops
from dispatch.storage.database import Database

PAUSES = (1.0, 2.0, 5.0)
"""Seconds between the relay's tries while the database refuses; the last one again and again."""


class Interruptions:
    """The relay's memory of them. `lease`: time for which a row is a worker's."""

    def __init__(self, database: Database, lease: timedelta) -> None:
        self.database, self.lease = database, lease
        self._refusals = 0
        self._until: datetime | None = None

    def note(self) -> float:
        """Note a refusal; return the seconds to wait."""
        self._refusals += 1
        return PAUSES[min(self._refusals, len(PAUSES)) - 1]

    def excuse(self, now: datetime) -> None:
        """Make the rows due without a failure whose lease began during an interruption and has run out.

        Call it before due rows are taken. Raises SQLAlchemy's errors, and goes on with the next call.
        """
        until = now + self.lease if self._refusals else self._until
        if until is None:
            return
        with self.database.write() as tx:
            for outbox in (hops.OUTBOX, effects.OUTBOX):
                outbox.excuse(tx, min(now, until), now)
        self._refusals, self._until = 0, until if now < until else None

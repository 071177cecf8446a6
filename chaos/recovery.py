"""The time that the system takes to recover from a setback.

It has recovered when every process answers again, and every hop that was due, sent or received at that moment has
advanced by a step, including the hops that died with their worker or vanished with the broker. The slowest hop counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from dispatch.domain.ticket import ON_ITS_WAY
from dispatch.storage.database import Database
from dispatch.storage.tables.tickets import hop


@dataclass
class Setback:
    """A setback of the system. `hops`: the hops that were due, sent or received then, with their finished steps."""

    what: str
    at: float
    hops: dict[int, int]
    answers: bool = False
    seconds: float | None = None


class Recovery:
    """`answers` says whether every process answers."""

    def __init__(self, database: Database, answers: Callable[[], bool]) -> None:
        self.database, self.answers = database, answers
        self.setbacks: list[Setback] = []

    def hops(self) -> dict[int, int]:
        """Return the hops that are due, sent or received now; none while the database is away."""
        try:
            with self.database.read() as tx:
                found = tx.execute(select(hop.c.id, hop.c.steps_done).where(hop.c.state.in_(ON_ITS_WAY)))
                return {row.id: row.steps_done for row in found}
        except DBAPIError:
            return {}

    def note(self, what: str, hops: dict[int, int]) -> None:
        self.setbacks.append(Setback(what, time.monotonic(), hops))

    @property
    def pending(self) -> list[Setback]:
        return [each for each in self.setbacks if each.seconds is None]

    def look(self) -> None:
        """Note what has recovered. Call it several times a second."""
        pending = self.pending
        if not pending:
            return
        answers = self.answers()
        try:
            with self.database.read() as tx:
                ids = {hop_id for each in pending for hop_id in each.hops}
                query = select(hop.c.id, hop.c.steps_done).where(hop.c.state.in_(ON_ITS_WAY), hop.c.id.in_(ids))
                still = {row.id: row.steps_done for row in tx.execute(query)}
        except DBAPIError:
            return
        for each in pending:
            each.answers = each.answers or answers
            each.hops = {hop_id: steps for hop_id, steps in each.hops.items() if still.get(hop_id) == steps}
            if each.answers and not each.hops:
                each.seconds = time.monotonic() - each.at

    def percentile(self, share: float) -> float:
        """Return a percentile of the seconds; a trouble that is not over yet counts as infinite."""
        seconds = sorted(float("inf") if each.seconds is None else each.seconds for each in self.setbacks)
        return seconds[min(int(len(seconds) * share), len(seconds) - 1)] if seconds else 0.0

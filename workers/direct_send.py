"""直送 direct sending: a worker that ends hops publishes the following hops itself; they needn't wait for the relay.

The transaction that makes the following hops marks them as sent, as the relay would. When the worker dies before it
has published them, their lease runs out and the relay sends them. A queue with waiting messages gets no more from here:
its hops stay due, and the relay collects them into larger batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

import structlog

from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops
from dispatch.storage.database import Database
from dispatch.storage.hops import SentHop
from dispatch.tickets.next_hop import NONE, DirectlySent
from workers.publishing import Publisher

log = structlog.get_logger()


class DirectSender:
    """Leaves every hop to the relay until a worker with a broker sets `publisher`."""

    def __init__(self) -> None:
        self.publisher: Publisher | None = None
        self._following: dict[tuple[str, str], frozenset[str]] = {}

    def to_queues_with_room(self, rulebook: Rulebook, team: str, lease: timedelta) -> DirectlySent:
        """Return the teams that may follow `team` and whose queues have room; NONE when the broker is away."""
        if self.publisher is None:
            return NONE
        if (rulebook.version, team) not in self._following:
            self._following[rulebook.version, team] = rulebook.following(team) & self.publisher.tasks.keys()
        teams = self._following[rulebook.version, team]
        try:
            return DirectlySent(self.publisher.with_room(teams), lease)
        except self.publisher.unreachable:
            self.publisher.close_connection()
            return NONE

    def publish(self, database: Database, made: Sequence[SentHop]) -> None:
        """Publish these hops. Hops that the broker refuses become due in a second instead of after their lease."""
        if self.publisher is None or not made:
            return
        batches = [list(group) for _, group in groupby(sorted(made, key=_team), key=_team)]
        try:
            while batches:
                self.publisher.publish_hops(batches[0])
                del batches[0]
        except self.publisher.unreachable as gone:
            log.warning("broker out of reach, hops are left to the relay", error=type(gone).__name__)
            with database.write() as tx:
                pairs = [sending.pair for batch in batches for sending in batch]
                hops.postpone(tx, pairs, datetime.now(UTC) + timedelta(seconds=1))


def _team(sending: SentHop) -> str:
    return sending.team

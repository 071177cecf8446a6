"""直送: a worker that ends hops publishes those that follow itself, without waiting for the relay.

They are marked as sent in the transaction that makes them, so this is no other way than the relay's, only a shorter
one: a worker that dies before it has published leaves them to their lease. A queue that has work waiting isn't added
to: there the hops stay due, and the relay collects them into larger batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

import structlog

from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops
from dispatch.storage.database import Database
from dispatch.storage.hops import Sending
from dispatch.tickets.next_hop import NOBODY, Carried
from workers.publishing import Sender

log = structlog.get_logger()


class HandOn:
    """Does nothing, so that everything is left to the relay, until a worker that has a broker gives it a sender."""

    def __init__(self) -> None:
        self.sender: Sender | None = None
        self._following: dict[tuple[str, str], frozenset[str]] = {}

    def carried(self, rulebook: Rulebook, team: str, lease: timedelta) -> Carried:
        """To those of the teams that may follow on this one whose queues have room."""
        if self.sender is None:
            return NOBODY
        if (rulebook.version, team) not in self._following:
            self._following[rulebook.version, team] = rulebook.following(team) & self.sender.tasks.keys()
        teams = self._following[rulebook.version, team]
        try:
            return Carried(self.sender.with_room(teams), lease)
        except self.sender.gone:
            self.sender.forget_broker()
            return NOBODY

    def publish(self, database: Database, made: Sequence[Sending]) -> None:
        """What can't be published is due again soon, rather than after its lease."""
        if self.sender is None or not made:
            return
        batches = [list(group) for _, group in groupby(sorted(made, key=_team), key=_team)]
        try:
            while batches:
                self.sender.publish_hops(batches[0])
                del batches[0]
        except self.sender.gone as gone:
            log.warning("broker out of reach, hops are left to the relay", error=type(gone).__name__)
            with database.write() as tx:
                pairs = [sending.pair for batch in batches for sending in batch]
                hops.postpone(tx, pairs, datetime.now(UTC) + timedelta(seconds=1))


def _team(sending: Sending) -> str:
    return sending.team

"""Billing's feed: the relay reads what billing tells of accounts, from where the database says that it was read to.

How far it was read is kept with what the events did, in one transaction; after a restore it is read from there again.
"""

from __future__ import annotations

import time

import structlog

from dispatch.accounts import billing_events
from dispatch.domain.time import local_date
from dispatch.runtime import metrics
from dispatch.storage import billing_events as stored
from workers.context import Context

log = structlog.get_logger()

SECONDS, AWAY_SECONDS = 1.0, 30.0
"""Interval at which the feed is read, and for how long a billing system that is away is left alone."""
MOST = 50
"""The most events acted on in one transaction."""
STEP = "billing.feed"


class BillingFeed:
    def __init__(self, context: Context) -> None:
        self.context = context
        self._rests_until = float("-inf")

    def read(self) -> None:
        """Act on the next events, every SECONDS; while there are more, with every call."""
        if time.monotonic() < self._rests_until:
            return
        context, now = self.context, self.context.now()
        with context.database.autocommit_read() as tx:
            after = stored.last_position(tx)
        try:
            fed = context.billing.events(after, local_date(now, context.settings.zone), MOST)
        except OSError as away:
            metrics.OUT_OF_REACH.labels(STEP).inc()
            log.warning("billing out of reach, its events wait", error=type(away).__name__)
            self._rests_until = time.monotonic() + AWAY_SECONDS
            return
        if fed:
            with context.database.write() as tx:
                billing_events.receive_fed(tx, fed, now)
        if len(fed) < MOST:
            self._rests_until = time.monotonic() + SECONDS

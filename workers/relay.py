"""Due rows → broker. The relay sends due hops and effects in batches, and lets timers fire; it holds no state.

Any number of relays may run: SKIP LOCKED parts the work. Killed between its commit and the publish, it has marked as
sent what nobody got; the lease runs out and it is sent again.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError

from dispatch.routing.rulebook import EFFECTS
from dispatch.runtime import metrics
from dispatch.runtime.child_process import mark_ready
from dispatch.runtime.healthcheck import beat
from dispatch.runtime.logs import configure_logs
from dispatch.storage import effects, heartbeats, hops, retention
from dispatch.storage.outbox import Outbox
from dispatch.storage.wakeups import Wakeups
from dispatch.tickets import timers
from workers.app import app
from workers.chains import chains
from workers.context import Context, get_context
from workers.heartbeat import process_name
from workers.metrics_port import show_metrics
from workers.publishing import Publisher

log = structlog.get_logger()

S = TypeVar("S", hops.SentHop, effects.SentEffect)

MOST_EFFECTS = 50
"""Effects in one message: asking their receiver for all of them must fit into a task's time limit."""
SPLIT = 8
"""Into how many messages one becomes whose hops have been a worker's death: with each time the sound ones among them
have fewer neighbours, and are alone before they have failed too often."""
MOST_AGED = 50
"""Old cases, or effects, in one transaction: little, so that nobody waits for it."""
AGED_SECONDS = 60
"""How often is looked for what has become old; as long as there is more, with every sweep."""
SWEEP_SECONDS = 0.25
"""How often timers are looked at, and due hops even when nothing woke the relay."""
PAUSE_SECONDS = 0.01
"""Between two looks at what is due, at least."""
GATHER_SECONDS = 0.1
"""How long what is due may gather while work waits in other teams' queues."""


class Relay:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.stop = threading.Event()
        self.publisher = Publisher(app, chains(context.rules.get()))
        self._gathering = False
        self._started_at, self._beaten, self._aged = datetime.now(UTC), float("-inf"), float("-inf")
        self.name = os.environ.get("SUPERVISED_AS", "relay")

    def run(self) -> None:
        """Until stopped. A broker or database that is away is waited for; nothing is remembered meanwhile."""
        wakeups = Wakeups(self.context.database)
        swept = 0.0
        while not self.stop.is_set():
            looked = time.monotonic()
            try:
                sent = self.send_due()
                if time.monotonic() - swept > SWEEP_SECONDS:
                    self._fire_timers()
                    self.retain()
                    swept = time.monotonic()
                    beat(self.context.settings.run, self.name)
                if not sent:
                    wakeups.wait(GATHER_SECONDS if self._gathering else SWEEP_SECONDS)
                self.stop.wait(looked + PAUSE_SECONDS - time.monotonic())
            except self.publisher.unreachable as gone:
                log.warning("broker out of reach, what is due stays due", error=type(gone).__name__)
                self.publisher.close_connection()
                self.stop.wait(1)
            except DBAPIError as gone:
                log.warning("database out of reach", error=type(gone).__name__)
                wakeups.forget()
                self.stop.wait(1)
        wakeups.forget()

    def send_due(self) -> int:
        """Send what is due to the queues that have room; how many hops and effects."""
        with self.context.database.autocommit_read() as tx:
            now = datetime.now(UTC)
            due, effects_due = hops.teams_due(tx, now, self.publisher.tasks), effects.is_due(tx, now)
        return self._send_hops(due) + (self._send_effects() if effects_due else 0)

    def _send_hops(self, due_since: Mapping[str, datetime]) -> int:
        ready = self._ready(due_since)
        self._gathering = bool(due_since) and not ready
        if not ready:
            return 0
        settings = self.context.settings
        with self.context.database.write() as tx:
            due = hops.take_due(tx, datetime.now(UTC), settings.lease_span, settings.batch, ready)
        _measure("hops", due, lambda sending: sending.team)
        self._send(
            _batches(due, lambda sending: sending.team, settings.batch), self.publisher.publish_hops, hops.OUTBOX
        )
        return len(due)

    def _send_effects(self) -> int:
        if not self.publisher.with_room([EFFECTS]):
            return 0
        settings = self.context.settings
        most = min(settings.batch, MOST_EFFECTS)
        with self.context.database.write() as tx:
            due = effects.take_due(tx, datetime.now(UTC), settings.lease_span, most * 2)
        _measure("effects", due, lambda sending: sending.port)
        self._send(_batches(due, lambda sending: sending.port, most), self.publisher.publish_effects, effects.OUTBOX)
        return len(due)

    def _send(self, batches: Iterable[list[S]], publish: Callable[[list[S]], None], outbox: Outbox) -> None:
        """What couldn't be published is due again soon, rather than after its lease. Raises one of `gone`."""
        unsent = list(batches)
        try:
            while unsent:
                publish(unsent[0])
                del unsent[0]
        except self.publisher.unreachable:
            pairs = [sending.pair for batch in unsent for sending in batch]
            with self.context.database.write() as tx:
                outbox.postpone(tx, pairs, datetime.now(UTC) + timedelta(seconds=1))
            raise

    def _ready(self, due_since: Mapping[str, datetime]) -> set[str]:
        """The teams that are to get a message now.

        A queue that has work waiting isn't added to; its backlog doesn't hide the others' work. And while work waits
        anywhere, workers are busy: more messages would be smaller ones, and wait in their turn. So what is due gathers
        meanwhile, but not for long, for the work that waits may be other workers'.
        """
        if not due_since:
            return set()
        teams = self.publisher.tasks.keys()
        with_room = self.publisher.with_room(teams)
        gathered = datetime.now(UTC) - timedelta(seconds=GATHER_SECONDS)
        return {team for team in with_room & due_since.keys() if with_room == teams or due_since[team] <= gathered}

    def _fire_timers(self) -> None:
        rulebook = self.context.rules.get()
        with self.context.database.write() as tx:
            timers.fire(tx, rulebook, datetime.now(UTC), self.context.settings.batch)
            if time.monotonic() - self._beaten > heartbeats.BEAT_SECONDS:
                heartbeats.beat(tx, process_name("relay"), "relay", self._started_at, datetime.now(UTC))
                self._beaten = time.monotonic()

    def retain(self) -> None:
        """What has become old goes its way, some of it; looked for now and then."""
        if time.monotonic() - self._aged < AGED_SECONDS:
            return
        settings, now = self.context.settings, datetime.now(UTC)
        with self.context.database.write() as tx:
            stored = retention.store_ended(tx, settings.store_span, now, MOST_AGED)
            forgotten = retention.forget_confirmed(tx, settings.forget_span, now, MOST_AGED)
        if max(stored, forgotten) < MOST_AGED:
            self._aged = time.monotonic()


def _measure(outbox: str, due: Sequence[S], receiver: Callable[[S], str]) -> None:
    metrics.observe_all(metrics.RELAY_LAG.labels(outbox), [sending.waited.seconds for sending in due])
    for to, count in Counter(receiver(sending) for sending in due if sending.waited.expired).items():
        metrics.LEASES_EXPIRED.labels(to).inc(count)


def _batches(due: Sequence[S], receiver: Callable[[S], str], size: int) -> Iterator[list[S]]:
    """By receiver. What has failed before goes with fewer and fewer, so that it can't take many down again; what was
    sent in vain before goes apart from what wasn't."""

    def alike(sending: S) -> tuple[str, int, bool]:
        return receiver(sending), sending.failures, sending.waited.expired

    for (_, failures, _), group in groupby(sorted(due, key=lambda s: (alike(s), s.id)), key=alike):
        together, most = list(group), max(1, size // SPLIT**failures)
        for start in range(0, len(together), most):
            yield together[start : start + most]


def main() -> None:
    configure_logs()
    relay = Relay(get_context())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: relay.stop.set())
    settings = get_context().settings
    show_metrics(settings)
    mark_ready(settings.run, relay.name)
    relay.run()


if __name__ == "__main__":
    main()

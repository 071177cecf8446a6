"""Due rows → broker. The relay sends due hops and effects in batches, and lets timers fire; it holds no state.

Any number of relays may run: SKIP LOCKED parts the work. Killed between its commit and the publish, it has marked as
sent what nobody got; the lease runs out and it is sent again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TypeVar

import structlog
from celery import chain
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy.exc import DBAPIError

from dispatch import metrics, timers
from dispatch.logs import configure_logs
from dispatch.processes import mark_ready
from dispatch.pulse import beat
from dispatch.routing.rulebook import EFFECTS
from dispatch.storage import beats, effects, hops
from dispatch.storage.outbox import Outbox
from dispatch.storage.wakeups import Wakeups
from dispatch.ticket.numbers import ticket_number
from workers.app import DELIVER, app, stretches, whole_chain
from workers.beating import process_name
from workers.metrics_port import show_metrics
from workers.world import World, world

log = structlog.get_logger()

_TRANSPORT = app.connection_for_write()
BROKER_GONE = (BrokerError, OSError, *_TRANSPORT.connection_errors, *_TRANSPORT.channel_errors)
"""Whatever this broker's transport raises when it is away, full, or still loading."""
S = TypeVar("S", hops.Sending, effects.Sending)

MOST_EFFECTS = 50
"""Effects in one message: asking their receiver for all of them must fit into a task's time limit."""
MOST_QUEUED = 1
"""Messages that may wait in a queue. More would only grow old there: a hop that is still due in the database is
sent as soon as there is room, in a larger batch the longer it took, and a lease must outlast the queue."""
SWEEP_SECONDS = 0.25
"""How often timers are looked at, and due hops even when nothing woke the relay."""


class Relay:
    def __init__(self, here: World) -> None:
        self.here = here
        self.stop = threading.Event()
        found = stretches(here.rules.get())
        self.chains = {team: whole_chain(team, found) for team in found}
        self._broker: Connection | None = None
        self._started_at, self._beaten = datetime.now(UTC), float("-inf")
        self.name = os.environ.get("SUPERVISED_AS", "relay")

    def run(self) -> None:
        """Until stopped. A broker or database that is away is waited for; nothing is remembered meanwhile."""
        wakeups = Wakeups(self.here.database)
        swept = 0.0
        while not self.stop.is_set():
            try:
                sent = self.send_due()
                if time.monotonic() - swept > SWEEP_SECONDS:
                    self._fire_timers()
                    swept = time.monotonic()
                    beat(self.here.settings.run, self.name)
                if not sent:
                    wakeups.wait(SWEEP_SECONDS)
            except BROKER_GONE as gone:
                log.warning("broker out of reach, what is due stays due", error=type(gone).__name__)
                self._drop_broker()
                self.stop.wait(1)
            except DBAPIError as gone:
                log.warning("database out of reach", error=type(gone).__name__)
                wakeups.forget()
                self.stop.wait(1)
        wakeups.forget()

    def send_due(self) -> int:
        """Send what is due to the queues that have room; how many hops and effects."""
        return self._send_hops() + self._send_effects()

    def _send_hops(self) -> int:
        teams = self._teams_with_room()
        if not teams:
            return 0
        settings = self.here.settings
        with self.here.database.write() as tx:
            due = hops.take_due(tx, datetime.now(UTC), settings.lease_span, settings.batch * 2, teams)
        _measure("hops", due, lambda sending: sending.team)
        self._send(_batches(due, lambda sending: sending.team, settings.batch), self._publish_hops, hops.OUTBOX)
        return len(due)

    def _send_effects(self) -> int:
        with self.here.database.read() as tx:
            if not effects.is_due(tx, datetime.now(UTC)):
                return 0
        if self._queued(EFFECTS) >= MOST_QUEUED:
            return 0
        settings = self.here.settings
        most = min(settings.batch, MOST_EFFECTS)
        with self.here.database.write() as tx:
            due = effects.take_due(tx, datetime.now(UTC), settings.lease_span, most * 2)
        _measure("effects", due, lambda sending: sending.port)
        self._send(_batches(due, lambda sending: sending.port, most), self._publish_effects, effects.OUTBOX)
        return len(due)

    def _send(self, batches: Iterable[list[S]], publish: Callable[[list[S]], None], outbox: Outbox) -> None:
        """What couldn't be published is due again soon, rather than after its lease. Raises one of BROKER_GONE."""
        unsent = list(batches)
        try:
            while unsent:
                publish(unsent[0])
                del unsent[0]
        except BROKER_GONE:
            pairs = [sending.pair for batch in unsent for sending in batch]
            with self.here.database.write() as tx:
                outbox.postpone(tx, pairs, datetime.now(UTC) + timedelta(seconds=1))
            raise

    def _teams_with_room(self) -> list[str]:
        """Teams with something due whose queues aren't full. A full one's backlog doesn't hide the others' work."""
        left_out: set[str] = set()
        while True:
            with self.here.database.read() as tx:
                due = hops.teams_due(tx, datetime.now(UTC), left_out)
            ready = [team for team in due if team in self.chains and self._has_room(team)]
            if ready or not due:
                return ready
            left_out |= due

    def _has_room(self, team: str) -> bool:
        """In all the queues that its chain goes through: else the first would pour into a later one without end."""
        return all(self._queued(queue) < MOST_QUEUED for queue in {_queue(task) for task in self.chains[team]})

    def _queued(self, queue: str) -> int:
        """Messages that wait in the queue. Raises one of BROKER_GONE."""
        if self._broker is None:
            self._broker = app.connection_for_write()
            self._broker.ensure_connection(max_retries=1, timeout=4)
        bound = app.amqp.queues[queue].bind(self._broker.default_channel)
        return int(bound.queue_declare().message_count)

    def _drop_broker(self) -> None:
        if self._broker is not None:
            with contextlib.suppress(Exception):  # it is gone already
                self._broker.release()
            self._broker = None

    def _publish_hops(self, batch: list[hops.Sending]) -> None:
        """One chain for one team's hops."""
        team = batch[0].team
        pairs = [list(sending.pair) for sending in batch]
        numbers = [ticket_number(sending.kind, sending.ticket_id) for sending in batch]
        first, *rest = self.chains[team]
        shown = f"({len(batch)} hop{'s' * (len(batch) > 1)}: {' '.join(numbers)})"  # what Flower shows and searches
        steps = [app.signature(first, args=(pairs,), queue=team, argsrepr=shown)]
        steps += [app.signature(name, queue=_queue(name), argsrepr=shown) for name in rest]
        whole = chain(*steps)
        whole.stamp(ticket=numbers)
        whole.apply_async()

    def _publish_effects(self, batch: list[effects.Sending]) -> None:
        """One message for one receiver's effects."""
        pairs = [list(sending.pair) for sending in batch]
        numbers = " ".join(str(sending.id) for sending in batch)
        shown = f"({len(batch)} effect{'s' * (len(batch) > 1)} for {batch[0].port}: {numbers})"
        app.signature(DELIVER, args=(pairs,), queue=EFFECTS, argsrepr=shown).apply_async()

    def _fire_timers(self) -> None:
        rulebook = self.here.rules.get()
        with self.here.database.write() as tx:
            timers.fire(tx, rulebook, datetime.now(UTC), self.here.settings.batch)
            if time.monotonic() - self._beaten > beats.BEAT_SECONDS:
                beats.beat(tx, process_name("relay"), "relay", self._started_at, datetime.now(UTC))
                self._beaten = time.monotonic()


def _measure(outbox: str, due: Sequence[S], receiver: Callable[[S], str]) -> None:
    metrics.observe_all(metrics.RELAY_LAG.labels(outbox), [sending.waited.seconds for sending in due])
    for to, count in Counter(map(receiver, due)).items():
        metrics.SENT.labels(to).inc(count)
    for to, count in Counter(receiver(sending) for sending in due if sending.waited.expired).items():
        metrics.LEASES_EXPIRED.labels(to).inc(count)


def _queue(task: str) -> str:
    """A task's name begins with its team's, and so with its queue's."""
    return task.partition(".")[0]


def _batches(due: Sequence[S], receiver: Callable[[S], str], size: int) -> Iterator[list[S]]:
    """By receiver. What has failed before goes alone, so that it can't take its neighbours down again."""
    for _, group in groupby(sorted(due, key=lambda s: (receiver(s), s.failures > 0, s.id)), key=receiver):
        sound = []
        for sending in group:
            if sending.failures:
                yield [sending]
            else:
                sound.append(sending)
        for start in range(0, len(sound), size):
            yield sound[start : start + size]


def main() -> None:
    configure_logs()
    relay = Relay(world())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: relay.stop.set())
    settings = world().settings
    show_metrics(settings)
    mark_ready(settings.run, relay.name)
    relay.run()


if __name__ == "__main__":
    main()

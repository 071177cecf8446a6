"""Publishing: hops and effects that are marked as sent become messages in their receivers' queues.

The relay publishes due rows; a worker publishes the hops that it has made itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence

from celery import Celery, Signature, chain
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError

from dispatch.domain.numbers import ticket_number
from dispatch.routing.rulebook import EFFECTS
from dispatch.runtime import metrics
from dispatch.storage import effects, hops
from dispatch.tickets.line_tests import SentRetest
from workers.broker import queue_lengths
from workers.task_names import DELIVER, receive_task, retest_task

MOST_QUEUED = 1
"""The most messages that may wait in a queue. More would only age there, while their lease runs. A hop that stays due
in the database instead is sent as soon as there is room, in a batch that has grown meanwhile."""


class Publisher:
    """Publishes over one broker connection. `tasks` maps a team to its tasks, in the order of its chain."""

    def __init__(self, app: Celery, tasks: Mapping[str, Sequence[str]]) -> None:
        self.app, self.tasks = app, tasks
        transport = app.connection_for_write()
        self.unreachable = (BrokerError, OSError, *transport.connection_errors, *transport.channel_errors)
        """The errors that this broker's transport raises when the broker is away, full, or still loading."""
        self._broker: Connection | None = None

    def with_room(self, queues: Collection[str]) -> set[str]:
        """Return the queues with fewer than MOST_QUEUED waiting messages. Raises one of `unreachable`."""
        if self._broker is None:
            self._broker = self.app.connection_for_write()
            self._broker.ensure_connection(max_retries=1, timeout=4)
        named = [self.app.amqp.queues[name] for name in queues]
        found = queue_lengths(named, self._broker.default_channel)
        return {name for name, count in found.items() if count < MOST_QUEUED}

    def close_connection(self) -> None:
        """Drop the connection after an `unreachable` error; the next call opens a new one."""
        if self._broker is not None:
            with contextlib.suppress(Exception):  # the connection is already broken
                self._broker.release()
            self._broker = None

    def publish_hops(self, batch: Sequence[hops.SentHop]) -> None:
        """Publish one team's hops as one chain. Raises one of `unreachable`.

        Hops whose earlier sending failed get a separate receiving task first: if they crash their worker, the database
        then knows that it had received them.
        """
        team = batch[0].team
        pairs = [list(sending.pair) for sending in batch]
        numbers = [ticket_number(sending.kind, sending.ticket_id) for sending in batch]
        again = any(sending.failures or sending.waited.expired for sending in batch)
        first, *rest = [receive_task(team)] * again + list(self.tasks[team])
        shown = f"({len(batch)} hop{'s' * (len(batch) > 1)}: {' '.join(numbers)})"  # what Flower shows and searches
        steps = [self._task(first, team, shown, pairs), *(self._task(name, team, shown) for name in rest)]
        whole = chain(*steps) if rest else steps[0]  # building a chain of one task costs more than the task alone
        whole.stamp(ticket=numbers)
        whole.apply_async()
        metrics.SENT.labels(team).inc(len(batch))

    def publish_effects(self, batch: Sequence[effects.SentEffect]) -> None:
        """Publish one receiver's effects as one message. Raises one of `unreachable`."""
        pairs = [list(sending.pair) for sending in batch]
        numbers = " ".join(str(sending.id) for sending in batch)
        shown = f"({len(batch)} effect{'s' * (len(batch) > 1)} for {batch[0].port}: {numbers})"
        self._task(DELIVER, EFFECTS, shown, pairs).apply_async()
        metrics.SENT.labels(batch[0].port).inc(len(batch))

    def publish_retests(self, batch: Sequence[SentRetest]) -> None:
        """Publish one team's retests as one message. Raises one of `unreachable`."""
        team = batch[0].team
        shown = f"({len(batch)} line{'s' * (len(batch) > 1)} to test again)"
        self._task(retest_task(team), team, shown, [list(sending.pair) for sending in batch]).apply_async()

    def _task(self, name: str, queue: str, shown: str, *args: object) -> Signature:
        """No queue declaration (`declare=()`): `with_room` has already checked that the queue exists."""
        return self.app.signature(name, args=args, queue=queue, argsrepr=shown, declare=())

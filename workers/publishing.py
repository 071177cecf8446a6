"""Publishing: hops and effects that are marked as sent become messages in their receivers' queues.

Used by the relay for what is due, and by a worker for the hops that it has made itself.
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
from workers.broker import queued
from workers.task_names import DELIVER, receive_task

MOST_QUEUED = 1
"""Messages that may wait in a queue. More would only grow old there: a hop that is still due in the database is
sent as soon as there is room, in a larger batch the longer it took, and a lease must outlast the queue."""


class Publisher:
    """`tasks` are each team's, in the order in which a hop goes through them."""

    def __init__(self, app: Celery, tasks: Mapping[str, Sequence[str]]) -> None:
        self.app, self.tasks = app, tasks
        transport = app.connection_for_write()
        self.unreachable = (BrokerError, OSError, *transport.connection_errors, *transport.channel_errors)
        """Whatever this broker's transport raises when it is away, full, or still loading."""
        self._broker: Connection | None = None

    def with_room(self, queues: Collection[str]) -> set[str]:
        """Those of the queues in which another message would soon be fetched. Raises one of `gone`."""
        if self._broker is None:
            self._broker = self.app.connection_for_write()
            self._broker.ensure_connection(max_retries=1, timeout=4)
        named = [self.app.amqp.queues[name] for name in queues]
        found = queued(named, self._broker.default_channel)
        return {name for name, count in found.items() if count < MOST_QUEUED}

    def close_connection(self) -> None:
        """After one of `gone`: the next question is asked over a connection of its own."""
        if self._broker is not None:
            with contextlib.suppress(Exception):  # it is gone already
                self._broker.release()
            self._broker = None

    def publish_hops(self, batch: Sequence[hops.SentHop]) -> None:
        """One chain for one team's hops. What was sent in vain before is received by a task of its own: should it be
        what killed its worker, the database then knows who had it. Raises one of `gone`."""
        team = batch[0].team
        pairs = [list(sending.pair) for sending in batch]
        numbers = [ticket_number(sending.kind, sending.ticket_id) for sending in batch]
        again = any(sending.failures or sending.waited.expired for sending in batch)
        first, *rest = [receive_task(team)] * again + list(self.tasks[team])
        shown = f"({len(batch)} hop{'s' * (len(batch) > 1)}: {' '.join(numbers)})"  # what Flower shows and searches
        steps = [self._task(first, team, shown, pairs), *(self._task(name, team, shown) for name in rest)]
        whole = chain(*steps) if rest else steps[0]  # a chain of one costs more to put together
        whole.stamp(ticket=numbers)
        whole.apply_async()
        metrics.SENT.labels(team).inc(len(batch))

    def publish_effects(self, batch: Sequence[effects.SentEffect]) -> None:
        """One message for one receiver's effects. Raises one of `gone`."""
        pairs = [list(sending.pair) for sending in batch]
        numbers = " ".join(str(sending.id) for sending in batch)
        shown = f"({len(batch)} effect{'s' * (len(batch) > 1)} for {batch[0].port}: {numbers})"
        self._task(DELIVER, EFFECTS, shown, pairs).apply_async()
        metrics.SENT.labels(batch[0].port).inc(len(batch))

    def _task(self, name: str, queue: str, shown: str, *args: object) -> Signature:
        """Nothing is declared along with it: who asked for the queue's length knows that it is there."""
        return self.app.signature(name, args=args, queue=queue, argsrepr=shown, declare=())

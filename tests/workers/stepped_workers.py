"""Relay and workers of a test, played one step at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from celery import Celery

from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops
from dispatch.storage.outbox import Pair
from dispatch.tickets import handling, line_tests
from tests.factories import NOC, fault, live_id
from workers import context as worker_context
from workers.chains import chains
from workers.context import Context
from workers.task_names import retest_task


def new_context() -> Context:
    """The context of a worker process that starts now, as if this test were one; the one before ends."""
    end_context()
    return worker_context.get_context()


def end_context() -> None:
    """End this test's context, as the end of a worker process does."""
    if worker_context._context_of.cache_info().currsize:
        worker_context.get_context().database.dispose()
    worker_context._context_of.cache_clear()


class SteppedWorkers:
    """Plays the relay and the workers of every team, one step at a time, on this test's context."""

    def __init__(self, context: Context, app: Celery) -> None:
        self.context, self.app = context, app
        self.chains = chains(self.rulebook)

    @property
    def rulebook(self) -> Rulebook:
        return self.context.rules.get()

    def send(self, team: str, after: timedelta = timedelta()) -> list[Pair]:
        """Take the team's hops that are due so long from now, as the relay does."""
        with self.context.database.write() as tx:
            now = datetime.now(UTC) + after
            return [sent.pair for sent in hops.take_due(tx, now, self.context.settings.lease_span, 1000, [team])]

    def deliver(self, task: str, pairs: Sequence[Pair]) -> list[Pair]:
        """Do one step on one message; return the pairs of the next message."""
        handed_on = self.app.tasks[task]([list(pair) for pair in pairs])
        return [(hop_id, generation) for hop_id, generation in handed_on]

    def work(self, team: str, after: timedelta = timedelta(), times: int = 1) -> list[Pair]:
        """Send due hops, and deliver every message of the chain so many times; return the sent pairs."""
        sent = pairs = self.send(team, after)
        for task in self.chains[team]:
            pairs, *others = [self.deliver(task, pairs) for _ in range(times)]
            assert not any(others)
        return sent

    def send_retests(self, team: str, after: timedelta = timedelta()) -> list[Pair]:
        """Begin the tries of the team's retests that are due so long from now, as the relay does."""
        with self.context.database.write() as tx:
            now = self.context.now() + after
            begun = line_tests.begin_tries(tx, now, self.context.settings.lease_span, 1000, [team])
        return [sending.pair for sending in begun]

    def retest(self, team: str, after: timedelta = timedelta(), times: int = 1) -> list[Pair]:
        """Send due retests, and deliver their message so many times; return the sent pairs."""
        sent = self.send_retests(team, after)
        for _ in range(times):
            self.deliver(retest_task(team), sent)
        return sent

    def effects(self) -> Counter[tuple[str, str]]:
        return Counter(self.context.ledger.effects())


def fixed(stage: SteppedWorkers, script: Script) -> int:
    """Make a fault that NOC has fixed, due to be archived; return its ticket's id."""
    database, rulebook = stage.context.database, stage.rulebook
    made = fault(database, rulebook, script).ticket_id
    hop_id = live_id(database, made)
    stage.work("noc")
    with database.write() as tx:
        now = datetime.now(UTC)
        handling.claim(tx, rulebook, handling.Claim(hop_id, NOC), now)
        handling.end(tx, rulebook, handling.Report(hop_id, NOC, "fixed", {"cause": "fibre"}), now)
    return made

"""The relay sends due hops and effects to the broker in batches and fires timers; it holds no state.

Any number of relays may run: SKIP LOCKED divides the rows among them. When a relay is killed between its commit and the
publish, rows are marked as sent that no worker got; their lease runs out and they are sent again.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, TimeoutError

from dispatch import messages
from dispatch.accounts import pause_ending, pausing, plan_calendar, term_ending, waiting_list
from dispatch.errors import DatabaseOlder
from dispatch.routing.rulebook import EFFECTS
from dispatch.runtime import metrics
from dispatch.runtime.child_process import mark_ready
from dispatch.runtime.healthcheck import beat
from dispatch.runtime.logs import configure_logs
from dispatch.runtime.private_files import keep_private
from dispatch.seals.sealing import seal_new
from dispatch.storage import (
    demands,
    effects,
    given_out,
    heartbeats,
    hops,
    retention,
    retests,
    search_index,
    survey_links,
    suspensions,
)
from dispatch.storage import messages as stored_messages
from dispatch.storage.database import Tx
from dispatch.storage.database_faults import database_fault
from dispatch.storage.heartbeats import Service
from dispatch.storage.outbox import Outbox
from dispatch.storage.patience import when_free
from dispatch.storage.wakeups import Wakeups
from dispatch.tickets import line_tests, timers
from dispatch.tickets.line_tests import SentRetest
from workers import heartbeat
from workers.app import app
from workers.billing_feed import BillingFeed
from workers.broker_check import end_without_broker
from workers.chains import file_teams, served_chains
from workers.context import Context, get_context
from workers.interruptions import Interruptions
from workers.measured import begin_at_zero
from workers.metrics_port import serve_metrics
from workers.publishing import Publisher

log = structlog.get_logger()

S = TypeVar("S", hops.SentHop, effects.SentEffect, SentRetest)

MOST_EFFECTS = 50
"""The most effects in one message: handing all of them to their receiver must fit into a task's time limit."""
SPLIT = 8
"""Each failure of a hop divides its next batch's size by this, so that a sound hop that was in the same batch as a
failing one is alone before it has failed too often."""
MOST_AGED = 50
"""The most old cases, or old effects, moved in one transaction: few, so that other writers don't wait long."""
SEAL_SECONDS = 5
"""Interval at which the relay asks whether new rows are to be sealed; while there are more, with every sweep."""
SEALING_SECONDS = 0.2
"""Time after which no further seal is begun in a sweep: between two of them other writers get their turn."""
AGED_SECONDS = 60
"""Interval at which the relay looks for old cases and effects; while there are more, it goes on with every sweep."""
NOTED_SECONDS = 60
"""Interval at which the relay writes down outside of the database which ids were given out."""
SWEEP_SECONDS, IDLE_SWEEP_SECONDS = 0.25, 1.0
"""Interval at which the relay checks timers, and due rows even when no wake-up came; the longer one once nothing was
due for IDLE_AFTER_SECONDS. A wake-up, which new rows bring, ends either at once."""
IDLE_AFTER_SECONDS = 10
PAUSE_SECONDS = 0.01
"""The least time between two checks for due rows."""
GATHER_SECONDS = 0.1
"""Longest time that due hops gather while messages wait in other teams' queues."""


class Relay:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.stop = threading.Event()
        self.interruptions = Interruptions(context.database, context.settings.lease_span)
        self.publisher = Publisher(app, served_chains(context.rules, app.amqp.queues))
        self._serves = Service(self.publisher.tasks, file_teams(context.rules))
        self.billing_feed = BillingFeed(context)
        self._gathering = False
        self._started_at: datetime | None = None
        self._beaten = self._aged = self._sealed = self._noted = float("-inf")
        self._busy = time.monotonic()
        self.name = os.environ.get("SUPERVISED_AS", "relay")

    def run(self) -> None:
        """Work until stopped. While the broker or the database is away, try again and again."""
        wakeups = Wakeups(self.context.database)
        swept = 0.0
        while not self.stop.is_set():
            looked = time.monotonic()
            try:
                if not self.clock_is_right():
                    self.stop.wait(1)
                    continue
                self.note_given_out()
                self.interruptions.excuse(self.context.now())
                sent = self.send_due()
                if time.monotonic() - swept > SWEEP_SECONDS:
                    self.fire_timers()
                    self.tend_pauses()
                    self.billing_feed.read()
                    self.send_retests()
                    self.settle_messages()
                    self.seal()
                    self.retain()
                    swept = time.monotonic()
                    beat(self.context.settings.run, self.name)
                if not sent:
                    wakeups.wait(self._patience())
                self.stop.wait(looked + PAUSE_SECONDS - time.monotonic())
            except self.publisher.unreachable as gone:
                log.warning("broker out of reach, what is due stays due", error=type(gone).__name__)
                self.publisher.close_connection()
                self.stop.wait(1)
            except DatabaseOlder as older:
                log.critical("the database was put back, nothing is sent", error=older.sentence("en"))
                raise SystemExit(1) from None
            except (DBAPIError, TimeoutError) as refused:
                fault = database_fault(refused)
                told = type(refused).__name__ if fault is None else fault.name
                log.warning("database refuses, what is due stays due", fault=told)
                wakeups.forget()
                self.stop.wait(self.interruptions.note())
        wakeups.forget()

    def _patience(self) -> float:
        """Return for how many seconds to wait for a wake-up."""
        if self._gathering:
            return GATHER_SECONDS
        return IDLE_SWEEP_SECONDS if time.monotonic() - self._busy > IDLE_AFTER_SECONDS else SWEEP_SECONDS

    def clock_is_right(self) -> bool:
        """Return whether this process may work by its clock; every few seconds, compare it and write a heartbeat.

        A clock that is ahead would find hops overdue, holds over and cases old that are not. A wrong one is compared
        every time, so that work goes on as soon as it is right.
        """
        clock = self.context.clock
        if time.monotonic() - self._beaten > heartbeats.BEAT_SECONDS or not clock.is_right():
            self._started_at = heartbeat.beat(
                self.context.database, "relay", clock.guard, self._started_at, self._serves
            )
            self._beaten = time.monotonic()
        return clock.is_right()

    def send_due(self) -> int:
        """Send due rows to the queues that have room; return how many hops and effects were taken."""
        with self.context.database.autocommit_read() as tx:
            now = self.context.now()
            due, effects_due = hops.teams_due(tx, now, self.publisher.tasks), effects.is_due(tx, now)
        if due or effects_due:
            self._busy = time.monotonic()
        return self._send_hops(due) + (self._send_effects() if effects_due else 0)

    def _send_hops(self, due_since: Mapping[str, datetime]) -> int:
        ready = self._ready(due_since)
        self._gathering = bool(due_since) and not ready
        if not ready:
            return 0
        settings = self.context.settings
        with self.context.database.write() as tx:
            due = hops.take_due(tx, self.context.now(), settings.lease_span, settings.batch, ready)
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
            due = effects.take_due(tx, self.context.now(), settings.lease_span, most * 2)
        _measure("effects", due, lambda sending: sending.port)
        self._send(_batches(due, lambda sending: sending.port, most), self.publisher.publish_effects, effects.OUTBOX)
        return len(due)

    def settle_messages(self) -> None:
        """Make outside effects of the messages that acts have written. Without good texts they wait."""
        with self.context.database.autocommit_read() as tx:
            if not stored_messages.is_to_settle(tx):
                return
        texts = self.context.messages.get()
        if texts is None:
            return
        settings = self.context.settings
        with self.context.database.write() as tx:
            messages.settle(tx, texts, settings.zone, self.context.now(), settings.batch)

    def send_retests(self) -> None:
        """Have lines tested again whose time has come, as far as their teams' queues have room.

        Nothing is undone when the broker is away: the try's lease runs out, and the line is due again.
        """
        with self.context.database.autocommit_read() as tx:
            teams = retests.teams_due(tx, self.context.now()) & self.publisher.tasks.keys()
        ready = self.publisher.with_room(teams) if teams else set()
        if not ready:
            return
        settings = self.context.settings
        with self.context.database.write() as tx:
            due = line_tests.begin_tries(tx, self.context.now(), settings.lease_span, settings.batch, ready)
        for batch in _batches(due, lambda sending: sending.team, settings.batch):
            self.publisher.publish_retests(batch)

    def _send(self, batches: Iterable[list[S]], publish: Callable[[list[S]], None], outbox: Outbox) -> None:
        """Publish the batches. Raises one of `unreachable`; the unpublished rows then are due again in a second."""
        unsent = list(batches)
        try:
            while unsent:
                publish(unsent[0])
                del unsent[0]
        except self.publisher.unreachable:
            pairs = [sending.pair for batch in unsent for sending in batch]
            with self.context.database.write() as tx:
                outbox.postpone(tx, pairs, self.context.now() + timedelta(seconds=1))
            raise

    def _ready(self, due_since: Mapping[str, datetime]) -> set[str]:
        """Return the teams that get a message now: their queues must have room.

        While messages wait in any queue, workers are busy, and sending at once would only make smaller messages that
        wait too. So due hops gather then, but for GATHER_SECONDS at most: the busy workers may serve other teams.
        """
        if not due_since:
            return set()
        teams = self.publisher.tasks.keys()
        with_room = self.publisher.with_room(teams)
        gathered = self.context.now() - timedelta(seconds=GATHER_SECONDS)
        return {team for team in with_room & due_since.keys() if with_room == teams or due_since[team] <= gathered}

    def fire_timers(self) -> None:
        """Fire due timers. Where none is, nothing is locked: on SQLite no writer waits for it."""
        rulebook, now = self.context.rules.get(), self.context.now()
        with self.context.database.autocommit_read() as tx:
            if not hops.is_woken(tx, now):
                return
        self._busy = time.monotonic()
        with self.context.database.write() as tx:
            timers.fire_due_timers(tx, rulebook, now, self.context.settings.batch)

    def tend_pauses(self) -> None:
        """Begin and end pauses of accounts whose time has come."""
        with self.context.database.autocommit_read() as tx:
            if not suspensions.is_due(tx, self.context.now()):
                return
        with self.context.database.write() as tx:
            pausing.tend(tx, self.context.now(), self.context.settings.zone, MOST_AGED)

    def seal(self) -> None:
        """Seal new archive records, history and audit entries when that is due, and log the seal's mark."""
        began = time.monotonic()
        if began - self._sealed < SEAL_SECONDS:
            return
        is_full = True
        while is_full and time.monotonic() - began < SEALING_SECONDS:
            made, is_full = seal_new(self.context.database, self.context.now())
            if made is not None:
                log.info("sealed", mark=str(made.mark), rows=made.rows)
        if not is_full:
            self._sealed = time.monotonic()

    def note_given_out(self) -> None:
        """Every NOTED_SECONDS, write down the last ids outside of the database. Raises DatabaseOlder when it was put
        back meanwhile: nothing more may be sent from it."""
        if time.monotonic() - self._noted < NOTED_SECONDS:
            return
        given_out.note(self.context.settings, self.context.database)
        self._noted = time.monotonic()

    def retain(self) -> None:
        """Every AGED_SECONDS, move some old cases into the case store, empty some old effects' payloads, hash some
        surveys' tokens that a process of an earlier release left in clear, delete old former names, erase who called
        long ago, tend demands, tell whose term or pause ends, change plans on their day, and go on with the search's
        index."""
        if time.monotonic() - self._aged < AGED_SECONDS:
            return
        settings, now = self.context.settings, self.context.now()
        with self.context.database.write() as tx:
            tended = (
                retention.store_ended(tx, settings.store_span, now, MOST_AGED),
                retention.forget_confirmed(tx, settings.forget_span, now, MOST_AGED),
                survey_links.hash_tokens(tx, MOST_AGED),
                retention.forget_aliases(tx, now, MOST_AGED),
                retention.forget_answers(tx, settings.forget_span, now, MOST_AGED),
                retention.forget_codes(tx, now, MOST_AGED),
                retention.erase_callers(tx, settings.referral_days, now, MOST_AGED),
                self._tend_demands(tx, now),
                term_ending.tell_of_ending(tx, settings.zone, now, MOST_AGED),
                pause_ending.tell_of_ending(tx, settings.zone, now, MOST_AGED),
            )
        with self.context.database.write() as tx:
            indexed = search_index.tend(tx, now)
        with self.context.database.write() as tx:  # on its own: at the counter, too, accounts are locked first
            planned = plan_calendar.keep(tx, settings.zone, now, MOST_AGED)
        if max(*tended, planned, indexed) < MOST_AGED:
            self._aged = time.monotonic()

    def _tend_demands(self, tx: Tx, now: datetime) -> int:
        """Tell those whose turn it is, erase who asked long ago, and fold what a process of an earlier release wrote;
        return the largest number of them."""
        settings = self.context.settings
        folded = demands.fold(tx, MOST_AGED)
        looked = waiting_list.take_turns(tx, now, settings.demand_turn, MOST_AGED)
        erased = retention.erase_demands(tx, settings.demand_months, settings.zone, now, MOST_AGED)
        return max(folded, looked, erased)


def _measure(outbox: str, due: Sequence[S], receiver: Callable[[S], str]) -> None:
    metrics.observe_all(metrics.RELAY_LAG.labels(outbox), [sending.waited.seconds for sending in due])
    for to, count in Counter(receiver(sending) for sending in due if sending.waited.expired).items():
        metrics.LEASES_EXPIRED.labels(to).inc(count)


def _batches(due: Sequence[S], receiver: Callable[[S], str], size: int) -> Iterator[list[S]]:
    """Group due rows by receiver, number of failures and whether their last lease expired.

    The more often rows have failed, the smaller their batches: a row that crashes its worker then takes fewer with it.
    """

    def alike(sending: S) -> tuple[str, int, bool]:
        return receiver(sending), sending.failures, sending.waited.expired

    for (_, failures, _), group in groupby(sorted(due, key=lambda s: (alike(s), s.id)), key=alike):
        together, most = list(group), max(1, size // SPLIT**failures)
        for start in range(0, len(together), most):
            yield together[start : start + most]


def main() -> None:
    keep_private()
    configure_logs(get_context().settings.zone)
    end_without_broker(get_context().settings)
    begin_at_zero(when_free(get_context().rules.get))
    relay = Relay(get_context())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: relay.stop.set())
    settings = get_context().settings
    serve_metrics(settings)
    mark_ready(settings.run, relay.name)
    relay.run()


if __name__ == "__main__":
    main()

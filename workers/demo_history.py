"""`python -m workers.demo_history`: make up the last days of a demonstration in a home that is still empty.

One process plays relay, workers and people on a clock that it sets itself. It runs the same use cases and the same
steps of the same chains as a real installation, one after the other instead of through the broker.
"""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime, timedelta

from sqlalchemy import event

from dispatch.accounts.counter import open_counter
from dispatch.demo.callers import Callers
from dispatch.demo.camera import Camera
from dispatch.demo.colleagues import Colleagues
from dispatch.demo.counter_days import CounterDays
from dispatch.demo.pace import AS_IT_WAS, LATELY
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.routing.prehandling_file import load as load_script
from dispatch.runtime.logs import configure_logs
from dispatch.runtime.progress import progress_bar
from dispatch.storage import effects, hops
from dispatch.storage.outbox import Pair
from dispatch.tickets import timers
from workers import effects as outside
from workers.app import app
from workers.chains import chains
from workers.context import Context, get_context

BEFORE, LAST_DAY, LAST_HOURS = timedelta(hours=46), timedelta(hours=26), timedelta(hours=2)
"""The three periods: only new lines are opened and built; faults come too; many faults come."""
STRIDE, STEP = timedelta(hours=1), timedelta(minutes=6)
"""Step of the clock: before the last day, and on the last day."""

POISONED = 9
"""The number, among the last day's hops, of the one whose worker dies every time; it ends in the quarantine."""
MOST_AT_ONCE = 1_000


class DemoWorker:
    """Relay and workers in one process, on the context's clock."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.rulebook = context.rules.get()
        self.chains = chains(self.rulebook)
        self.deadly: int | None = None
        self._seen = 0

    def work(self, last_day: bool) -> None:
        """Send and do due hops and effects until none are left."""
        now, database = self.context.now(), self.context.database
        with database.write() as tx:
            timers.fire_due_timers(tx, self.rulebook, now, MOST_AT_ONCE)
        while True:
            with database.read() as tx:
                teams = sorted(hops.teams_due(tx, now, self.chains))
                orders = effects.is_due(tx, now)
            if not teams and not orders:
                return
            for team in teams:
                self._chain(team, now, last_day)
            with database.write() as tx:
                sent = effects.take_due(tx, now, self.context.settings.lease_span, MOST_AT_ONCE)
            if sent:
                outside.deliver([sending.pair for sending in sent])

    def _chain(self, team: str, now: datetime, last_day: bool) -> None:
        with self.context.database.write() as tx:
            sent = hops.take_due(tx, now, self.context.settings.lease_span, MOST_AT_ONCE, [team])
        pairs = [sending.pair for sending in sent]
        if last_day and team == self.rulebook.starts["fault"][-1].to:
            pairs = self._without_the_deadly_one(pairs)
        for task in self.chains[team]:
            pairs = [(hop_id, generation) for hop_id, generation in app.tasks[task]([list(pair) for pair in pairs])]

    def _without_the_deadly_one(self, pairs: list[Pair]) -> list[Pair]:
        """Receive the poisoned hop and do no more, as a worker that dies does; the outbox counts each as a failure."""
        self._seen += len(pairs)
        if self.deadly is None and self._seen >= POISONED and pairs:
            self.deadly = pairs[-1][0]
        deadly = [pair for pair in pairs if pair[0] == self.deadly]
        if deadly:
            with self.context.database.write() as tx:
                hops.receive(tx, deadly, self.context.now(), self.context.settings.lease_span)
        return [pair for pair in pairs if pair not in deadly]


def write_history(context: Context, end: datetime) -> None:
    """Make up the days until `end`."""
    settings, database, rulebook = context.settings, context.database, context.rules.get()
    start = end - BEFORE - LAST_DAY
    past = DemoWorker(context)
    desk = open_counter(settings, database, rulebook)
    counter = CounterDays(database, desk, start, end, LAST_DAY)
    colleagues = Colleagues(database, rulebook, AS_IT_WAS, Camera(desk.cipher))
    script = load_script(settings.prehandling, rulebook.categories)
    sms = SimulatedSmsGateway(settings.root / "sms.db")
    callers = Callers(database, rulebook, script, sms, AS_IT_WAS, settings.zone)
    now = start
    with progress_bar() as bar:
        task = bar.add_task("演示数据 making up the last days", total=int((end - start) / timedelta(hours=1)))
        while now < end:
            last_day = now >= end - LAST_DAY
            now = min(end, now + (STEP if last_day else STRIDE))
            context.clock.told = now
            callers.pace = colleagues.pace = LATELY if now >= end - LAST_HOURS else AS_IT_WAS
            counter.act(now)
            if last_day:
                callers.act(now)
            colleagues.act(now)
            past.work(last_day)
            bar.update(task, completed=int((now - start) / timedelta(hours=1)))


def main() -> None:
    configure_logs(UTC, logging.CRITICAL)
    context = get_context()
    context.database.dispose()
    event.listen(context.database.engine, "connect", _in_a_hurry)
    write_history(context, datetime.now(UTC))


def _in_a_hurry(connection: sqlite3.Connection, _record: object) -> None:
    """Don't wait for the disk: after a power cut the history is simply made up again."""
    connection.execute("PRAGMA synchronous=OFF")


if __name__ == "__main__":
    main()

"""Gauges for Prometheus that are read from the database: live hops, outside effects, line tests, open tickets,
processes, connections. Each team, receiver and state is shown from the start, with 0: what is missing is no figure for
an alert.

Every query uses a partial index on live rows, so that its cost doesn't grow with finished work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from itertools import product

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import QueuePool, func, select
from sqlalchemy.exc import SQLAlchemyError

from dispatch.domain.effect import EffectState, Port
from dispatch.domain.ticket import LIVE_HOP
from dispatch.errors import DispatchError
from dispatch.reports import lists
from dispatch.storage import effects, heartbeats, hops, retests, seals
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables.tickets import hop, ticket

LIVE_EFFECT = [state for state in EffectState if state is not EffectState.CONFIRMED]
FILES = ("rules", "prehandling", "plans", "messages", "complaints")
"""The operator's files, by the names of their settings."""
Family = GaugeMetricFamily | CounterMetricFamily


class Gauges(Collector):
    """Queries the database at each scrape. While the database doesn't answer, only `paidan_database_up` 0 and the
    connection pool are shown."""

    def __init__(
        self,
        database: Database,
        teams: Callable[[], Collection[str]] = tuple,
        refused_files: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """`teams` gives the teams of the rules in force. When it raises DispatchError, teams with hops are shown.
        `refused_files` gives which of FILES are refused as they stand."""
        self.database, self.teams, self.refused_files = database, teams, refused_files

    def collect(self) -> Iterator[Family]:
        yield from _pool(self.database)
        up = GaugeMetricFamily("paidan_database_up", "Whether the database answers")
        try:
            teams, files = self._teams(), _files(self.refused_files())
            with self.database.read() as tx:
                found = list(_asked(tx, teams, datetime.now(UTC)))
        except SQLAlchemyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield files
        yield from found

    def _teams(self) -> Collection[str]:
        try:
            return self.teams()
        except DispatchError:  # no rules are in force yet
            return ()


def _asked(tx: Tx, teams: Collection[str], now: datetime) -> Iterator[Family]:
    yield from _hops(tx, teams)
    yield from _due(tx, teams, now)
    yield from _effects(tx, now)
    yield from _retests(tx, now)
    yield from _tickets(tx)
    yield from _processes(tx, now)
    yield from _seals(tx, now)


def _files(refused: Collection[str]) -> Family:
    shown = GaugeMetricFamily(
        "paidan_file_refused",
        "Whether the operator's file as it stands is refused, so that its last good one stays in force",
        labels=["file"],
    )
    for name in FILES:
        shown.add_metric([name], int(name in refused))
    return shown


def _hops(tx: Tx, teams: Collection[str]) -> Iterator[Family]:
    count = GaugeMetricFamily("paidan_hops", "Live hops, by team and state", labels=["team", "state"])
    late = GaugeMetricFamily("paidan_hops_late", "Live hops past their service level, by team", labels=["team"])
    loads = lists.team_loads(tx)
    for team in sorted({*teams, *loads}):
        load = loads.get(team)
        for state in LIVE_HOP:
            count.add_metric([team, state], load.hops(state) if load else 0)
        late.add_metric([team], load.late if load else 0)
    yield from (count, late)


def _due(tx: Tx, teams: Collection[str], now: datetime) -> Iterator[Family]:
    due = GaugeMetricFamily("paidan_hops_due", "Hops that wait to be sent, by team", labels=["team"])
    oldest = GaugeMetricFamily(
        "paidan_hops_oldest_due_seconds", "Seconds since the longest waiting hop became due, by team", labels=["team"]
    )
    query = select(hop.c.team, func.count(), func.min(hop.c.wake_at)).where(hops.OUTBOX.due(now)).group_by(hop.c.team)
    found = {team: (waiting, (now - since).total_seconds()) for team, waiting, since in tx.execute(query)}
    for team in sorted({*teams, *found}):
        waiting, seconds = found.get(team, (0, 0.0))
        due.add_metric([team], waiting)
        oldest.add_metric([team], seconds)
    yield from (due, oldest)


def _effects(tx: Tx, now: datetime) -> Iterator[Family]:
    count = GaugeMetricFamily(
        "paidan_effects", "Outside effects that aren't confirmed, by receiver and state", labels=["port", "state"]
    )
    oldest = GaugeMetricFamily(
        "paidan_effects_oldest_seconds", "Seconds since the oldest of them was booked", labels=["port", "state"]
    )
    found = {
        (row.port, row.state): (row.number, max(0.0, (now - row.oldest).total_seconds())) for row in effects.counts(tx)
    }
    for port, state in sorted({*product(Port, LIVE_EFFECT), *found}):
        number, seconds = found.get((port, state), (0, 0.0))
        count.add_metric([port, state], number)
        oldest.add_metric([port, state], seconds)
    yield from (count, oldest)


def _retests(tx: Tx, now: datetime) -> Iterator[Family]:
    found = retests.waiting(tx)
    count = GaugeMetricFamily("paidan_retests", "Live hops whose line couldn't be tested and is tested again")
    oldest = GaugeMetricFamily("paidan_retests_oldest_seconds", "Seconds since the first of them couldn't be tested")
    count.add_metric([], found.hops)
    oldest.add_metric([], (now - found.since).total_seconds() if found.since else 0)
    yield from (count, oldest)


def _tickets(tx: Tx) -> Iterator[Family]:
    """Tickets made, ended and open. `made` is the highest ticket number, since counting rows would take ever longer."""
    made = tx.execute(select(func.coalesce(func.max(ticket.c.id), 0))).scalar_one()
    under_way = tx.execute(select(func.count()).where(ticket.c.ended_at.is_(None))).scalar_one()
    taken = CounterMetricFamily("paidan_tickets_made", "Tickets that came in: the highest number given out")
    ended = CounterMetricFamily("paidan_tickets_ended", "Tickets that came to an end")
    live = GaugeMetricFamily("paidan_tickets_open", "Tickets under way")
    taken.add_metric([], made)
    ended.add_metric([], made - under_way)
    live.add_metric([], under_way)
    yield from (taken, ended, live)


def _processes(tx: Tx, now: datetime) -> Iterator[Family]:
    alive = GaugeMetricFamily(
        "paidan_processes", "Relays and workers that wrote a heartbeat lately, by kind", labels=["kind"]
    )
    seen = Counter(row.kind for row in heartbeats.processes(tx, now) if now - row.seen_at < heartbeats.SILENCE)
    for kind in sorted({"relay", "worker", *seen}):
        alive.add_metric([kind], seen[kind])
    yield alive


def _seals(tx: Tx, now: datetime) -> Iterator[Family]:
    """The newest seal. Its root's beginning is a number here, so that each scrape keeps a copy outside the database."""
    last = seals.last(tx)
    number = GaugeMetricFamily("paidan_seal_number", "Number of the newest seal over archive, history and audit")
    root = GaugeMetricFamily("paidan_seal_root", "The first 12 hex digits of the newest seal's root, as a number")
    due = GaugeMetricFamily("paidan_sealing_overdue_seconds", "Seconds for which sealing is due; 0 while it isn't")
    number.add_metric([], last.number if last else 0)
    root.add_metric([], int(last.root[:12], 16) if last else 0)
    due.add_metric([], seals.overdue(tx, now).total_seconds())
    yield from (number, root, due)


def _pool(database: Database) -> Iterator[Family]:
    pool = database.engine.pool
    if not isinstance(pool, QueuePool):
        return
    connections = GaugeMetricFamily(
        "paidan_database_connections", "This process's connections to the database", labels=["state"]
    )
    connections.add_metric(["in use"], pool.checkedout())
    connections.add_metric(["idle"], pool.checkedin())
    yield connections

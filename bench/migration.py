"""`make bench-migration`: a million rows go to the first schema and back while people go on reporting faults.

The PostgreSQL server holds old cases, a part of them in the case store. As long as the schema isn't the program's, a
report waits, or is refused and repeated under the same key. Afterwards all earlier rows must be there bit for bit, and
every accepted report exactly once.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from bench import servers
from bench.background import repeated
from bench.growth import Growing
from dispatch.defaults import PROJECT
from dispatch.domain.roles import Actor, Role
from dispatch.routing import prehandling_file
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.rules_in_force import RulesInForce
from dispatch.runtime.logs import configure_logs
from dispatch.seals.sealing import seal_batch
from dispatch.storage import accounts, retention
from dispatch.storage.database import SCHEMA, Database
from dispatch.storage.migration import migrate
from dispatch.storage.tables.tickets import archive_record, history, hop, stored_case, ticket
from dispatch.tickets import intake

CASES, STORED = 300_000, 20_000
"""The number of old cases, each with its hop, its history and its record; and how many of them are in the case
store."""
AT_ONCE = 500
WRITERS, PAUSE_SECONDS = 4, 0.02
WAY = ("0001", SCHEMA, "0008", SCHEMA)
CLERK, OPS = Actor("migration", Role.CLERK), Actor("migration", Role.OPS)

RECORDS = """
INSERT INTO archive_record (ticket_id, round, archived_at, content, sha256)
SELECT id, 0, ended_at, '{"ticket": ' || id || '}', md5(id::text) FROM ticket
"""
PRINT = """
SELECT md5(string_agg(md5(t::text), '' ORDER BY {key})) FROM {table} AS t WHERE {ticket} <= :cases
"""


class Reporters:
    """People who report faults all the time. `refused` and `longest` (seconds of one report) count since they were last
    read."""

    def __init__(self, database: Database, rulebook: Rulebook, script: Script) -> None:
        self.database, self.rulebook, self.script = database, rulebook, script
        self.accepted: set[int] = set()
        self.refused, self.longest = 0, 0.0
        self._numbers = itertools.count()

    def told(self) -> tuple[int, float]:
        found = self.refused, self.longest
        self.refused, self.longest = 0, 0.0
        return found

    def report(self) -> None:
        """Report one fault, again and again until it is accepted."""
        number = next(self._numbers)
        report = intake.FaultReport(
            f"GZ{number % 2000:08d}",
            "slow",
            "网速慢",
            despite_duplicate=True,
            category="network",
            request_key=f"migration/{number}",
        )
        begun = time.monotonic()
        while True:
            try:
                with self.database.write() as tx:
                    made = intake.submit(tx, self.rulebook, self.script, report, CLERK, datetime.now(UTC))
            except DBAPIError:
                self.refused += 1
                time.sleep(PAUSE_SECONDS)
                continue
            self.accepted.add(made.ticket_id)
            self.longest = max(self.longest, time.monotonic() - begun)
            return


def prepare(database: Database, url: str, cases: int) -> tuple[Rulebook, Script]:
    """Insert lines in service, and this many old cases."""
    migrate(database)
    rulebook = RulesInForce(PROJECT / "routing_rules.yaml", database).get()
    script = prehandling_file.load(PROJECT / "prehandling.yaml", rulebook.categories)
    with database.write() as tx:
        lines = [(f"GZ{n:08d}", "tianhe", f"138{n:08d}") for n in range(2000)]
        accounts.enter_existing(tx, lines, OPS, datetime.now(UTC))
    Growing(url).make_old(cases)
    with database.write() as tx:
        tx.execute(text(RECORDS))
    return rulebook, script


def store(database: Database, cases: int) -> None:
    """Move this many cases into the case store, once their rows are sealed."""
    while True:
        with database.write() as tx:
            if not seal_batch(tx, datetime.now(UTC))[1]:
                break
    for begin in range(0, cases, AT_ONCE):
        with database.write() as tx:
            retention.store_ended(tx, timedelta(0), datetime.now(UTC), min(AT_ONCE, cases - begin))


def prints(database: Database, cases: int) -> dict[str, str]:
    """Return a fingerprint of all old cases' rows, by table."""
    keys = {"ticket": "id", "hop": "id", "history": "id", "archive_record": "ticket_id, round"}
    with database.read() as tx:
        return {
            table: tx.execute(
                text(PRINT.format(table=table, key=key, ticket="id" if table == "ticket" else "ticket_id")),
                {"cases": cases},
            ).scalar_one()
            for table, key in keys.items()
        }


def rows(database: Database) -> int:
    with database.read() as tx:
        tables = (ticket, hop, history, archive_record, stored_case)
        return sum(tx.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--cases", type=int, default=CASES)
    asked.add_argument("--stored", type=int, default=STORED)
    given = asked.parse_args()
    configure_logs(UTC)
    with (
        tempfile.TemporaryDirectory(prefix="paidan-migrating-") as folder,
        servers.postgresql(Path(folder)) as server,
        servers.database(server, "migrating") as url,
    ):
        database = Database(servers.with_driver(url))
        migrating = Database(servers.with_driver(url))
        rulebook, script = prepare(database, url, given.cases)
        before = prints(database, given.cases)
        store(database, given.stored)
        print(f"{rows(database):,} rows, {given.stored:,} cases of them in the case store")
        print("| schema | s | refused meanwhile | longest wait of one report, s |\n|---|---|---|---|")
        people = Reporters(database, rulebook, script)
        with repeated(people.report, threads=WRITERS, pause=PAUSE_SECONDS):
            time.sleep(2)
            people.told()
            for revision in WAY:
                begun = time.monotonic()
                migrate(migrating, revision)
                took = time.monotonic() - begun
                time.sleep(2)
                refused, longest = people.told()
                print(f"| to {revision} | {took:.1f} | {refused} | {longest:.1f} |", flush=True)
        after = prints(database, given.cases)
        changed = [table for table in before if before[table] != after[table]]
        with database.read() as tx:
            there = set(tx.execute(select(ticket.c.id).where(ticket.c.request_key.like("migration/%"))).scalars())
        lost, unasked = len(people.accepted - there), len(there - people.accepted)
        database.dispose()
        migrating.dispose()
    told = f"{len(people.accepted)} accepted meanwhile, {lost} lost, {unasked} unasked"
    print(f"migration: {told}, changed: {', '.join(changed) or 'nothing'}")
    return 1 if lost or unasked or changed else 0


if __name__ == "__main__":
    raise SystemExit(main())

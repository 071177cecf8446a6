"""`python -m bench.ours`: obeys the commands of `bench.load` on standard input.

It works on the database named by DISPATCH_DATABASE_URL, or on SQLite in DISPATCH_HOME.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from bench.load import HOPS, serve
from dispatch.domain.roles import Actor, Role
from dispatch.domain.ticket import TicketState
from dispatch.errors import DispatchError
from dispatch.routing import prehandling_file
from dispatch.rules_in_force import RulesInForce
from dispatch.runtime.logs import configure_logs
from dispatch.settings import load_settings
from dispatch.storage import accounts
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate
from dispatch.storage.tables.tickets import hop, ticket
from dispatch.tickets import intake
from dispatch.tickets.intake import FaultReport

ACCOUNTS = 2_000
AT_ONCE = 400
"""Reports in one transaction."""
AGENT = Actor("bench", Role.CLERK)
INSTALLATION = "bench.ours.installation"
WORKERS = int(os.environ.get("BENCH_WORKERS", "2"))


class Ours:
    def __init__(self) -> None:
        self.settings = load_settings()
        self.database = Database(self.settings.database, plans_by_index_only=True)
        migrate(self.database)
        self.rules = RulesInForce(self.settings.rules, self.database)
        self.script = prehandling_file.load(self.settings.prehandling, self.rules.get().categories)
        self.children: list[subprocess.Popen[bytes]] = []
        self.submitted = 0
        with self.database.write() as tx:
            numbers = [(f"GZ{n:08d}", "tianhe", f"138{n:08d}") for n in range(ACCOUNTS)]
            accounts.enter_existing(tx, numbers, AGENT, datetime.now(UTC))
            self.after_hop = tx.execute(select(func.coalesce(func.max(hop.c.id), 0))).scalar_one()
            self.after_ticket = tx.execute(select(func.coalesce(func.max(ticket.c.id), 0))).scalar_one()

    def start(self) -> None:
        """The relay and the workers, with the command lines of `dispatch up`."""
        worker = ["celery", "-A", INSTALLATION, "worker", "--concurrency=1", "--loglevel=WARNING", "-E"]
        quiet = ["--without-gossip", "--without-mingle"]
        self._spawn("relay", [INSTALLATION])
        for number in range(1, WORKERS + 1):
            self._spawn(f"worker{number}", [*worker, f"--hostname=worker{number}@%h", *quiet])
        deadline = time.time() + 60
        while len(list(self.settings.run.glob("*.ready"))) < len(self.children):
            if time.time() > deadline:
                raise TimeoutError(f"not everything starts, see {self.settings.root}")
            time.sleep(0.05)
        self.submit(1)
        while self.under_way():
            time.sleep(0.05)

    def _spawn(self, name: str, command: list[str]) -> None:
        self.settings.root.mkdir(parents=True, exist_ok=True)
        with (self.settings.root / f"{name}.log").open("wb") as log:
            environment = {**os.environ, "SUPERVISED_AS": name}
            self.children.append(
                subprocess.Popen([sys.executable, "-m", *command], env=environment, stdout=log, stderr=log)
            )

    def submit(self, lives: int) -> None:
        """Submit faults in bulk, as a clerk does."""
        while lives > 0:
            batch = [self._report(self.submitted + n) for n in range(min(lives, AT_ONCE))]
            with self.database.write() as tx:
                outcomes = intake.submit_many(tx, self.rules.get(), self.script, batch, AGENT, datetime.now(UTC))
            for outcome in outcomes:
                if isinstance(outcome, DispatchError):
                    raise outcome
            self.submitted += len(batch)
            lives -= len(batch)

    def _report(self, number: int) -> FaultReport:
        account = f"GZ{number % ACCOUNTS:08d}"
        return FaultReport(account, "no-internet", "断网, 光猫红灯", category="system", despite_duplicate=True)

    def under_way(self) -> int:
        with self.database.read() as tx:
            mine = ticket.c.id > self.after_ticket
            return tx.execute(select(func.count()).where(ticket.c.ended_at.is_(None), mine)).scalar_one()

    def hops(self, since: float, until: float) -> list[float]:
        span = (datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC))
        with self.database.read() as tx:
            query = select(hop.c.made_at, hop.c.ended_at).where(hop.c.id > self.after_hop)
            query = query.where(hop.c.ended_at >= span[0], hop.c.ended_at < span[1])
            return [(ended - made) / timedelta(seconds=1) for made, ended in tx.execute(query)]

    def check(self) -> None:
        """Check that every case is closed after seven hops, each with its history and its record."""
        with self.database.read() as tx:
            ours = select(func.count()).where(ticket.c.id > self.after_ticket)
            wrong = tx.execute(
                ours.where((ticket.c.last_seq != HOPS) | (ticket.c.state != TicketState.CLOSED))
            ).scalar_one()
            cases = tx.execute(ours).scalar_one()
        if wrong or cases != self.submitted:
            raise AssertionError(
                f"{wrong} of {cases} cases haven't had their seven hops; {self.submitted} were reported"
            )

    def stop(self) -> None:
        for child in self.children:
            child.kill()
        for child in self.children:
            child.wait()
        self.database.dispose()


if __name__ == "__main__":
    configure_logs(UTC)
    os.environ.setdefault("DISPATCH_RULES", str(Path(__file__).parent / "rules.yaml"))
    serve(Ours())

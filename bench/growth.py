"""`make growth`: the cost of a hop with more tickets in the database, a longer backlog, more rules, more workers.

Old tickets and the backlog are inserted in bulk. The cost of a hop is its processor time (workers, relay, broker,
database), which is the same on a busy machine. Writes `docs/growth.md`.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg

from bench import servers
from bench.contender_process import OURS, ROOT, session
from bench.servers import Server

SECONDS = 8.0
IN_FLIGHT = 1_000
TICKETS = (3, 4, 5, 6, 7)  # powers of ten
BACKLOG = (3, 4, 5, 6)
WORKERS = (1, 2, 4, 8)
AT_ONCE = 1_000_000

OLD = """
INSERT INTO ticket (kind, state, account_id, area, channel, symptom, category, description, priority, script, hops,
                    last_seq, made_at, ended_at, outcome)
SELECT 'fault', 'closed', 1 + n %% 2000, 'tianhe', 'counter', 'no-internet', 'network', '断网', 3, '[]', 1, 1,
       at, at + interval '1 hour', 'fixed'
FROM (SELECT n, now() - interval '1 minute' * (%(all)s::bigint - n + 100) AS at
      FROM generate_series(%(from)s::bigint, %(to)s::bigint) AS n) AS days;
"""
OLD_HOPS = """
INSERT INTO hop (ticket_id, seq, team, area, rank, state, rule, facts, rulebook, finding, evidence, made_at, ended_at)
SELECT id, 1, 'noc', area, 3, 'reported', 'flows.fault.start.otherwise', '{"hops": 0}', %(rulebook)s, 'fixed',
       '{"cause": "fibre"}', made_at, ended_at
FROM ticket WHERE id > %(after)s;
"""
OLD_HISTORY = """
INSERT INTO history (ticket_id, hop_id, at, act, actor, role, detail)
SELECT ticket_id, id, ended_at, 'finish', 'worker', 'worker', '{"to": "end"}' FROM hop WHERE id > %(after)s;
"""
DUE = """
INSERT INTO ticket (id, kind, state, account_id, area, channel, symptom, category, description, priority, script,
                    last_seq, made_at)
SELECT -n, 'fault', 'open', 1 + n %% 2000, 'tianhe', 'counter', 'no-internet', 'system', '断网', 3, '[]', 1, now()
FROM generate_series(1, %(count)s::bigint) AS n;
"""
DUE_HOPS = """
INSERT INTO hop (ticket_id, seq, team, area, rank, state, wake_at, rule, facts, rulebook, made_at)
SELECT id, 1, 'system-support', area, 3, 'due', now(), 'flows.fault.start.system', '{"hops": 0}', %(rulebook)s, now()
FROM ticket WHERE id < 0;
"""

RULES = """
import random, sys
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from dispatch.routing.loader import load
from dispatch.routing.rulebook import Condition, Facts, Rule, Rules

def area(n):
    return Condition("area", frozenset([f"area-{n}"]))

count, chance = int(sys.argv[1]), random.Random(7)
own = [
    Rule(f"start[{n}]", n, (area(n // 8), Condition("priority", frozenset([n % 4 + 1]))), "noc")
    for n in range(count - 1)
]
rules = Rules([*own, Rule(f"start[{count - 1}]", count, (), "noc")])
book = replace(load(Path(sys.argv[2])), starts={"fault": rules})
times = []
for n in range(3000):
    facts = Facts("fault", {"area": f"area-{chance.randrange(count // 8 + 2)}", "priority": chance.randrange(1, 5),
                            "category": "network", "channel": "counter", "symptom": "no-internet"})
    begun = perf_counter()
    decision = book.decide(facts)
    times.append(perf_counter() - begun)
print(median(times[100:]) * 1e6)
"""


class Growing:
    """A database that grows."""

    def __init__(self, url: str, postgresql: Server | None = None, seconds: float = SECONDS) -> None:
        self.url, self.postgresql, self.seconds = url, postgresql, seconds
        self.old = 0

    def cost(self, backlog: int = 0, **more: str) -> tuple[float, float]:
        """Return (processor µs a hop, hops a second) with this many hops due before any new one."""
        with session(OURS, self.postgresql, self.url, **more) as ask:
            if backlog:
                self._make_backlog(backlog)
            found = ask(f"full {self.seconds} {IN_FLIGHT}")
            if not backlog:
                ask("drain 120")
        return found["processor"] / found["hops"] * 1e6, found["hops"] / found["seconds"]

    def make_old(self, tickets: int) -> None:
        """Fill the database up to this many old tickets, each with its hop and its history."""
        for begin in range(self.old + 1, tickets + 1, AT_ONCE):
            end = min(begin + AT_ONCE - 1, tickets)
            with psycopg.connect(self.url) as tx:
                tx.execute("SET session_replication_role = replica")  # no foreign key is checked row by row
                after_ticket, after_hop, rulebook = self._ends(tx)
                tx.execute(OLD, {"all": tickets, "from": begin, "to": end})
                tx.execute(OLD_HOPS, {"rulebook": rulebook, "after": after_ticket})
                tx.execute(OLD_HISTORY, {"after": after_hop})
        self.old = tickets
        self._tidy()

    def _make_backlog(self, hops: int) -> None:
        """Insert hops numbered below zero: the reporter counts only its own."""
        with psycopg.connect(self.url) as tx:
            tx.execute("SET session_replication_role = replica")
            _, _, rulebook = self._ends(tx)
            tx.execute(DUE, {"count": hops})
            tx.execute(DUE_HOPS, {"rulebook": rulebook})
        self._tidy()

    def empty(self) -> None:
        """Remove all tickets."""
        with psycopg.connect(self.url) as tx:
            tx.execute("SET session_replication_role = replica")  # no append-only triggers
            tx.execute("TRUNCATE ticket, hop, history, archive_record CASCADE")
        self.old = 0

    def _ends(self, tx: psycopg.Connection) -> Sequence[object]:
        query = """SELECT (SELECT coalesce(max(id), 0) FROM ticket), (SELECT coalesce(max(id), 0) FROM hop),
                          (SELECT version FROM rulebook ORDER BY coalesce(place, 0) DESC, id DESC LIMIT 1)"""
        return tx.execute(query).fetchone() or ()

    def _tidy(self) -> None:
        """Do the work that autovacuum would have done meanwhile."""
        with psycopg.connect(self.url, autocommit=True) as admin:
            admin.execute("VACUUM (ANALYZE) ticket, hop, history")
            admin.execute("CHECKPOINT")


def by_tickets(growing: Growing, powers: Sequence[int]) -> Iterator[tuple[str, float, float]]:
    for power in powers:
        growing.make_old(10**power)
        yield f"10^{power} tickets", *growing.cost()


def by_backlog(growing: Growing, powers: Sequence[int]) -> Iterator[tuple[str, float, float]]:
    for power in powers:
        growing.empty()
        yield f"backlog 10^{power}", *growing.cost(backlog=10**power)


def by_workers(growing: Growing, counts: Sequence[int]) -> Iterator[tuple[str, float, float]]:
    for count in counts:
        growing.empty()
        yield f"{count} worker processes", *growing.cost(BENCH_WORKERS=str(count))


def microseconds(rules: int) -> float:
    """Return the median time of a decision among this many rules."""
    command = [OURS[0], "-c", RULES, str(rules), str(ROOT / "routing_rules.yaml")]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=SECONDS, help="of each measurement")
    options.add_argument("--most", type=int, default=TICKETS[-1], help="10 to which power tickets at most")
    given = options.parse_args()
    lines = ["| with | processor µs / hop | hops/s |", "|---|---|---|"]

    def told(found: Iterator[tuple[str, float, float]]) -> list[float]:
        costs = []
        for name, cost, rate in found:
            lines.append(f"| {name} | {cost:,.0f} | {rate:,.0f} |")
            print(lines[-1], flush=True)
            costs.append(cost)
        return costs

    decided = {10**power: microseconds(10**power) for power in (1, 2, 3, 4)}
    with (
        tempfile.TemporaryDirectory(prefix="paidan-growth-") as name,
        servers.postgresql(Path(name)) as postgresql,
        servers.database(postgresql, "growth") as url,
    ):
        growing = Growing(url, postgresql, given.seconds)
        growing.cost()  # makes the tables; the first hops also find cold caches
        costs = told(by_tickets(growing, [power for power in TICKETS if power <= given.most]))
        told(by_backlog(growing, [power for power in BACKLOG if power <= given.most]))
        told(by_workers(growing, WORKERS))
    lines += ["", "| rules in one list | µs a decision |", "|---|---|"]
    lines += [f"| {rules:,} | {taken:.1f} |" for rules, taken in decided.items()]
    text = f"# Growth\n\nMade by `make growth`.\n\n{chr(10).join(lines)}\n"
    if given.most == TICKETS[-1]:
        (ROOT / "docs" / "growth.md").write_text(text, encoding="utf-8")
    print("\n".join(lines[-6:]))
    print(f"growth: {costs[-1] / costs[0]:.1f}x at 10^{given.most} tickets, {decided[10**4]:.0f} us at 10^4 rules")


if __name__ == "__main__":
    main()

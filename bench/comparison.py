"""`make bench`: the same seven hops through Celery, Procrastinate, Dramatiq, Huey and ours, in one sitting.

The contenders run in turns (A B A B …), and the medians of the rounds count. Each turn starts its own workers on an
empty broker and an empty database, so that no turn inherits anything. The first turn measures the highest rate; the
latency at half load is then measured at half of that rate. Writes `docs/bench.md` and `docs/bench.svg`.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import report, servers
from bench.contender import Contender
from bench.contender_process import OURS, ROOT, Ask, session
from bench.load import HOPS
from bench.servers import Server

ROUNDS = 3
SECONDS = 6.0
IN_FLIGHT = 2_000


def contenders() -> list[Contender]:
    peer = [sys.executable, "-m", "bench.peers"]
    return [
        Contender("celery-default", "Celery chain, defaults", [*peer, "celery-default"]),
        Contender("celery-best", "Celery chain, best settings", [*peer, "celery-best"]),
        Contender("procrastinate", "Procrastinate, same database work", [*peer, "procrastinate"], database=True),
        Contender("dramatiq", "Dramatiq pipeline", [*peer, "dramatiq"]),
        Contender("huey", "Huey pipeline", [*peer, "huey"]),
        Contender("ours-postgresql", "Paidan on PostgreSQL", OURS, database=True),
        Contender("ours-sqlite", "Paidan on SQLite", OURS),
    ]


@contextlib.contextmanager
def turn(contender: Contender, postgresql: Server, number: int) -> Iterator[Ask]:
    """Start the contender's workers, on an empty database where it needs one."""
    with contextlib.ExitStack() as held:
        database = held.enter_context(servers.database(postgresql, f"bench_{number}")) if contender.database else None
        yield held.enter_context(session(contender.command, postgresql if database else None, database))


def compete(found: list[Contender], postgresql: Server, rounds: int, seconds: float) -> None:
    number = 0
    for played in range(rounds):
        for each in found:
            number += 1
            with turn(each, postgresql, number) as ask:
                if played == 1:
                    each.single.append(ask(f"single {seconds / 2}"))
                if played > 0:
                    each.half.append(ask(f"paced {seconds} {each.rate / 2 / HOPS}"))
                each.full.append(ask(f"full {seconds} {IN_FLIGHT}"))
            last = each.full[-1]
            rate, cost = last["hops"] / last["seconds"], last["processor"] / max(1, last["hops"]) * 1000
            print(f"round {played + 1}: {each.title}: {rate:,.0f} hops/s, {cost:.2f} s / 1,000", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--seconds", type=float, default=SECONDS, help="of each measurement")
    options.add_argument("--only", default="", help="names of contenders, with commas")
    given = options.parse_args()
    wanted = given.only.split(",") if given.only else []
    found = [each for each in contenders() if not wanted or each.name in wanted]
    with tempfile.TemporaryDirectory(prefix="paidan-bench-") as name, servers.postgresql(Path(name)) as postgresql:
        compete(found, postgresql, given.rounds, given.seconds)
    print()
    print(report.table(found))
    if not wanted:
        report.write(found, ROOT / "docs")
        print(report.verdict(found))


if __name__ == "__main__":
    main()

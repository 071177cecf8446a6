"""Time of a board's page with 1,000 and with 100,000 open hops: `python bench/board.py [COUNT]`.

The page is requested in this process as JSON, as JSON some pages on, and as HTML. The goal: the p99 with 100,000 hops
is at most twice the p99 with 1,000, on either database. The two databases are asked in turns, so that a busy machine
slows both. PostgreSQL is left out where it isn't installed.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent.parent))

import structlog
from sqlalchemy import create_engine, make_url, text
from starlette.testclient import TestClient

from dispatch.access import sessions, users
from dispatch.defaults import PROJECT
from dispatch.domain.roles import Grant, Role
from dispatch.routing import loader
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate
from dispatch.web.app import create_app
from dispatch.web.installation import Installation
from tests.busy_year import AREAS, crowd
from tests.factories import NOW, put_in_force
from tests.postgres import server
from tests.users import CONSOLE, cheap_hasher, user

SMALL, LARGE = 1_000, 100_000
OLD = 20_000
"""Tickets that ended long ago, in both databases."""
FIRST = "/api/v1/teams/noc/board?limit=50"
WARM, ROUNDS = 20, 3
"""Only the round counts in which the machine was least busy."""
HOPS = {"small": SMALL, "large": LARGE}


def client(database: Database, name: str, grant: Grant) -> TestClient:
    """Return a client with a token, for the application over this database."""
    here = Installation(Settings(), database, cheap_hasher(), clock=lambda: NOW)
    user(database, name, grant)
    with database.write() as tx:
        token = sessions.make_token(tx, users.get(tx, name).id, name, "bench", timedelta(days=1), CONSOLE, NOW)
    return TestClient(create_app(here), headers={"Authorization": f"Bearer {token}"})


def filled(database: Database, rulebook: Rulebook, hops: int) -> Database:
    migrate(database)
    put_in_force(database, rulebook)
    crowd(database, rulebook, hops, OLD)
    return database


def milliseconds(asked: TestClient, url: str) -> float:
    start = perf_counter()
    answer = asked.get(url)
    took = (perf_counter() - start) * 1000
    assert answer.status_code == 200, answer.text
    return took


def later_page(asked: TestClient) -> str:
    """Ask for pages further on: depth must not make a page slower."""
    url = FIRST
    for _ in range(8):
        url = f"{FIRST}&cursor={asked.get(url).json()['next']}"
    return url


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def in_turns(clients: dict[str, TestClient], urls: dict[str, str], count: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {size: [] for size in clients}
    for n in range(count):
        for size in sorted(clients, reverse=n % 2 == 0):
            times[size].append(milliseconds(clients[size], urls[size]))
    return times


def measure(kind: str, databases: dict[str, Database], count: int) -> tuple[float, float]:
    """Print the worst p99 of all kinds of pages, with few and with many open hops."""
    worst = dict.fromkeys(databases, 0.0)
    for who, grant in (("all-areas", Grant(Role.NOC)), ("two-areas", Grant(Role.NOC, frozenset(AREAS[:2])))):
        clients = {size: client(made, who, grant) for size, made in databases.items()}
        for what, url in (("first", lambda _: FIRST), ("later", later_page), ("page", lambda _: "/teams/noc")):
            urls = {size: url(asked) for size, asked in clients.items()}
            in_turns(clients, urls, WARM)
            rounds = [in_turns(clients, urls, count) for _ in range(ROUNDS)]
            for size in databases:
                p50 = min(percentile(each[size], 0.5) for each in rounds)
                p99 = min(percentile(each[size], 0.99) for each in rounds)
                worst[size] = max(worst[size], p99)
                print(
                    f"{kind:10} {HOPS[size]:7,} open hops  {who}  {what:5}  p50 {p50:6.1f}  p99 {p99:6.1f} ms",
                    flush=True,
                )
    return worst["small"], worst["large"]


def main(count: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    rulebook = loader.load(PROJECT / "routing_rules.yaml")
    results: list[tuple[float, float]] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ["DISPATCH_HOME"] = str(folder)
        files = {size: filled(Database(f"sqlite:///{folder}/{size}.db"), rulebook, hops) for size, hops in HOPS.items()}
        results.append(measure("sqlite", files, count))
        try:
            url = stack.enter_context(server(folder / "turn"))
        except Exception as missing:
            print(f"no PostgreSQL here: {missing}")
        else:
            servers = {size: filled(database_of(url, size), rulebook, hops) for size, hops in HOPS.items()}
            results.append(measure("postgresql", servers, count))
            for made in servers.values():
                made.dispose()
    small, large = max(results, key=lambda each: each[1] / each[0])
    print(f"board: p99 {small:.1f} ms at {SMALL:,}, {large:.1f} ms at {LARGE:,}, ratio {large / small:.1f}")


def database_of(url: str, name: str) -> Database:
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as tx:
        tx.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return Database(make_url(url).set(database=name).render_as_string(hide_password=False))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 150)

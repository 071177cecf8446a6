"""`python -m chaos.others`: the journey of 20 faults through the databases and brokers that others run, in every pair.

In the middle of each journey the broker is killed with -9 and comes back; in the last one it is the database, and its
standby is promoted. The last line counts lost and doubled faults against the ledgers outside the database. The exit
status is 1 when there are any, and in CI when a server isn't installed. Elsewhere its combinations are skipped.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from chaos import postgres, verdict
from chaos.joined import Joined, joined
from chaos.load import Load
from chaos.verdict import Verdict
from dispatch.runtime.reservation import free_port
from tests import debian_postgres, rabbitmq, redis_servers
from tests.debian_postgres import DebianPostgres, debian_server

FAULTS = 20
SECONDS = 120
"""Time for one journey; in most it takes a few seconds and a lease."""
AWAY_SECONDS = 1.5
"""Time for which the broker is away."""
DEBIAN = 15
AT_ONCE = 2

Environment = Mapping[str, str]


@dataclass(frozen=True)
class Broker:
    """A running broker: the settings that name it, its end by kill -9 and its return, and a look at it afterwards."""

    settings: Callable[[], Environment]
    fail: Callable[[Joined], None]
    mend: Callable[[], None]
    examine: Callable[[], list[str]] = list


@contextmanager
def _redis() -> Iterator[Broker]:
    with redis_servers.server() as running:
        numbers = iter(range(16))

        def settings() -> Environment:
            return {"DISPATCH_BROKER_URL": f"redis://:{running.password}@127.0.0.1:{running.port}/{next(numbers)}"}

        yield Broker(settings, lambda _: running.kill(), running.start)


@contextmanager
def _sentinel() -> Iterator[Broker]:
    with redis_servers.watched() as running:
        numbers = iter(range(16))

        def settings() -> Environment:
            number = next(numbers)
            return {
                "DISPATCH_BROKER_URL": ";".join(f"{each}/{number}" for each in running.url.split(";")),
                "DISPATCH_BROKER_MASTER": redis_servers.MASTER,
                "DISPATCH_SENTINEL_PASSWORD": running.own_password,
            }

        yield Broker(settings, lambda _: running.fail_over(), running.mend)


@contextmanager
def _rabbitmq() -> Iterator[Broker]:
    with rabbitmq.node() as running:
        numbers = iter(range(1, 16))

        def settings() -> Environment:
            host = f"v{next(numbers)}"
            running.control("add_vhost", host)
            running.control("set_permissions", "-p", host, "guest", ".*", ".*", ".*")
            return {"DISPATCH_BROKER_URL": f"{running.url.rstrip('/')}/{host}"}

        def examine() -> list[str]:
            return [f"a queue {name}" for name in running.queues() if "celery_delayed" in name]

        yield Broker(settings, lambda _: running.kill(), running.start, examine)


@contextmanager
def _embedded() -> Iterator[Broker]:
    yield Broker(dict, lambda up: up.kill_embedded_broker(), lambda: None)


BROKERS: Mapping[str, Callable[[], AbstractContextManager[Broker]]] = {
    "RabbitMQ": _rabbitmq,
    "Sentinel": _sentinel,
    "Redis": _redis,
    "Valkey": _embedded,
}


def missing() -> dict[str, str]:
    """Name what isn't installed, by broker or database."""
    found = {
        f"PostgreSQL {DEBIAN}": "" if debian_postgres.programs(DEBIAN) else f"postgresql-{DEBIAN}",
        "RabbitMQ": "" if rabbitmq.PROGRAM.exists() else "rabbitmq-server",
        "Redis": redis_servers.missing(),
        "Sentinel": redis_servers.missing(),
    }
    return {name: lacking for name, lacking in found.items() if lacking}


@dataclass(frozen=True)
class Outcome:
    """One combination's outcome; `odd` tells what else is wrong."""

    name: str
    verdict: Verdict
    odd: Sequence[str]
    seconds: float


def journey(
    home: Path,
    url: str | None,
    broker: Broker,
    fail: Callable[[Joined], None] | None = None,
    examined: bool = False,
) -> tuple[Verdict, list[str]]:
    """Send FAULTS faults through everything; return the verdict, and what else is wrong.

    When half of them are under way, `fail` breaks the broker, or whatever it breaks, and the other half is reported
    while it is away. `examined`: `dispatch doctor` looks at everything at the end.
    """
    released = [0.5]
    with joined(home, url, broker.settings()) as running:
        load = Load(running, FAULTS, lambda: released[0], quiet=SECONDS)
        load.start()
        try:
            _wait(load, lambda: load.tally.ended >= FAULTS // 10)
            (fail or broker.fail)(running)
            released[0] = 1.0
            if fail is None:
                time.sleep(AWAY_SECONDS)
                broker.mend()
            _wait(load, lambda: load.over)
        finally:
            load.give_up()
        found = verdict.count(running, load)
        bad = running.bad() if examined else []
        odd = [*bad, *broker.examine(), *(["fewer faults than were to be reported"] if found.tickets < FAULTS else [])]
    return found, odd


def _wait(load: Load, condition: Callable[[], bool]) -> None:
    """Wait for the condition or the end of the load, whichever comes first, at most SECONDS."""
    deadline = time.monotonic() + SECONDS
    while not condition() and not load.over and time.monotonic() < deadline:
        time.sleep(0.1)


def lane(kind: str, databases: Mapping[str, Callable[[], str | None]], folder: Path) -> list[Outcome]:
    """Run one broker with every database, one after the other. Its processes belong to this thread."""
    outcomes: list[Outcome] = []
    with BROKERS[kind]() as broker:
        for name, new_url in databases.items():
            home = folder / f"{name}-{kind}".replace(" ", "-").lower()
            play = partial(journey, home, new_url(), broker, examined=not outcomes)
            outcomes.append(_told(f"{name} × {kind}", play))
    return outcomes


def _told(name: str, play: Callable[[], tuple[Verdict, list[str]]]) -> Outcome:
    """Play a journey and tell its outcome. What keeps it from its end is part of it: the others go on."""
    began = time.monotonic()
    try:
        counted, odd = play()
    except Exception as broken:
        counted, odd = Verdict(0, 0, [], []), [f"{type(broken).__name__}: {broken}"]
    outcome = Outcome(name, counted, odd, time.monotonic() - began)
    said = f"{counted.tickets} faults, {len(counted.lost)} lost, {len(counted.doubled)} doubled"
    more = "".join(f"; {each}" for each in (*counted.lost, *counted.doubled, *odd))
    print(f"{name}: {said}, {outcome.seconds:.0f} s{more}", flush=True)
    return outcome


def switch_over(folder: Path) -> list[Outcome]:
    """Kill the primary in the middle and promote its standby. Replication is synchronous, as operate.md advises."""
    port, standby_port = free_port(), free_port()
    with debian_server(port, version=DEBIAN) as primary:
        data = primary.data.parent / "standby"
        standby = primary.standby(data, standby_port)
        standby.start()
        try:
            primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
            primary.sql("SELECT pg_reload_conf()")
            primary.sql("CREATE DATABASE paidan")
            one = primary.url_of("paidan")
            both = one.replace(f":{port}/", f":{port},127.0.0.1:{standby_port}/")  # as libpq writes several hosts

            def over(_: Joined) -> None:
                primary.stop("immediate")
                standby.promote()

            with _embedded() as broker:
                name = f"PostgreSQL {DEBIAN} switched over × Valkey"
                outcome = _told(name, partial(journey, folder / "switched", both, broker, over))
        finally:
            standby.stop("immediate")
    return [outcome]


@contextmanager
def databases(lacking: Mapping[str, str]) -> Iterator[Mapping[str, Callable[[], str | None]]]:
    """Start the servers; give by name what makes a new database and returns its URL, None for SQLite."""
    with ExitStack() as running:
        found: dict[str, Callable[[], str | None]] = {}
        if f"PostgreSQL {DEBIAN}" not in lacking:
            debian = running.enter_context(debian_server(version=DEBIAN))
            found[f"PostgreSQL {DEBIAN}"] = partial(_new_database, debian)
        wheel = running.enter_context(postgres.server())
        found["PostgreSQL 18"] = lambda: wheel.url(wheel.new_database())
        found["SQLite"] = lambda: None
        yield found


def _outcomes(name: str, lane: Future[list[Outcome]]) -> list[Outcome]:
    """Return a lane's outcomes; where its servers didn't start, or didn't stop, one that says so."""
    if broken := lane.exception():
        return [_told(name, partial(_raise, broken))]
    return lane.result()


def _raise(broken: BaseException) -> tuple[Verdict, list[str]]:
    raise broken


def _new_database(server: DebianPostgres) -> str:
    name = f"paidan_{secrets.token_hex(4)}"
    server.sql(f"CREATE DATABASE {name}")
    return server.url_of(name)


def main() -> int:
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # lost connections are the purpose here
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    lacking = missing()
    for name, package in lacking.items():
        print(f"{name}: skipped, {package} is not installed", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="paidan-others-", ignore_cleanup_errors=True) as folder,
        databases(lacking) as found,
        ThreadPoolExecutor(AT_ONCE) as lanes,
    ):
        todo = {kind: lanes.submit(lane, kind, found, Path(folder)) for kind in BROKERS if kind not in lacking}
        if f"PostgreSQL {DEBIAN}" not in lacking:
            todo["the switch-over"] = lanes.submit(switch_over, Path(folder))
        outcomes = [outcome for name, each in todo.items() for outcome in _outcomes(name, each)]
    lost = sum(len(each.verdict.lost) for each in outcomes)
    doubled = sum(len(each.verdict.doubled) for each in outcomes)
    faults = sum(each.verdict.tickets for each in outcomes)
    good = not lost and not doubled and not any(each.odd for each in outcomes)
    print(f"others: {len(outcomes)} combinations, {faults} faults, {lost} lost, {doubled} doubled")
    return 0 if good and not (lacking and os.environ.get("CI")) else 1


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())

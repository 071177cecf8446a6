"""`make bench-postgresql`: Debian's PostgreSQL 15, untouched, beside the newest server, in turns (A B A B …).

Each turn is a new database and a new `dispatch up` with everything that it runs. Eight clients take 200 faults through
the REST API, from the report over four visits that people claim and report to the archive. Then nobody does anything,
and what all processes together take of the processor is counted, those of the server too.

Both servers are as their makers leave them, their commits on the disk, and are reached by TCP.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import psycopg
from sqlalchemy import func, make_url, select

from bench.load import processes, processor_seconds
from bench.web import Client, prepare
from chaos.joined import Joined, joined
from dispatch.domain.seal import Source
from dispatch.runtime.logs import silence_logs
from dispatch.runtime.reservation import free_port
from dispatch.storage import seals
from dispatch.storage.tables.tickets import archive_record, ticket
from tests import postgres
from tests.debian_postgres import debian_server

DEBIAN = 15
FAULTS, CLIENTS = 200, 8
ROUNDS = 3
ARCHIVED_SECONDS = 300
"""Time limit for all faults of one turn."""
SETTLE_SECONDS, SEALED_SECONDS, IDLE_SECONDS = 10, 120, 20
"""Time for surveys to leave, the limit for what is to be sealed, and then that over which the processor is counted."""
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
MOST_RATIO, MOST_IDLE = 1.3, 3.0
"""What is wanted: the medians' ratio either way, and per cent of one core."""


@dataclass(frozen=True)
class Turn:
    """One turn's seconds until all faults were archived, and the idle processes' share of one core in per cent."""

    seconds: float
    idle: float
    parts: dict[str, float]


@dataclass(frozen=True)
class Contestant:
    """A running server: its name, its superuser's URL as libpq reads it, and its first process."""

    name: str
    url: str
    pid: int

    def new_database(self, name: str) -> str:
        """Make an empty database; return its URL in SQLAlchemy's form."""
        with psycopg.connect(self.url, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        made = make_url(self.url).set(drivername="postgresql+psycopg", database=name)
        return made.render_as_string(hide_password=False)


def contestant(url: str) -> Contestant:
    """Look at a server. Raises AssertionError when its commits needn't be on the disk."""
    plain = url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as admin:

        def shown(name: str) -> str:
            row = admin.execute(f"SHOW {name}").fetchone()
            assert row is not None
            return str(row[0])

        lax = [name for name in DURABLE if shown(name) != "on"]
        assert not lax, f"not durable: {lax}"
        version, folder, jit = shown("server_version"), Path(shown("data_directory")), shown("jit")
    name = f"PostgreSQL {version.split()[0]}"
    print(f"{name}: {', '.join(f'{each} on' for each in DURABLE)}, jit {jit}", flush=True)
    return Contestant(name, plain, int((folder / "postmaster.pid").read_text().split()[0]))


@contextmanager
def contestants(folder: Path) -> Iterator[Sequence[Contestant]]:
    """Run Debian's server and the newest one. Raises RuntimeError where Debian's isn't installed."""
    with ExitStack() as running:
        debian = running.enter_context(debian_server(version=DEBIAN))
        port = free_port()
        newest = make_url(running.enter_context(postgres.server(folder / "turn", port, durable=True)))
        by_tcp = newest.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
        yield [contestant(debian.url), contestant(by_tcp)]


def played(server: Contestant, home: Path) -> Turn:
    """One turn on a new database."""
    with joined(home, server.new_database(home.name), {}) as running:
        tokens = prepare(running.database)
        clients = [Client(running.web_url, tokens) for _ in range(CLIENTS)]
        clients[0].live()  # warm
        _await_archived(running, 1)
        begun = time.monotonic()
        _all_live(clients)
        _await_archived(running, FAULTS + 1)
        took = time.monotonic() - begun
        time.sleep(SETTLE_SECONDS)
        _await_sealed(running)
        parts = idle_parts(server)
    return Turn(took, sum(parts.values()), parts)


def _all_live(clients: Sequence[Client]) -> None:
    """Let each client take its share of the faults through their lives. Raises the first error of one."""
    broken: list[BaseException] = []

    def work(client: Client) -> None:
        try:
            for _ in range(FAULTS // CLIENTS):
                client.live()
        except BaseException as wrong:
            broken.append(wrong)

    threads = [threading.Thread(target=partial(work, client), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if broken:
        raise broken[0]


def _await_archived(running: Joined, count: int) -> None:
    """Wait for so many tickets, each archived once. Raises TimeoutError, AssertionError."""
    deadline = time.monotonic() + ARCHIVED_SECONDS
    while True:
        with running.database.autocommit_read() as tx:
            records = tx.execute(select(func.count()).select_from(archive_record)).scalar_one()
        if records >= count:
            break
        if time.monotonic() > deadline:
            raise TimeoutError(f"{records} of {count} faults archived: {running.said()[-1000:]}")
        time.sleep(0.02)
    with running.database.autocommit_read() as tx:
        tickets = tx.execute(select(func.count()).select_from(ticket)).scalar_one()
    assert (records, tickets) == (count, count), f"{records} records of {tickets} tickets"


def _await_sealed(running: Joined) -> None:
    """Wait until all history is sealed, which happens once a minute: sealing is work. Raises TimeoutError."""
    deadline = time.monotonic() + SEALED_SECONDS
    while True:
        with running.database.autocommit_read() as tx:
            made = seals.last(tx)
            if made is not None and made.history_to >= seals.greatest(tx, Source.HISTORY):
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"still sealing after {SEALED_SECONDS} s: {running.said()[-1000:]}")
        time.sleep(0.1)


def idle_parts(server: Contestant) -> dict[str, float]:
    """Return by part what the processes take of one core in IDLE_SECONDS, in per cent. This process only sleeps."""
    before, since = _spent(server), time.monotonic()
    time.sleep(IDLE_SECONDS)
    after, seconds = _spent(server), time.monotonic() - since
    return {part: (after[part] - before.get(part, 0.0)) / seconds * 100 for part in sorted(after)}


def _spent(server: Contestant) -> dict[str, float]:
    """Return the processor seconds of each part so far, of its ended processes too."""
    spent: dict[str, float] = {}
    for pid in processes([server.pid]) - {os.getpid()}:
        if part := _part(pid):
            spent[part] = spent.get(part, 0.0) + processor_seconds([pid], ended=True).get(pid, 0.0)
    return spent


PARTS = (
    ("postgres", "database"),
    ("valkey", "broker"),
    ("workers.relay", "relay"),
    ("dispatch.web", "web"),
    ("flower", "Flower"),
    ("celery", "workers"),
    ("dispatch up", "supervisor"),
)
"""A process's part by the first of these words in its command line."""


def _part(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""  # gone in the meantime
    return next((part for word, part in PARTS if word in words), "others")


def main(rounds: int = ROUNDS) -> int:
    silence_logs()
    turns: dict[str, list[Turn]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="paidan-bench-", ignore_cleanup_errors=True) as folder,
        contestants(Path(folder)) as servers,
    ):
        for number in range(rounds):
            for server in servers:
                turn = played(server, Path(folder) / f"turn{number}_{server.pid}")
                turns.setdefault(server.name, []).append(turn)
                told = ", ".join(f"{part} {share:.2f}" for part, share in turn.parts.items())
                print(f"{server.name}: {turn.seconds:.1f} s, idle {turn.idle:.2f} % ({told})", flush=True)
    seconds = {name: median(turn.seconds for turn in each) for name, each in turns.items()}
    idle = {name: median(turn.idle for turn in each) for name, each in turns.items()}
    debian, newest = seconds
    ratio = seconds[debian] / seconds[newest]
    figures = ", ".join(f"{name} {seconds[name]:.1f} s, idle {idle[name]:.1f} %" for name in seconds)
    print(f"postgresql: {FAULTS} faults by {CLIENTS} clients archived: {figures}, ratio {ratio:.2f}, {_where()}")
    good = 1 / MOST_RATIO <= ratio <= MOST_RATIO and max(idle.values()) < MOST_IDLE
    return 0 if good else 1


def _where() -> str:
    return f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))

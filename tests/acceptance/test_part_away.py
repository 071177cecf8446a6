"""A part of the whole installation is away while people work: what can be read is read within a second, changes are
refused with their reason and a time, all heals by itself, and nothing is lost or done twice. A full disk is in
`test_full_disk`."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from dispatch.storage.field_cipher import new_keys
from tests.acceptance.conftest import PROJECT, Home, eventually
from tests.acceptance.people_at_work import ACCOUNTS, BOARD, REPORT, Desk, at_work
from tests.debian_postgres import VERSIONS, DebianPostgres, debian_server, programs

pytestmark = pytest.mark.system

HELD_SECONDS = 7
"""Longer than a writer's patience. By hand it was also held for a minute."""
DATABASE = "paidan"


class Guarded(Home):
    """An installation whose processes can't write a file that its mode forbids to write, even where root runs them."""

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
        return self.started([*words, *self.command(*arguments)])


@pytest.fixture(scope="module")
def server() -> Iterator[DebianPostgres]:
    if programs() is None and not os.environ.get("CI"):
        pytest.skip(f"Debian's PostgreSQL is not installed: no server in {VERSIONS}")
    with debian_server() as running:
        running.sql(f"CREATE DATABASE {DATABASE}")
        yield running


@contextmanager
def _running(home: Home) -> Iterator[Desk]:
    """Run everything with one worker and a rules file of its own."""
    home.folder.mkdir(mode=0o700)
    rules = shutil.copy(PROJECT / "routing_rules.yaml", home.folder.parent)
    home.settings |= {"DISPATCH_WORKERS": "1", "DISPATCH_RULES": str(rules)}
    home.done("migrate")
    with home.up():
        yield Desk(home)


@pytest.fixture(scope="module")
def on_postgresql(server: DebianPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    field_keys, index_key = new_keys()
    keys = {"DISPATCH_FIELD_KEYS": field_keys, "DISPATCH_INDEX_KEY": index_key}
    settings = {"DISPATCH_DATABASE_URL": server.url_of(DATABASE), **keys}
    with _running(Home(tmp_path_factory.mktemp("server") / "paidan", settings=settings)) as desk:
        yield desk


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with _running(Guarded(tmp_path_factory.mktemp("file") / "paidan")) as desk:
        yield desk


def answered(caller: httpx2.Client, path: str) -> httpx2.Response:
    """Return the answer, which must come within a second. On a busy machine one of three must: what waits for the part
    that is away would be late each time."""
    for _ in range(3):
        began = time.monotonic()
        answer = caller.get(path)
        if time.monotonic() - began < 1:
            return answer
    raise AssertionError(f"{path} takes longer than a second: {answer}")


def can_be_read(noc: httpx2.Client) -> None:
    for path in ("/healthz", BOARD):
        assert answered(noc, path).status_code == 200, path


def is_refused(answer: httpx2.Response, code: str) -> bool:
    """Whether it is a refusal with this code, which says when to come again."""
    return (answer.status_code, answer.json().get("code")) == (503, code) and int(answer.headers["retry-after"]) >= 1


def change_is_refused(clerk: httpx2.Client, code: str) -> None:
    eventually(lambda: is_refused(clerk.post("/api/v1/faults", json={"account": ACCOUNTS[0], **REPORT}), code))


def is_ready(caller: httpx2.Client) -> bool:
    return caller.get("/readyz").status_code == 200


def is_red(caller: httpx2.Client, *reasons: str) -> bool:
    answer = caller.get("/readyz")
    return answer.status_code == 503 and any(reason in answer.json()["detail"] for reason in reasons)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_stopped_database_is_told_and_everything_goes_on_when_it_is_back(
    on_postgresql: Desk, server: DebianPostgres, mode: str
) -> None:
    with at_work(on_postgresql) as people, on_postgresql.client("chen") as clerk, on_postgresql.client("zhao") as noc:
        server.stop(mode)
        try:
            eventually(lambda: is_red(noc, "the database is out of reach", "the database was stopped"))
            assert answered(noc, "/healthz").status_code == 200
            assert is_refused(answered(noc, BOARD), "unavailable")
            change_is_refused(clerk, "unavailable")
        finally:
            server.start()
        eventually(lambda: is_ready(noc))
        can_be_read(noc)
        people.goes_on()


@contextmanager
def read_only(server: DebianPostgres) -> Iterator[None]:
    """The database takes no changes, and connections are cut, as after a switch-over."""
    server.sql(f"ALTER DATABASE {DATABASE} SET default_transaction_read_only = on")
    server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{DATABASE}'")
    try:
        yield
    finally:
        server.sql(f"ALTER DATABASE {DATABASE} RESET default_transaction_read_only")


def test_a_read_only_database_is_read_also_when_the_rules_file_is_edited_meanwhile(
    on_postgresql: Desk, server: DebianPostgres
) -> None:
    rules = Path(on_postgresql.home.settings["DISPATCH_RULES"])
    with at_work(on_postgresql) as people, on_postgresql.client("chen") as clerk, on_postgresql.client("zhao") as noc:
        before = noc.get("/api/v1/rules").json()["version"]
        with read_only(server):
            change_is_refused(clerk, "unavailable")
            eventually(lambda: is_red(noc, "the database is read-only"))
            can_be_read(noc)
            rules.write_text(f"{rules.read_text()}\n# edited\n")
            assert noc.get("/api/v1/rules").json()["version"] == before
            can_be_read(noc)
            change_is_refused(clerk, "unavailable")
            assert is_red(noc, "the database is read-only")
        eventually(lambda: is_ready(noc))
        people.goes_on()
        eventually(lambda: noc.get("/api/v1/rules").json()["version"] != before)


def test_without_a_broker_faults_are_taken_and_they_go_on_when_it_is_back(on_postgresql: Desk) -> None:
    home = on_postgresql.home
    with at_work(on_postgresql) as people, on_postgresql.client("zhao") as noc:
        broker = home.child("valkey")
        os.kill(broker, signal.SIGSTOP)  # connections stay, and never answer
        try:
            people.goes_on()
            can_be_read(noc)
            assert is_ready(noc), "the web needs no broker"
        finally:
            os.kill(broker, signal.SIGCONT)
        os.kill(broker, signal.SIGKILL)
        people.goes_on()
        eventually(lambda: home.child("valkey") != broker)
    assert not people.refused


def test_a_lock_that_somebody_holds_keeps_only_changes_waiting_for_their_patience(on_sqlite: Desk) -> None:
    file = on_sqlite.home.folder / "paidan.db"
    with at_work(on_sqlite) as people, on_sqlite.client("chen") as clerk, on_sqlite.client("zhao") as noc:
        with contextlib.closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as other:
            other.execute("BEGIN IMMEDIATE")
            until = time.monotonic() + HELD_SECONDS
            while time.monotonic() < until:
                can_be_read(noc)
                time.sleep(0.2)
            assert is_red(noc, "the database is busy", "the database took too long")
            change_is_refused(clerk, "busy")
            can_be_read(noc)
            other.execute("ROLLBACK")
        eventually(lambda: is_ready(noc))
        people.goes_on()


def test_a_file_that_may_not_be_written_is_read_also_by_processes_that_start_meanwhile(on_sqlite: Desk) -> None:
    home = on_sqlite.home
    file = home.folder / "paidan.db"
    with at_work(on_sqlite, web_restarts=True) as people, on_sqlite.client("chen") as clerk:
        file.chmod(0o400)
        try:
            for words in (("dispatch.web",), ("workers.relay",), ("celery", "worker1")):
                os.kill(home.child(*words), signal.SIGKILL)  # open files stay writable
            with on_sqlite.client("zhao") as noc:

                def red() -> bool:
                    with contextlib.suppress(httpx2.HTTPError):
                        return is_red(noc, "the database is read-only")
                    return False

                eventually(red)
                can_be_read(noc)
                change_is_refused(clerk, "unavailable")
        finally:
            file.chmod(0o600)
        eventually(lambda: is_ready(clerk))
        people.goes_on()

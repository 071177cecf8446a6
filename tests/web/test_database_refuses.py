"""A database that takes no changes: what is refused says so, what can be read is read, and all heals by itself."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, make_url
from sqlalchemy.exc import TimeoutError

from dispatch.domain.roles import Role
from dispatch.storage import database_faults as faults
from dispatch.storage.database import Database
from dispatch.storage.database_faults import OF_SQLITE, OF_SQLSTATE
from dispatch.storage.writers_queue import WritersQueue
from dispatch.web.api import teams
from tests.storage.test_database_faults import of_postgresql, of_sqlite, read_only
from tests.web.conftest import API, Web
from tests.web.test_problems import broken

REFUSALS: list[tuple[Exception, faults.DatabaseFault]] = [
    *((of_postgresql(state), fault) for state, fault in OF_SQLSTATE.items()),
    *((of_sqlite(code), fault) for code, fault in OF_SQLITE.items()),
    (TimeoutError("pool"), faults.CROWDED),
]


def test_every_refusal_of_the_database_is_a_503_with_a_time_for_programs_and_for_people(
    small_web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    noc = small_web.program("zhao", Role.NOC)
    for wrong, fault in REFUSALS:
        monkeypatch.setattr(teams, "_told", broken(wrong))
        answer = noc.get(f"{API}/teams")
        assert (answer.status_code, answer.json()["code"]) == (503, fault.error().code), fault
        assert answer.headers["retry-after"] == str(fault.retry_after)
        assert fault.why.en in answer.json()["detail"]
        assert "DISPATCH_DATABASE_URL" not in answer.text


def test_a_page_tells_of_a_refusal_in_the_readers_language(small_web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = small_web.browser("zhao", Role.NOC)
    monkeypatch.setattr(small_web.installation, "rulebook", broken(of_sqlite(sqlite3.SQLITE_FULL)))
    page = browser.get("/teams/noc", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["retry-after"]) == (503, "10")
    assert "磁盘已满" in page.text
    assert "系统出错" not in page.text


@contextmanager
def refusing(database: Database) -> Iterator[None]:
    """The database is read-only: PostgreSQL as after a switch-over, SQLite as with a file that nobody may write."""
    if database.kind == "postgresql":
        with read_only(database):
            yield
        return

    def forbid(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    database.dispose()
    event.listen(database.engine, "connect", forbid)
    try:
        yield
    finally:
        event.remove(database.engine, "connect", forbid)


def test_a_read_only_database_refuses_changes_shows_boards_and_heals_by_itself(web: Web) -> None:
    ticket, noc = web.on_board(), web.browser("zhao", Role.NOC)
    claim = f"{API}/hops/{ticket}/claim"
    assert web.client().get("/readyz").status_code == 200
    with refusing(web.database):
        refused = noc.post(claim, json={})
        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
            503,
            "unavailable",
            "10",
        )
        ready = web.client().get("/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "unavailable")
        assert "the database is read-only" in ready.json()["detail"]
        board = noc.get("/teams/noc", headers={"Accept": "text/html"})
        assert (board.status_code, ticket in board.text) == (200, True)
    deadline = time.monotonic() + 10
    while web.client().get("/readyz").status_code != 200 and time.monotonic() < deadline:
        pass
    assert noc.post(claim, json={}).status_code == 200
    assert web.client().get("/readyz").status_code == 200


def test_a_full_disk_stays_red_until_a_change_was_taken(small_web: Web) -> None:
    small_web.database.refused = faults.FULL
    ready = small_web.client().get("/readyz")
    assert (ready.status_code, ready.json()["code"]) == (503, "unavailable")
    assert "the database's disk is full" in ready.json()["detail"]
    with small_web.database.write():
        pass
    assert small_web.client().get("/readyz").status_code == 200


HOLDER = """
import fcntl, sys
with open(sys.argv[1], "a") as queue:
    fcntl.flock(queue, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(database: Database) -> Iterator[None]:
    """Another process holds the turn of SQLite's writers."""
    file = f"{make_url(database.url).database}-queue"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.stdin.close()


def took(act: Any) -> tuple[Any, float]:
    began = time.monotonic()
    return act(), time.monotonic() - began


def test_while_thirty_writers_wait_for_a_held_lock_boards_and_health_answer_at_once(
    small_web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets = [small_web.on_board(f"GZ{number}") for number in range(1, 4)]
    noc = small_web.browser("zhao", Role.NOC)
    noc.get("/teams/noc")  # the first request makes the application's middleware and templates
    turn = WritersQueue.turn
    monkeypatch.setattr(WritersQueue, "turn", lambda self, patience: turn(self, min(patience, 1.5)))
    waiting = threading.Barrier(31)

    def claim(number: int) -> Any:
        waiting.wait()
        return noc.post(f"{API}/hops/{tickets[number % 3]}/claim", json={})

    with held(small_web.database), ThreadPoolExecutor(30) as pool:
        claims = [pool.submit(claim, number) for number in range(30)]
        waiting.wait()
        time.sleep(0.3)  # until all are in the queue
        for path in ("/healthz", "/teams/noc", "/healthz", "/teams/noc"):
            answer, seconds = took(lambda path=path: noc.get(path, headers={"Accept": "text/html"}))
            assert (answer.status_code, seconds < 1) == (200, True), (path, seconds)
        ready, seconds = took(lambda: small_web.client().get("/readyz"))
        assert (ready.status_code, ready.json()["code"], seconds < 2) == (503, "busy", True)
        assert not any(claim.done() and claim.result().status_code != 503 for claim in claims)
        for refused in (claim.result() for claim in claims):
            assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "busy", "1")
    assert small_web.client().get("/readyz").status_code == 200
    assert noc.post(f"{API}/hops/{tickets[0]}/claim", json={}).status_code == 200

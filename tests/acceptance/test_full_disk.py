"""A disk that fills up while everything runs: reading goes on, changes are refused, and all heals by itself."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.acceptance.conftest import Home, eventually
from tests.acceptance.test_journey_by_hand import CLERK, NOT_SOLVED, ZHAO, handle, links
from tests.faulty_lines import faulty
from tests.small_disk import fill, small_disk

ACCOUNTS = list(islice(faulty(), 4))

pytestmark = pytest.mark.system

SIZE = 16_000_000
REPORT = {
    "symptom": "no-internet",
    "description": "断网",
    "answers": [dict(zip(("question", "answer"), each.split("="), strict=True)) for each in NOT_SOLVED],
}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """An installation on a disk of its own."""
    with small_disk(tmp_path / "disk", SIZE) as disk:
        yield Home(disk / "paidan", settings={"DISPATCH_WORKERS": "1"})


def client(home: Home, name: str, role: str) -> httpx2.Client:
    home.done("user", "add", name, "--role", role)
    token = home.read("token", name)["token"]
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    return httpx2.Client(base_url=home.address("web"), headers=headers, timeout=20)


def submit(caller: httpx2.Client, account: str) -> httpx2.Response:
    return caller.post("/api/v1/faults", json={"account": account, **REPORT}, headers={"Idempotency-Key": account})


def took(reader: httpx2.Client, path: str) -> tuple[int, float]:
    began = time.monotonic()
    return reader.get(path).status_code, time.monotonic() - began


def red(reader: httpx2.Client) -> str:
    """Why the web isn't ready; empty while it is."""
    answer = reader.get("/readyz")
    return "" if answer.status_code == 200 else str(answer.json()["detail"])


def killed_and_back(home: Home, relay: int) -> int:
    """Kill the relay; return its successor, once that has come to its work."""
    os.kill(relay, signal.SIGKILL)

    def working() -> list[int]:
        """It catches SIGTERM just before, and can't write a mark."""
        others = [pid for pid, words in home.processes().items() if "workers.relay" in words and pid != relay]
        return [pid for pid in others if catches(pid, signal.SIGTERM)]

    return int(eventually(working)[0])


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether the process has a handler for the signal. Source: proc(5), SigCgt."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(mask, 16) >> (number - 1) & 1)


def archived(home: Home, ticket: str) -> bool:
    return bool(home.read("show", ticket)["records"]) and bool(links(home, ticket))


def test_a_full_disk_refuses_changes_shows_boards_and_loses_and_doubles_nothing(home: Home) -> None:
    with home.up():
        disk = home.folder.parent
        for account in ACCOUNTS:
            home.done("account", "add", account, "--area", "tianhe", "--mobile", "13800138000", *CLERK)
        clerk, noc = client(home, "chen", "agent-10086"), client(home, "zhao", "noc")
        with clerk, noc:
            accepted = [submit(clerk, account).json()["ticket"] for account in ACCOUNTS[:2]]
            eventually(lambda: len(noc.get("/api/v1/teams/noc/board").json()["items"]) == 2)
            before = home.processes().keys()
            filling = fill(disk)

            def refused() -> Any:
                answer = submit(clerk, ACCOUNTS[2])
                return answer if answer.status_code == 503 else None

            # whole pages of the write-ahead log may be written over for a while
            answer = eventually(refused)
            assert int(answer.headers["retry-after"]) >= 1
            assert "disk is full" in answer.json()["detail"]
            assert "the database's disk is full" in eventually(lambda: red(noc))
            for path in ("/healthz", "/api/v1/teams/noc/board"):
                status, seconds = took(noc, path)
                assert (status, seconds < 1) == (200, True), (path, status, seconds)
            assert home.processes().keys() >= before, "the full disk ended nobody"
            killed = home.child("workers.relay")
            relay = killed_and_back(home, killed)
            filling.unlink()
            eventually(lambda: noc.get("/readyz").status_code == 200)
            answers = [submit(clerk, account) for account in ACCOUNTS[2:]]
            assert [answer.status_code for answer in answers] == [201, 201]
            tickets = accepted + [answer.json()["ticket"] for answer in answers]
        assert home.child("workers.relay") == relay, "it could start on the full disk"
        for ticket in tickets:
            handle(home, ticket, "noc", ZHAO, "fixed", "cause=configuration")
        for ticket in tickets:
            eventually(partial(archived, home, ticket))
        assert home.processes().keys() >= (before - {killed}) | {relay}
    assert sorted(row["number"] for row in home.read("tickets")) == sorted(tickets), "none lost, none doubled"
    for ticket in tickets:
        whole = home.read("show", ticket)
        assert [hop["team"] for hop in whole["hops"]] == ["noc", "archive", "callback-survey"]
        assert len(whole["records"]) == 1
        assert len(links(home, ticket)) == 1


def test_commands_on_a_full_disk_name_it_and_leave_everything_as_it_was(home: Home, tmp_path: Path) -> None:
    home.done("migrate")
    backup, database = tmp_path / "kept.backup", home.folder / "paidan.db"
    home.done("backup", str(backup))
    before = database.read_bytes()
    filling = fill(home.folder.parent)
    status, _, err = home.run("up")
    assert (status, "disk-full" in err, "Traceback" in err) == (1, True, False), err
    assert f"The disk of {home.folder}/run/up.lock is full" in err
    status, _, err = home.call("restore", str(backup), "--replace", "--json")
    assert f"{home.folder}: No space left on device" in err
    assert (status, database.read_bytes(), not list(home.folder.glob("*restoring*"))) == (1, before, True)
    status, _, err = home.call("tickets")
    assert "disk is full" in err or not status, err
    filling.unlink()
    home.done("restore", str(backup), "--replace")

"""Children killed and the broker emptied while cases are under way: the same figures at the end."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
import redis

from tests.acceptance.conftest import Home, eventually

pytestmark = pytest.mark.system

CASES = 400


def log(folder: Path) -> tuple[str, str]:
    """A log of so many cases over two groups, and its mapping."""
    head = "number,sys_mod_count,opened_at,assignment_group,reopen_count,priority"
    rows = [
        f"{n:05},{k},2024-03-04T06:{n // 60 % 60:02}:00,{group},0,3"
        for n in range(CASES)
        for k, group in enumerate(("1", "2", "1") if n % 3 else ("1",))
    ]
    file, mapping = folder / "log.csv", folder / "mapping.yaml"
    file.write_text("\n".join([head, *rows]) + "\n")
    mapping.write_text(
        "version: 1\nwithout_group: noc\npriorities: {1: 1, 2: 2, 3: 3, 4: 4}\n"
        'groups:\n  noc: ["1"]\n  installer: ["2"]\n'
    )
    return str(file), str(mapping)


def process_of(home: Home, name: str) -> int:
    return int((home.folder / f"run/{name}.ready").read_text())


def child_of(parent: int, words: str) -> int:
    found = subprocess.run(["pgrep", "-P", str(parent), "-f", words], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])


def test_kills_and_an_emptied_broker_lose_nothing_and_double_nothing(home: Home, tmp_path: Path) -> None:
    file, mapping = log(tmp_path)
    with home.up() as up:
        replay = home.start("replay", file, "--mapping", mapping, "--name", "storm")
        accepted = home.folder / "ledger.tsv"
        eventually(lambda: accepted.exists() and "noc.board" in accepted.read_text())
        for name in ("worker1", "relay", "worker2"):
            before = process_of(home, name)
            os.kill(before, signal.SIGKILL)
            eventually(lambda name=name, before=before: process_of(home, name) != before)
        pool = child_of(process_of(home, "worker1"), "celery")
        os.kill(pool, signal.SIGKILL)
        broker = redis.Redis.from_url((home.folder / "run/broker.url").read_text().strip())
        broker.flushall()
        broker.close()
        os.kill(child_of(up.pid, "valkey"), signal.SIGKILL)
        out, err = replay.communicate(timeout=150)
        assert replay.returncode == 0, (out, err)
        last = out.strip().splitlines()[-1]
        assert last.startswith(f"replay: {CASES} accepted, {CASES} archived, 0 reopened, "), last
        assert ", 0 lost, 0 doubled, " in last


def test_killed_itself_it_leaves_no_child_behind_and_a_second_start_is_refused_while_it_runs(home: Home) -> None:
    with home.up() as up:
        status, _, err = home.run("up")
        assert status == 1
        assert "already-running" in err
        children = [process_of(home, name) for name in ("relay", "worker1", "worker2")]
        up.kill()
        up.wait()
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))

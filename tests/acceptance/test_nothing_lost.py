"""A replay survives kills and stops with the same figures at its end. All other troubles are tested in `chaos/`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from chaos.processes import children
from tests.acceptance.conftest import Home, eventually

pytestmark = pytest.mark.system

CASES = 150
HOPS = CASES // 3 * (3 + 5 + 5)
"""A case of one visit has three hops, its archive and its survey included; one of three visits has five."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The arguments of a replay: a log with this many cases, ten a minute, and its mapping."""
    folder = tmp_path_factory.mktemp("log")
    rows = [
        f"{n:05},{k},2024-03-04T06:{n // 10:02}:{n % 10 * 6:02},{group},0,3"
        for n in range(CASES)
        for k, group in enumerate(("1", "2", "1") if n % 3 else ("1",))
    ]
    head = "number,sys_mod_count,opened_at,assignment_group,reopen_count,priority"
    (folder / "log.csv").write_text("\n".join([head, *rows]) + "\n")
    (folder / "mapping.yaml").write_text(
        "version: 1\nwithout_group: noc\npriorities: {1: 1, 2: 2, 3: 3, 4: 4}\n"
        'groups:\n  noc: ["1"]\n  installer: ["2"]\n'
    )
    return "replay", str(folder / "log.csv"), "--mapping", str(folder / "mapping.yaml")


@contextmanager
def load(home: Home, log: tuple[str, ...], name: str, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Report the log's cases evenly over so many seconds; the block begins when the first are accepted."""
    speed = CASES * 6 / seconds
    replay = home.start(*log, "--name", name, "--speed-up", f"{speed:.1f}")
    try:
        eventually(lambda: accepted(home, name) > 0)
        yield replay
    finally:
        if replay.poll() is None:
            replay.kill()
        replay.communicate()


@pytest.fixture
def small(home: Home) -> Home:
    """An installation with one worker, which starts sooner."""
    home.settings = {"DISPATCH_WORKERS": "1"}
    return home


def accepted(home: Home, name: str) -> int:
    file = home.folder / "ledger.tsv"
    return file.read_text().count(f"accepted/{name}\t") if file.exists() else 0


def is_whole(replay: subprocess.Popen[str]) -> None:
    """Check that the replay ends and that its last line counts each case once."""
    out, err = replay.communicate(timeout=100)
    assert replay.returncode == 0, (out, err)
    figures = rf"replay: {CASES} accepted, {CASES} archived, 0 reopened, {HOPS} hops, 0 lost, 0 doubled, \d+ hops/s"
    last = out.strip().splitlines()[-1]
    assert re.fullmatch(figures, last), last


def _says_other_than(file: Path, before: str) -> bool:
    return file.read_text() != before


def killed(home: Home, *words: str) -> Callable[[], object]:
    """Kill -9 the child whose command line has these words; return what waits for its successor."""
    before = home.child(*words)
    os.kill(before, signal.SIGKILL)

    def successors() -> set[int]:
        return {pid for pid, line in home.processes().items() if all(w in line for w in words)} - {before}

    return lambda: eventually(successors)


def test_any_killed_child_is_replaced_and_nothing_is_lost_or_doubled(running: Home, log: tuple[str, ...]) -> None:
    with load(running, log, "kills", 20) as replay:
        back = [killed(running, name) for name in ("flower", "dispatch.web")]
        ready = {
            mark: mark.read_text() for mark in (running.folder / f"run/{name}.ready" for name in ("relay", "worker1"))
        }
        for before in ready.values():
            os.kill(int(before), signal.SIGKILL)
        for mark, before in ready.items():
            eventually(partial(_says_other_than, mark, before))
        main = int((running.folder / "run/worker1.ready").read_text())
        pool = eventually(lambda: children(main))[0]
        os.kill(pool, signal.SIGKILL)
        eventually(lambda: [pid for pid in children(main) if pid != pool])
        back.append(killed(running, "valkey"))
        assert replay.poll() is None, "the load was over before the last kill"
        for is_back in back:
            is_back()
        is_whole(replay)


def test_a_replay_killed_half_way_resumes_under_its_name_and_ends_with_the_same_figures(
    running: Home, log: tuple[str, ...]
) -> None:
    with load(running, log, "cut", 5) as replay:
        eventually(lambda: accepted(running, "cut") > CASES / 3)
        replay.kill()
        replay.wait()
    assert accepted(running, "cut") < CASES
    with load(running, log, "cut", 2) as again:
        is_whole(again)


def test_a_replay_gives_its_report_as_json_and_nothing_else(running: Home, log: tuple[str, ...]) -> None:
    status, out, err = running.call(*log, "--name", "told", "--limit", "3", "--json")
    told = json.loads(out)
    assert (status, err) == (0, "")
    assert (told["run"], told["accepted"], told["archived"], told["hops"]) == ("told", 3, 3, 3 + 5 + 5)
    assert (told["good"], told["lost"], told["doubled"], told["hops_by_team"]["installer"]) == (True, [], [], 2)


def test_a_second_supervisor_on_the_same_home_is_refused_while_the_first_runs(running: Home) -> None:
    status, out, err = running.run("up")
    assert (status, out) == (1, "")
    assert "already-running" in err
    assert str(running.folder) in err
    assert running.child("workers.relay")


def test_a_killed_supervisor_takes_its_children_along_and_the_next_start_ends_the_cases(
    small: Home, log: tuple[str, ...]
) -> None:
    with small.up() as first, load(small, log, "crash", 4) as replay:
        eventually(lambda: accepted(small, "crash") > CASES / 2)
        first.kill()
        first.wait()
        eventually(lambda: set(small.processes()) == {replay.pid}, 5)
        with small.up() as second:
            is_whole(replay)
            second.send_signal(signal.SIGTERM)
            second.wait(60)
            assert second.returncode == 0
            left = (small.folder / "run").iterdir()
            marks = [file.name for file in left if file.is_file() and file.name != "up.lock"]
            assert marks == []
    assert not small.processes()


def test_a_supervisor_stopped_with_cases_under_way_ends_in_order_and_keeps_them(
    small: Home, log: tuple[str, ...]
) -> None:
    with small.up() as first, load(small, log, "stop", 4) as replay:
        eventually(lambda: accepted(small, "stop") > CASES / 2)
        first.send_signal(signal.SIGTERM)
        assert first.wait(60) == 0
        eventually(lambda: set(small.processes()) == {replay.pid}, 5)
        for name in ("relay", "worker1"):  # the broker stops last, so no process missed it
            told = (small.folder / f"log/{name}.log").read_text()
            assert "Connection refused" not in told, told
            assert "out of reach" not in told, told
        assert (small.folder / "log/broker.log").exists()
        replay.kill()
        replay.wait()
    status, out, err = small.run(*log, "--name", "stop")  # no process runs now: the replay starts everything itself
    assert status == 0, (out, err)
    assert f"{CASES} accepted, {CASES} archived, 0 reopened, {HOPS} hops, 0 lost, 0 doubled" in out
    assert not small.processes()

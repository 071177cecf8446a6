"""docs/rules.md, word by word: a new team needs its lines in the rules and one worker module, a new rule one line."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import PROJECT, Home, eventually
from tests.faulty_lines import faulty

pytestmark = pytest.mark.system

CLERK = ("--as", "chen", "--role", "clerk")
ZHAO = ("--as", "zhao", "--role", "noc")
WU = ("--as", "wu", "--role", "construction")

LINE = next(faulty())
MANUAL = PROJECT / "docs/rules.md"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project as an operator has it."""
    folder = tmp_path / "copy"
    for name in ("dispatch", "workers"):
        unread = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / name, folder / name, symlinks=True, ignore=unread)
    for folder_of_its_own in ("tests", "docs"):
        (folder / folder_of_its_own).mkdir()
    files = (
        "routing_rules.yaml",
        "prehandling.yaml",
        "marketing_plans.yaml",
        "messages.yaml",
        "complaints.yaml",
        "replay_mapping.yaml",
    )
    for name in (*files, "tests/routing_cases.yaml"):
        shutil.copy(PROJECT / name, folder / name)
    return folder


def contents(folder: Path) -> dict[str, str]:
    there = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    files = (file for file in there if "__pycache__" not in file.parts)
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def chapter(heading: str) -> tuple[str, list[str]]:
    """The change that a chapter of the manual prints, and the commands below it."""
    text = MANUAL.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    (change,) = re.findall(r"^```diff\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    commands = re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return change, [line.removeprefix("dispatch ") for block in commands for line in block.splitlines()]


def follow(heading: str, home: Home) -> None:
    """Make the chapter's change and give its commands, as printed; each must succeed."""
    change, commands = chapter(heading)
    subprocess.run(["git", "apply"], cwd=home.project, input=change, text=True, check=True)
    assert commands
    for command in commands:
        status, out, err = home.run(*command.split())
        assert status == 0, (command, out, err)


NEXT_START = "nobody serves the new team 'field-power' yet: it takes effect at the next start"


def test_the_manual_adds_a_team_and_a_rule_to_a_running_system(copy: Path, tmp_path: Path) -> None:
    before = contents(copy)
    home = Home(tmp_path / "paidan", project=copy, settings={"DISPATCH_WORKERS": "1"})
    with home.up():
        home.done("account", "add", LINE, "--area", "tianhe", "--mobile", "13800138000", *CLERK)
        submitted(home, "F00000001")
        follow("Add a team", home)
        changed = {name for name, digest in contents(copy).items() if before.get(name) != digest}
        assert changed == {"routing_rules.yaml", "tests/routing_cases.yaml", "workers/teams/field_power.py"}
        assert NEXT_START in home.run("rules", "check")[1]
        assert NEXT_START in home.run("board", "noc")[2]
        assert NEXT_START in home.run("doctor")[1].replace("\n", " ")
        eventually(lambda: NEXT_START in (home.folder / "log/relay.log").read_text(encoding="utf-8"))
        assert "field-power" not in [team["team"] for team in home.read("teams")]

    with home.up():
        assert home.run("board", "noc")[2] == ""
        handle(home, "F00000001", "noc", ZHAO, "--finding", "power-fault", "--evidence", "test-result=-31 dBm")
        handle(home, "F00000001", "field-power", WU, "--finding", "fixed", "--evidence", "cause=power")
        eventually(lambda: home.read("show", "F00000001")["hops"][-1]["state"] == "waiting")
        home.done("survey", "satisfied", "--ticket", "F00000001", "--as", "he", "--role", "agent-10086")
        whole = home.read("show", "F00000001")
        assert [hop["team"] for hop in whole["hops"]] == ["noc", "field-power", "archive", "callback-survey"]
        assert (whole["ticket"]["state"], whole["ticket"]["outcome"]) == ("closed", "satisfied")

        follow("Add a rule", home)
        submitted(home, "F00000002", "--priority", "1")
        evidence = ("--evidence", "test-result=route flaps", "--evidence", "segment=routing")
        handle(home, "F00000002", "noc", ZHAO, "--finding", "inside-plant", *evidence)
        eventually(lambda: any(row["state"] == "waiting" for row in home.read("board", "supervisor")))
        led = home.read("rules", "explain", "F00000002")[-1]
    assert (led["to"], led["rule"]) == ("supervisor", "flows.fault.noc.inside-plant.urgent-routing")


def test_a_worker_and_a_relay_started_beside_the_others_bring_a_new_team_into_force(copy: Path, tmp_path: Path) -> None:
    """docs/distributed.md: nothing that runs is stopped."""
    home = Home(tmp_path / "paidan", project=copy, settings={"DISPATCH_WORKERS": "1"})
    with home.up(), contextlib.ExitStack() as beside:
        home.done("account", "add", LINE, "--area", "tianhe", "--mobile", "13800138000", *CLERK)
        submitted(home, "F00000001")
        follow("Add a team", home)
        environment = home.environment | {"DISPATCH_BROKER_URL": home.address("broker"), "DISPATCH_METRICS_PORT": "0"}
        celery = ("celery", "-A", "workers.app", "worker", "--concurrency", "1", "-Q", "field-power", "-n", "more@%h")
        for module in (celery, ("workers.relay",)):
            assert NEXT_START in home.run("board", "noc")[2], module
            beside.enter_context(running(copy, environment, *module))
        eventually(lambda: home.run("board", "noc")[2] == "", 60)
        handle(home, "F00000001", "noc", ZHAO, "--finding", "power-fault", "--evidence", "test-result=-31 dBm")
        handle(home, "F00000001", "field-power", WU, "--finding", "fixed", "--evidence", "cause=power")
        eventually(lambda: home.read("show", "F00000001")["hops"][-1]["team"] == "callback-survey")


@contextlib.contextmanager
def running(project: Path, environment: dict[str, str], *module: str) -> Iterator[None]:
    """A Python module as a process, while the block runs."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-m", *module], cwd=project, env=environment, **quiet) as process:  # type: ignore[call-overload]
        try:
            yield
        finally:
            process.terminate()


def submitted(home: Home, ticket: str, *more: str) -> None:
    home.done("submit", LINE, "--symptom", "no-internet", "--description", "断网", *more, *CLERK)
    assert home.read("show", ticket)


def test_a_team_without_its_module_keeps_the_workers_from_starting_and_says_what_is_missing(
    copy: Path, tmp_path: Path
) -> None:
    (copy / "workers/teams/data_network.py").unlink()
    home = Home(tmp_path / "paidan", project=copy, settings={"DISPATCH_WORKERS": "1"})
    status, told, _ = home.run("up")
    assert status == 1
    assert "workers/teams/data_network.py" in told, told
    assert not home.processes()


def handle(home: Home, ticket: str, team: str, actor: tuple[str, ...], *report: str) -> None:
    eventually(lambda: any(row["state"] == "waiting" for row in home.read("board", team)))
    home.done("claim", ticket, *actor)
    home.done("report", ticket, *report, *actor)

"""A new team needs its lines in the rules and one worker module; no other file is touched."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from tests.acceptance.conftest import PROJECT, Home, eventually

pytestmark = pytest.mark.system

CLERK = ("--as", "chen", "--role", "clerk")
ZHAO = ("--as", "zhao", "--role", "noc")
WU = ("--as", "wu", "--role", "construction")

TEAM = """\
  field-power:
    title: {zh: 动力, en: Field power}
    members: [construction]
    respond_within: 1h
    finish_within: 8h
"""
MODULE = '''\
"""动力 field power: nothing is done by itself; the hop goes on the board."""

from workers.stretch import Stretch

STRETCH = Stretch()
'''


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project as an operator has it."""
    folder = tmp_path / "copy"
    for name in ("dispatch", "workers"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("routing_rules.yaml", "prehandling.yaml", "replay_mapping.yaml"):
        shutil.copy(PROJECT / name, folder / name)
    return folder


def contents(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def put(file: Path, before: str, line: str, instead: str = "") -> None:
    """Insert before this text, or put `instead` in its place; it must stand in the file once."""
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1, before
    file.write_text(text.replace(before, instead or line + before), encoding="utf-8")


def test_a_fault_goes_through_a_new_team_to_its_end(copy: Path, tmp_path: Path) -> None:
    before = contents(copy)
    rules = copy / "routing_rules.yaml"
    put(rules, "  archive:\n    title", TEAM)
    put(rules, "        outside-plant: installer\n", "", instead="        outside-plant: field-power\n")
    put(
        rules,
        "      supervisor:                               # where a case",
        "      field-power:\n        fixed: archive\n",
    )
    (copy / "workers/teams/field_power.py").write_text(MODULE, encoding="utf-8")
    changed = {name for name, digest in contents(copy).items() if before.get(name) != digest}
    assert changed == {"routing_rules.yaml", "workers/teams/field_power.py"}

    home = Home(tmp_path / "paidan", project=copy, settings={"DISPATCH_WORKERS": "1"})
    with home.up():
        home.done("account", "add", "GZ1", "--area", "tianhe", "--mobile", "13800138000", *CLERK)
        home.done("submit", "GZ1", "--symptom", "no-internet", "--description", "断网", *CLERK)
        handle(home, "noc", ZHAO, "--finding", "outside-plant", "--evidence", "test-result=-31 dBm")
        handle(home, "field-power", WU, "--finding", "fixed", "--evidence", "cause=power")
        eventually(lambda: home.read("show", "F00000001")["hops"][-1]["state"] == "waiting")
        home.done("survey", "satisfied", "--ticket", "F00000001", "--as", "he", "--role", "agent-10086")
        whole = home.read("show", "F00000001")
    assert [hop["team"] for hop in whole["hops"]] == ["noc", "field-power", "archive", "callback-survey"]
    assert (whole["ticket"]["state"], whole["ticket"]["outcome"]) == ("closed", "satisfied")


def test_a_team_without_its_module_keeps_the_workers_from_starting_and_says_what_is_missing(
    copy: Path, tmp_path: Path
) -> None:
    (copy / "workers/teams/data_network.py").unlink()
    home = Home(tmp_path / "paidan", project=copy, settings={"DISPATCH_WORKERS": "1"})
    status, _, err = home.run("up")
    assert status == 1
    assert "workers/teams/data_network.py" in err, err
    assert not home.processes()


def handle(home: Home, team: str, actor: tuple[str, ...], *report: str) -> None:
    eventually(lambda: any(row["state"] == "waiting" for row in home.read("board", team)))
    home.done("claim", "F00000001", *actor)
    home.done("report", "F00000001", *report, *actor)

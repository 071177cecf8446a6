"""The rules file of a running installation gets a team more or fewer, and what was running can be started again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import PROJECT, Home, eventually
from tests.faulty_lines import faulty
from tests.rules_texts import with_field_power, without_data_network

pytestmark = pytest.mark.system

CLERK = ("--as", "chen", "--role", "clerk")
ZHAO = ("--as", "zhao", "--role", "noc")
DENG = ("--as", "deng", "--role", "data-network")
TICKET = "F00000001"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return Path(shutil.copy(PROJECT / "routing_rules.yaml", tmp_path / "rules.yaml"))


@pytest.fixture
def home(tmp_path: Path, rules: Path) -> Home:
    return Home(tmp_path / "paidan", settings={"DISPATCH_RULES": str(rules), "DISPATCH_WORKERS": "1"})


def edit(rules: Path, change: Callable[[str], str]) -> None:
    text = rules.read_text(encoding="utf-8")
    assert change(text) != text
    rules.write_text(change(text), encoding="utf-8")


LINE = next(faulty("P"))


def report_fault(home: Home, area: str) -> None:
    home.done("account", "add", LINE, "--area", area, "--mobile", "13800138021", *CLERK)
    home.done("submit", LINE, "--symptom", "no-internet", "--description", "断网", *CLERK)


def claim(home: Home, team: str, actor: tuple[str, ...]) -> None:
    eventually(lambda: any(row["state"] == "waiting" for row in home.read("board", team)))
    home.done("claim", TICKET, *actor)


def teams_of(home: Home) -> list[str]:
    return [hop["team"] for hop in home.read("show", TICKET)["hops"]]


def warned(home: Home) -> str:
    """What a command says of the rules file."""
    status, _, said = home.call("board", "noc")
    assert status == 0
    return said


def test_a_team_added_to_a_running_system_and_taken_back_keeps_no_fault_and_no_start(home: Home, rules: Path) -> None:
    before = rules.read_text(encoding="utf-8")
    with home.up():
        edit(rules, with_field_power)
        assert "not taken up by this installation yet" in home.done("rules", "check")
        assert "write workers/teams/field_power.py" in warned(home)
        report_fault(home, "powerville")
        eventually(lambda: home.read("board", "noc"))
        assert teams_of(home) == ["noc"]
        rules.write_text(before, encoding="utf-8")
        assert warned(home) == ""
    with home.up():
        claim(home, "noc", ZHAO)
    edit(rules, with_field_power)
    with home.up():
        assert "write workers/teams/field_power.py" in warned(home)
        home.done("report", TICKET, "--finding", "fixed", "--evidence", "cause=fibre", *ZHAO)
        eventually(lambda: teams_of(home)[-1] == "callback-survey")


def test_a_team_that_asked_is_dropped_once_no_ticket_may_come_back_to_it(home: Home, rules: Path) -> None:
    with home.up():
        report_fault(home, "tianhe")
        claim(home, "noc", ZHAO)
        evidence = ("--evidence", "test-result=查不出原因")
        home.done("report", TICKET, "--finding", "inside-plant", *evidence, "--evidence", "segment=data", *ZHAO)
        claim(home, "data-network", DENG)
        home.done("report", TICKET, "--finding", "not-ours", *evidence, *DENG)
        claim(home, "noc", ZHAO)
        edit(rules, without_data_network)
        assert f"1 ticket that it asked others for may come back to it ({TICKET})" in warned(home)
        home.done("hand-back", TICKET, "--reason", "please look again", *ZHAO)
        assert teams_of(home)[-1] == "data-network"
    with home.up():
        assert f"1 open ticket is with it ({TICKET})" in warned(home)
        claim(home, "data-network", DENG)
        home.done("withdraw", TICKET, "--reason", "it works", *CLERK)
    with home.up():
        assert warned(home) == ""
        assert "data-network" not in [team["team"] for team in home.read("teams")]
        assert "data-network" in home.done("show", TICKET), "the name, for want of a title"

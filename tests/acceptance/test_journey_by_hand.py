"""A fault driven by hand through the commands: NOC → installer → transmission → installer → archive → callback."""

from __future__ import annotations

import json
import shutil
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests.acceptance.conftest import PROJECT, Home, eventually

pytestmark = pytest.mark.system

CLERK = ("--as", "chen", "--role", "clerk")


def waits(home: Home, team: str) -> bool:
    """Whether the first fault waits on this team's board."""
    return eventually(lambda: any(row["state"] == "waiting" for row in home.read("board", team)))


def handle(home: Home, team: str, person: str, role: str, *report: str) -> None:
    waits(home, team)
    home.done("claim", "F00000001", "--as", person, "--role", role)
    home.done("report", "F00000001", *report, "--as", person, "--role", role)


def test_a_line_fault_travels_to_its_end_and_every_hop_can_be_explained(home: Home) -> None:
    with home.up():
        home.done("account", "add", "GZ1", "--area", "tianhe", "--mobile", "13800138000", *CLERK)
        home.done("crew", "add", "li.wei", "--team", "installer", "--area", "tianhe")
        home.done("submit", "GZ1", "--symptom", "no-internet", "--description", "断网", *CLERK)
        handle(home, "noc", "zhao", "noc", "--finding", "outside-plant", "--evidence", "test-result=-31 dBm")
        waits(home, "installer")
        assert home.read("board", "installer")[0]["assignee"] == "li.wei"
        home.done("claim", "F00000001", "--as", "li.wei", "--role", "installer")
        behalf = ("--as", "wang", "--role", "network-service-support", "--on-behalf-of", "li.wei")
        home.done("report", "F00000001", "--finding", "line-fault", "--evidence", "location=交接箱", *behalf)
        handle(home, "transmission", "sun", "transmission", "--finding", "fixed", "--evidence", "cause=fibre")
        on_site = ("cause=fibre", "optical-power=-19.5", "customer-confirmed=yes")
        evidence = [part for each in on_site for part in ("--evidence", each)]
        handle(home, "installer", "li.wei", "installer", "--finding", "fixed-on-site", *evidence)
        eventually(lambda: home.read("show", "F00000001")["hops"][-1]["team"] == "callback-survey")
        eventually(lambda: home.read("show", "F00000001")["hops"][-1]["state"] == "waiting")
        home.done("survey", "satisfied", "--ticket", "F00000001", "--as", "he", "--role", "agent-10086")

        whole = home.read("show", "F00000001")
        teams = [hop["team"] for hop in whole["hops"]]
        assert teams == ["noc", "installer", "transmission", "installer", "archive", "callback-survey"]
        assert (whole["ticket"]["state"], whole["ticket"]["outcome"]) == ("closed", "satisfied")
        assert any(act["on_behalf_of"] == "li.wei" and act["actor"] == "wang" for act in whole["history"])
        assert "完整 intact" in home.done("show", "F00000001")

        explained = home.read("rules", "explain", "F00000001")
        assert [hop["rule"] for hop in explained][:4] == [
            "flows.fault.start[1]",
            "flows.fault.noc.outside-plant",
            "flows.fault.installer.line-fault",
            "flows.fault.transmission.fixed",
        ]
        assert explained[0]["did_not_match"][0]["because"] == ["category = system (is network)"]
        assert "sender is the team that asked: installer" in explained[3]["because"]
        assert flower_finds(home, "F00000001") > 0


def flower_finds(home: Home, number: str) -> int:
    """How many of the tasks that Flower has seen mention this ticket."""
    query = {
        "draw": 1,
        "start": 0,
        "length": 50,
        "search[value]": number,
        "order[0][column]": 0,
        "order[0][dir]": "asc",
    }
    url = (home.folder / "run/flower.url").read_text().strip()
    address = f"{url}/tasks/datatable?{urllib.parse.urlencode({**query, 'columns[0][data]': 'name'})}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return int(json.load(answer)["recordsFiltered"])


def test_a_new_team_needs_its_rules_and_one_module_and_no_other_file(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for name in ("dispatch", "workers"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("routing_rules.yaml", "prehandling.yaml", "replay_mapping.yaml"):
        shutil.copy(PROJECT / name, copy / name)
    rules = copy / "routing_rules.yaml"
    team = (
        "  field-power:\n    title: {zh: 动力, en: Field power}\n    members: [construction]\n"
        "    respond_within: 1h\n    finish_within: 8h\n"
    )
    text = rules.read_text(encoding="utf-8").replace("  archive:\n    title", team + "  archive:\n    title", 1)
    text = text.replace("        outside-plant: installer\n", "        outside-plant: field-power\n")
    text = text.replace("      supervisor:    ", "      field-power:\n        fixed: archive\n      supervisor:    ")
    rules.write_text(text, encoding="utf-8")
    module = '"""动力 field power."""\n\nfrom workers.hop import Stretch\n\nSTRETCH = Stretch()\n'
    (copy / "workers/teams/field_power.py").write_text(module, encoding="utf-8")
    home = Home(tmp_path / "paidan", project=copy)
    with home.up():
        home.done("account", "add", "GZ1", "--area", "tianhe", "--mobile", "13800138000", *CLERK)
        home.done("submit", "GZ1", "--symptom", "no-internet", "--description", "断网", *CLERK)
        handle(home, "noc", "zhao", "noc", "--finding", "outside-plant", "--evidence", "test-result=x")
        handle(home, "field-power", "wu", "construction", "--finding", "fixed", "--evidence", "cause=power")
        eventually(lambda: home.read("show", "F00000001")["ticket"]["state"] == "archived")

"""Bad input: a clear message, a status that scripts can use, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch import handling
from dispatch.handling import Claim
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.rules_in_force import RulesInForce
from dispatch.storage.database import Database
from tests.acceptance.conftest import PROJECT, Home
from tests.factories import NOC, NOW, dump, fault, on_board

ZHAO = ("--as", "zhao", "--role", "noc")
CLERK = ("--as", "chen", "--role", "clerk")
REPORT = ("--symptom", "no-internet", "--description", "断网")


@pytest.fixture
def installed(sqlite: Database, script: Script, tmp_path: Path) -> tuple[Home, Database]:
    """Two faults: the first in zhao's hands at NOC, the second waiting on its board."""
    rulebook: Rulebook = RulesInForce(PROJECT / "routing_rules.yaml", sqlite).get()
    fault(sqlite, rulebook, script, "GZ1")
    second = fault(sqlite, rulebook, script, "GZ2")
    on_board(sqlite, rulebook, second.ticket_id)
    with sqlite.write() as tx:
        handling.claim(tx, rulebook, Claim(1, NOC), NOW)
    return Home(tmp_path / "home"), sqlite


CASES = [
    (("submit", "nobody", *REPORT, *CLERK), 4, "There is no broadband account nobody"),
    (("submit", "GZ1", "--symptom", "no-internet", "--description", "  ", *CLERK), 2, "the description is empty"),
    (("submit", "GZ1", "--symptom", "hiccups", "--description", "x", *CLERK), 2, "There is no symptom hiccups"),
    (("submit", "GZ1", *REPORT, *CLERK), 3, "already has an open fault F00000001"),
    (("submit", "GZ1", *REPORT, "--as", "li", "--role", "installer"), 5, "may not submit"),
    (("submit", "GZ1", *REPORT), 2, "who acts?"),
    (("submit", "GZ1", *REPORT, "--priority", "9", "--despite-duplicate", *CLERK), 2, "priority 9"),
    (("report", "F00000001", "--finding", "line-fault", *ZHAO), 2, "can't report line-fault"),
    (("report", "F00000001", "--finding", "outside-plant", *ZHAO), 2, "test-result (测试情况) is missing"),
    (("report", "F00000002", "--finding", "fixed", "--evidence", "cause=fibre", *ZHAO), 3, "claim it first"),
    (("claim", "F00000001", "--as", "qian", "--role", "noc"), 3, "was already claimed by zhao"),
    (
        ("report", "F00000001", "--finding", "fixed", "--evidence", "cause=fibre", "--as", "qian", "--role", "noc"),
        5,
        "in the hands of zhao, not of qian",
    ),
    (("hand-back", "F00000001", "--reason", "x", *ZHAO), 3, "no team asked for it"),
    (("hold", "F00000001", "--until", "90d", "--reason", "x", *ZHAO), 2, "within 30d"),
    (("show", "F99999999"), 4, "There is no ticket F99999999"),
    (("show", "what"), 2, "is no ticket number"),
]


@pytest.mark.parametrize(("arguments", "status", "message"), CASES, ids=[" ".join(case[0][:2]) for case in CASES])
def test_it_is_refused_and_nothing_is_written(
    installed: tuple[Home, Database], arguments: tuple[str, ...], status: int, message: str
) -> None:
    home, database = installed
    before = dump(database)
    found, _, err = home.run(*arguments)
    assert (found, message in err) == (status, True), err
    assert dump(database) == before


def test_a_malformed_replay_file_is_told_with_its_line_and_nothing_is_fed(
    installed: tuple[Home, Database], tmp_path: Path
) -> None:
    home, database = installed
    file = tmp_path / "log.csv"
    head = "number,sys_mod_count,opened_at,assignment_group,reopen_count,priority"
    file.write_text(f"{head}\n1,0,2024-03-04T06:00:00,70,0,3\n2,0,yesterday,70,0,3\n")
    before = dump(database)
    status, out, _ = home.run("replay", str(file))
    assert status != 0
    assert f"{file}:3" in out
    assert dump(database) == before

"""Teams change at a start only, and never without the names that open tickets need: what runs can be started again."""

from __future__ import annotations

import functools
import itertools
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import rules_in_force
from dispatch.domain.title import Wording
from dispatch.routing import loader
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.routing.succession import NeededTeam, Serving, obstacles
from dispatch.rules_in_force import RulesInForce
from dispatch.storage import heartbeats, rulebooks
from dispatch.storage.database import Database
from dispatch.storage.heartbeats import Service
from dispatch.tickets import followup, handling, intake
from tests.factories import (
    CLERK,
    DATA_NETWORK,
    INSTALLER,
    NOC,
    NOW,
    account,
    claimed,
    fault,
    hasty,
    live,
    put_in_force,
    reported,
    work,
)
from tests.rules_texts import with_field_power, without_data_network

_stamps = itertools.count(1)

MORE = ("field-power",)


@pytest.fixture
def file(tmp_path: Path, rulebook: Rulebook) -> Path:
    """A copy of the project's rules."""
    return rewritten(tmp_path / "rules.yaml", rulebook.text)


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch, rulebook: Rulebook) -> None:
    """A module for every team of the project and for `field-power`."""
    monkeypatch.setattr(rulebooks, "team_modules", lambda: frozenset((*rulebook.teams, *MORE)))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that waits is looked at again with every question."""
    monkeypatch.setattr(rules_in_force, "LOOK_SECONDS", 0)


def rewritten(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(next(_stamps), next(_stamps)))  # a tick of the clock may be longer than a test
    return file


def told(rules: RulesInForce) -> str:
    """What the refusal says, a line for each reason."""
    return "" if rules.refused is None else "\n".join(rules.refused.lines)


def alive(database: Database, name: str, queues: set[str], teams: set[str] | None, now: datetime | None = None) -> None:
    """A beat of a relay or worker, by its name."""
    with database.write() as tx:
        seen = now or datetime.now(UTC)
        heartbeats.beat(tx, name, name.rstrip("0123456789"), seen, seen, serves=Service(queues, teams or set()))


def running(database: Database, rulebook: Rulebook) -> set[str]:
    """A relay and a worker that serve these rules; returns the teams."""
    teams = set(rulebook.teams)
    for name in ("relay", "worker1"):
        alive(database, name, teams, teams)
    return teams


def test_a_running_process_refuses_a_new_team_that_nobody_serves_and_says_when_it_takes_effect(
    database: Database, file: Path, rulebook: Rulebook, modules: None
) -> None:
    rules = RulesInForce(file, database)
    in_force = rules.get()
    running(database, rulebook)
    rewritten(file, with_field_power(rulebook.text))
    assert rules.get().version == in_force.version
    assert told(rules) == (
        f"{file}:1:1: nobody serves the new team 'field-power' yet: it takes effect at the next start"
    )
    assert RulesInForce(file, database).get().version == in_force.version, "also a process that is started again"


def test_a_fault_never_goes_to_a_team_that_was_added_and_taken_back_while_running(
    database: Database, file: Path, rulebook: Rulebook, script: Script, modules: None
) -> None:
    rules = RulesInForce(file, database)
    rules.get()
    running(database, rulebook)
    rewritten(file, with_field_power(rulebook.text))
    in_force = rules.get()
    account(database, "P1", "powerville")
    with database.write() as tx:
        report = intake.FaultReport("P1", "no-internet", "断网")
        made = intake.submit(tx, in_force, script, report, CLERK, NOW).ticket_id
    assert team_of(database, made) == "noc"
    rewritten(file, rulebook.text)
    assert rules.get().version == rulebook.version
    assert rules.refused is None
    assert RulesInForce(file, database, starting=True).get().version == rulebook.version


def test_a_start_takes_a_new_team_up_when_the_team_has_a_module(
    database: Database, file: Path, rulebook: Rulebook, modules: None
) -> None:
    RulesInForce(file, database).get()
    running(database, rulebook)  # of the run before
    rewritten(file, with_field_power(rulebook.text))
    assert "field-power" in RulesInForce(file, database, starting=True).get().teams


def test_a_start_stays_with_the_last_good_rules_while_a_new_team_has_no_module(
    database: Database, file: Path, rulebook: Rulebook
) -> None:
    RulesInForce(file, database).get()
    rewritten(file, with_field_power(rulebook.text))
    start = RulesInForce(file, database, starting=True)
    assert start.get().version == rulebook.version
    assert "write workers/teams/field_power.py; `STRETCH = Stretch()` is enough" in told(start)


def test_on_several_machines_a_new_team_is_in_force_once_a_relay_and_a_worker_serve_it(
    database: Database, file: Path, rulebook: Rulebook, modules: None
) -> None:
    web = RulesInForce(file, database)
    web.get()
    teams = running(database, rulebook)
    rewritten(file, with_field_power(rulebook.text))
    more = {*teams, "field-power"}
    for name, queues in (("worker2", {"field-power"}), ("relay2", more)):
        assert "field-power" not in web.get().teams
        alive(database, name, queues, more)
    assert "field-power" in web.get().teams
    assert web.refused is None


def test_a_relay_that_died_serves_nobody(database: Database, file: Path, rulebook: Rulebook, modules: None) -> None:
    web = RulesInForce(file, database)
    web.get()
    more = {*rulebook.teams, "field-power"}
    alive(database, "relay", more, more, datetime.now(UTC) - timedelta(minutes=1))
    alive(database, "worker1", more, more)
    rewritten(file, with_field_power(rulebook.text))
    assert "field-power" not in web.get().teams


def test_a_dropped_team_leaves_when_no_process_that_started_with_it_runs(
    database: Database, file: Path, rulebook: Rulebook
) -> None:
    rules = RulesInForce(file, database)
    rules.get()
    teams = running(database, rulebook)
    rewritten(file, without_data_network(rulebook.text))
    assert "data-network" in rules.get().teams
    assert told(rules).endswith("team 'data-network' is dropped but still served: that takes effect at the next start")
    for name in ("relay", "worker1"):
        assert "data-network" in rules.get().teams
        alive(database, name, teams, teams - {"data-network"})
    assert "data-network" not in rules.get().teams


def test_a_team_with_open_tickets_is_dropped_by_no_start_and_the_refusal_names_the_tickets(
    database: Database, file: Path, rulebook: Rulebook, script: Script
) -> None:
    hurried = hasty(rulebook.text)
    in_force = RulesInForce(rewritten(file, hurried.text), database).get()
    made = fault(database, in_force, script).ticket_id
    reported(database, in_force, made, NOC, "inside-plant", test_result="查不出原因", segment="data")
    rewritten(file, without_data_network(hurried.text))
    start = RulesInForce(file, database, starting=True)
    assert start.get().version == in_force.version
    assert told(start) == (
        f"{file}:1:1: team 'data-network' can't be dropped: 1 open ticket is with it (F00000001); "
        "the file is taken up once they are done"
    )
    with database.write() as tx:
        followup.withdraw(tx, made, "好了", CLERK, NOW)
    assert "data-network" not in start.get().teams, "without another edit"


def test_a_team_to_which_a_ticket_may_go_back_is_not_dropped(
    database: Database, file: Path, rulebook: Rulebook, script: Script
) -> None:
    rules = RulesInForce(file, database, starting=True)
    in_force = rules.get()
    made = asked_by_data_network(database, in_force, script)
    rewritten(file, without_data_network(rulebook.text))
    assert rules.get().version == in_force.version
    assert told(rules) == (
        f"{file}:1:1: team 'data-network' can't be dropped: 1 ticket that it asked others for may come back to it "
        "(F00000001); the file is taken up once they are done"
    )
    handed_back = passed_back(database, in_force, made)
    assert handed_back == "data-network"


def team_of(database: Database, ticket_id: int) -> str:
    row = live(database, ticket_id)
    assert row is not None
    return row.team


def asked_by_data_network(database: Database, rulebook: Rulebook, script: Script) -> int:
    """A fault that NOC sent to the data network, which sent it back as not its own: NOC may hand it back."""
    made = fault(database, rulebook, script).ticket_id
    reported(database, rulebook, made, NOC, "inside-plant", test_result="查不出原因", segment="data")
    reported(database, rulebook, made, DATA_NETWORK, "not-ours", test_result="查不出原因")
    return made


def passed_back(database: Database, rulebook: Rulebook, ticket_id: int) -> str:
    hop_id = claimed(database, rulebook, ticket_id, NOC)
    with database.write() as tx:
        handling.end(tx, rulebook, handling.HandBack(hop_id, NOC, "请再看"), NOW)
    return team_of(database, ticket_id)


def test_an_asker_further_back_in_the_chain_is_needed_too(
    database: Database, rulebook: Rulebook, script: Script
) -> None:
    put_in_force(database, rulebook)
    made = fault(database, rulebook, script).ticket_id
    reported(database, rulebook, made, NOC, "outside-plant", test_result="查不出原因")
    reported(database, rulebook, made, INSTALLER, "routing-fault", test_result="查不出原因", optical_power=-20)
    with database.read() as tx:
        needed = rulebooks.needed_teams(tx)
    assert {(each.team, each.asked, each.tickets) for each in needed} == {
        ("data-network", False, 1),
        ("installer", True, 1),
        ("noc", True, 1),
    }
    assert {tuple(each.first) for each in needed} == {(made,)}


def test_a_team_with_open_tickets_stays_one_of_people(
    database: Database, file: Path, rulebook: Rulebook, script: Script
) -> None:
    rules = RulesInForce(file, database, starting=True)
    in_force = rules.get()
    made = fault(database, in_force, script).ticket_id
    reported(database, in_force, made, NOC, "inside-plant", test_result="查不出原因", segment="data")
    people = r"    members: \[data-network\]\n.*?passes_on_to: \[data-network, transmission\]\n"
    text = re.sub(people, "    automatic: true\n", rulebook.text, flags=re.DOTALL)
    text = text.replace("transmission, data-network", "transmission").replace("fixed: sender", "fixed: archive")
    text = text.replace("      data-network: {clarified: sender}\n", "      data-network: {clarified: archive}\n")
    text = text.replace("      data-network:\n        fixed: {cause: {none_of: [customer-premises, account]}}\n", "")
    rewritten(file, text)
    assert rules.get().version == in_force.version
    assert "team 'data-network' can't change between automatic and people" in told(rules)


def test_a_finding_that_a_worker_will_report_by_itself_stays_while_tickets_wait_for_it(
    database: Database, file: Path, rulebook: Rulebook, script: Script
) -> None:
    rules = RulesInForce(file, database, starting=True)
    in_force = rules.get()
    made = fault(database, in_force, script).ticket_id
    reported(database, in_force, made, NOC, "fixed", cause="fibre")
    work(database, in_force)
    rewritten(file, rulebook.text.replace("unreachable", "not-reached"))
    assert rules.get().version == in_force.version
    assert "can't lose its finding 'unreachable'" in told(rules)


def test_every_refusal_is_told_in_both_languages(rulebook: Rulebook) -> None:
    new = loader.parse(without_data_network(with_field_power(rulebook.text)), "x")
    needed = [NeededTeam("fault", "data-network", asked, 5, [1, 2, 3]) for asked in (False, True)]
    for serving in (Serving((), (), rulebook.teams), Serving((), None, [*rulebook.teams, *MORE])):
        for each in obstacles(new, rulebook, needed, serving):
            assert any("\u4e00" <= letter <= "\u9fff" for letter in each.zh)
            assert each.en.isascii() or "…" in each.en


@given(st.data())
def test_what_a_start_takes_up_has_every_team_that_open_tickets_need(rulebook: Rulebook, data: st.DataObject) -> None:
    texts = [rulebook.text, with_field_power(rulebook.text), without_data_network(rulebook.text)]
    new, old = (_parsed(data.draw(st.sampled_from(texts))) for _ in range(2))
    names = st.sampled_from(sorted({*new.teams, *old.teams}))
    drawn = data.draw(st.lists(st.tuples(st.sampled_from(["fault", "construction"]), names, st.booleans())))
    needed = [NeededTeam(flow, team, asked, 1, [1]) for flow, team, asked in drawn]
    serving = Serving((), (), [*old.teams, *new.teams], starting=True)
    found = list(obstacles(new, old, needed, serving))
    assert bool(found) == any(not new.flows[each.flow].get(each.team) for each in needed)
    assert all(isinstance(each, Wording) for each in found)


@functools.cache
def _parsed(text: str) -> Rulebook:
    return loader.parse(text, "rules.yaml")

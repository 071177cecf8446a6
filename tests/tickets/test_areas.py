"""片区: the holder of a role in some areas finds nothing in others, by whichever edge they come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.domain.roles import Actor
from dispatch.errors import NotFound, UnknownAccount
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database, Tx
from dispatch.tickets import closing, followup, handling, intake
from dispatch.tickets.handling import Claim, GiveBack, HandBack, PassOn, Report
from tests import factories as f

HERE, ELSEWHERE = frozenset({"tianhe"}), frozenset({"panyu"})

Act = Callable[[Tx, Rulebook, int, Actor], object]

HOLDER_ACTS: dict[str, Act] = {
    "report": lambda tx, rules, hop, by: handling.end(tx, rules, Report(hop, by, "outside-plant"), f.NOW),
    "pass on": lambda tx, rules, hop, by: handling.end(tx, rules, PassOn(hop, by, "system-support", "x"), f.NOW),
    "hand back": lambda tx, rules, hop, by: handling.end(tx, rules, HandBack(hop, by, "x"), f.NOW),
    "give back": lambda tx, rules, hop, by: handling.give_back(tx, rules, GiveBack(hop, by), f.NOW),
    "hold": lambda tx, rules, hop, by: handling.hold(tx, rules, hop, f.NOW + timedelta(hours=1), "x", by, f.NOW),
    "resume": lambda tx, rules, hop, by: handling.resume(tx, rules, hop, by, f.NOW),
}


@pytest.mark.parametrize("act", HOLDER_ACTS.values(), ids=HOLDER_ACTS)
def test_a_holder_finds_no_hop_outside_their_areas(
    database: Database, in_force: Rulebook, script: Script, act: Act
) -> None:
    hop_id = f.claimed(database, in_force, f.fault(database, in_force, script).ticket_id, f.NOC)
    with f.refused(database, NotFound) as tx:
        act(tx, in_force, hop_id, replace(f.NOC, areas=ELSEWHERE))


def test_a_hop_is_claimed_only_in_the_claimants_areas(database: Database, in_force: Rulebook, script: Script) -> None:
    hop_id = f.on_board(database, in_force, f.fault(database, in_force, script).ticket_id)
    with f.refused(database, NotFound) as tx:
        handling.claim(tx, in_force, Claim(hop_id, replace(f.NOC, areas=ELSEWHERE)), f.NOW)
    with database.write() as tx:
        handling.claim(tx, in_force, Claim(hop_id, replace(f.NOC, areas=HERE)), f.NOW)
    assert f.hop(database, hop_id).holder == f.NOC.name


def test_a_supervisor_releases_hops_only_in_their_areas(database: Database, in_force: Rulebook, script: Script) -> None:
    hop_id = f.quarantined(database, f.fault(database, in_force, script).ticket_id)
    with f.refused(database, NotFound) as tx:
        handling.release(tx, hop_id, replace(f.SUPERVISOR, areas=ELSEWHERE), f.NOW)


CLERK_ACTS: dict[str, Callable[[Tx, Rulebook, int, Actor], object]] = {
    "urge": lambda tx, rules, ticket, by: followup.urge(tx, rules, ticket, "x", by, f.NOW),
    "withdraw": lambda tx, _, ticket, by: followup.withdraw(tx, ticket, "x", by, f.NOW),
}


@pytest.mark.parametrize("act", CLERK_ACTS.values(), ids=CLERK_ACTS)
def test_a_clerk_finds_no_ticket_outside_their_areas(
    database: Database, in_force: Rulebook, script: Script, act: Act
) -> None:
    ticket_id = f.fault(database, in_force, script).ticket_id
    with f.refused(database, NotFound) as tx:
        act(tx, in_force, ticket_id, replace(f.CLERK, areas=ELSEWHERE))
    with database.write() as tx:
        act(tx, in_force, ticket_id, replace(f.CLERK, areas=HERE))


def test_a_report_is_moved_on_only_in_the_actors_areas(database: Database, in_force: Rulebook, script: Script) -> None:
    f.account(database)
    report = intake.FaultReport("GZ1", "no-internet", "断网")
    with database.write() as tx:
        taken = intake.submit(tx, in_force, script, report, f.AGENT_10050, f.NOW)
    with f.refused(database, NotFound) as tx:
        intake.transfer(tx, taken.ticket_id, "", replace(f.AGENT_10050, areas=ELSEWHERE), f.NOW)
    with f.refused(database, NotFound) as tx:
        intake.refer(tx, taken.ticket_id, "x", replace(f.AGENT_10050, areas=ELSEWHERE), f.NOW)
    with database.write() as tx:
        intake.transfer(tx, taken.ticket_id, "", replace(f.AGENT_10050, areas=HERE), f.NOW)
    with f.refused(database, NotFound) as tx:
        agent = replace(f.AGENT_10086, areas=ELSEWHERE)
        intake.take_over(tx, in_force, script, taken.ticket_id, f.SOLVED, agent, f.NOW)


def test_an_account_of_another_area_is_unknown_even_under_the_key_of_its_report(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    f.fault(database, in_force, script, request_key="k1")
    for key in ("k1", "k2"):
        report = intake.FaultReport("GZ1", "no-internet", "断网", request_key=key, despite_duplicate=True)
        with f.refused(database, UnknownAccount) as tx:
            intake.submit(tx, in_force, script, report, replace(f.CLERK, areas=ELSEWHERE), f.NOW)


def test_a_survey_is_answered_by_phone_only_in_the_agents_areas(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    ticket_id = f.fault(database, in_force, script).ticket_id
    f.archived(database, in_force, ticket_id)
    with f.refused(database, NotFound) as tx:
        closing.answer_by_phone(tx, in_force, ticket_id, "satisfied", replace(f.AGENT_10086, areas=ELSEWHERE), f.NOW)

"""A logged case is planned as steps that the project's own rules really take."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispatch.replay.log import LoggedCase
from dispatch.replay.mapping import identity
from dispatch.replay.plan import CasePlan, Planner, plan
from dispatch.routing import loader
from dispatch.routing.rulebook import Rulebook

PROJECT = Path(__file__).parents[2]
RULES = (PROJECT / "routing_rules.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return loader.parse(RULES, "rules")


def case(*rounds: str, number: str = "1") -> LoggedCase:
    """Return a case; a round is given as team names separated by blanks."""
    visited = tuple(tuple(each.split()) for each in rounds)
    return LoggedCase(number, datetime(2024, 3, 4, tzinfo=UTC), 3, len(rounds) - 1, visited)


def planned(rulebook: Rulebook, *rounds: str, number: str = "1") -> CasePlan:
    return plan(case(*rounds, number=number), identity(rulebook), rulebook)


def visits(of: CasePlan) -> list[str]:
    return [" ".join(step.team for step in each.steps) for each in of.rounds]


def test_a_case_of_the_first_line_alone_needs_no_inserted_visit(rulebook: Rulebook) -> None:
    made = planned(rulebook, "noc")
    assert visits(made) == ["noc"]
    assert (made.category, made.inserted, made.merged, made.unreconciled, made.limit) == ("network", 0, 0, (), None)
    assert made.rounds[0].steps[0].to == "archive"
    assert made.rounds[0].answer == "satisfied"


def test_a_case_logged_first_at_system_support_is_a_system_fault(rulebook: Rulebook) -> None:
    made = planned(rulebook, "system-support noc")
    assert (made.category, made.inserted) == ("system", 0)


def test_a_case_starts_at_the_noc_where_the_log_starts_elsewhere(rulebook: Rulebook) -> None:
    made = planned(rulebook, "installer")
    assert visits(made) == ["noc installer"]
    assert made.inserted == 1


def test_a_line_fault_comes_back_to_the_installer_as_the_log_has_it(rulebook: Rulebook) -> None:
    made = planned(rulebook, "noc installer transmission installer")
    assert visits(made) == ["noc installer transmission installer"]
    assert made.inserted == 0


def test_a_closing_visit_is_inserted_where_the_log_ends_at_a_team_that_cannot_archive(rulebook: Rulebook) -> None:
    made = planned(rulebook, "noc data-network")
    assert visits(made) == ["noc data-network noc"]
    assert made.inserted == 1


def test_teams_without_a_direct_way_are_joined_through_the_noc(rulebook: Rulebook) -> None:
    made = planned(rulebook, "noc installer system-support")
    assert visits(made) == ["noc installer noc system-support"]


def test_a_handover_within_a_team_becomes_a_pass_on(rulebook: Rulebook) -> None:
    made = planned(rulebook, "noc noc noc")
    assert [step.act for step in made.rounds[0].steps] == ["pass on", "pass on", "report"]
    assert made.merged == 2


def test_a_handover_within_a_team_that_may_not_pass_on_to_itself_is_left_out() -> None:
    strict = loader.parse(RULES.replace("passes_on_to: [installer, noc]", "passes_on_to: [noc]"), "rules")
    made = planned(strict, "noc installer installer")
    assert visits(made) == ["noc installer"]
    assert made.unreconciled == (("installer", "installer"),)


def test_a_round_without_a_group_goes_to_the_mapped_team(rulebook: Rulebook) -> None:
    assert visits(planned(rulebook, "")) == ["noc"]


def test_a_reopened_case_comes_back_after_its_survey(rulebook: Rulebook) -> None:
    made = planned(rulebook, "noc", "noc installer")
    assert [each.answer for each in made.rounds] == ["not-fixed", "satisfied"]
    assert visits(made) == ["noc", "noc installer"]


def test_a_case_reopened_too_often_goes_to_the_supervisor_and_ends(rulebook: Rulebook) -> None:
    made = planned(rulebook, *["noc"] * 7)
    assert visits(made) == ["noc", "noc", "noc", "noc", "supervisor"]
    assert [each.answer for each in made.rounds] == ["not-fixed"] * 4 + ["satisfied"]
    assert (made.limit, made.cut) == ("limits.reopens", 2)


def test_a_case_that_goes_round_too_long_goes_to_the_supervisor_and_ends(rulebook: Rulebook) -> None:
    made = planned(rulebook, "noc installer " * 40)
    assert made.hops == rulebook.limits.hops + 1
    assert made.rounds[0].steps[-1].team == "supervisor"
    assert made.limit == "limits.hops"
    assert len(made.unreconciled) == 40


def test_evidence_is_valid_and_differs_from_case_to_case(rulebook: Rulebook) -> None:
    seen = set()
    for number in range(60):
        for step in planned(rulebook, "noc data-network noc installer", number=str(number)).rounds[0].steps:
            if step.finding:
                good, faults = rulebook.findings[step.finding].read(step.evidence)
                assert not faults
                assert good == step.evidence
                seen.add(step.evidence.get("optical-power"))
    assert len(seen) > 4


def test_all_three_acts_occur_over_many_cases(rulebook: Rulebook) -> None:
    acts = {
        step.act
        for number in range(60)
        for step in planned(rulebook, "noc installer noc transmission", number=str(number)).rounds[0].steps
    }
    assert acts == {"report", "hand back", "pass on"}


def test_one_case_is_planned_the_same_every_time(rulebook: Rulebook) -> None:
    rounds = ("noc transmission installer", "noc")
    assert planned(rulebook, *rounds) == planned(rulebook, *rounds)


def test_a_case_off_its_plan_is_led_back_step_by_step(rulebook: Rulebook) -> None:
    planner = Planner(identity(rulebook), rulebook)
    made = planner.plan(case("noc"))
    back = planner.way_home(made, "transmission", ("noc", "installer"))
    assert back is not None
    assert (back.act, back.to) == ("report", "installer")
    home = planner.way_home(made, "installer", ("noc",))
    assert home is not None
    assert home.to == "archive"

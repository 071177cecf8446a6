"""The fault flow of the rule book, as a case travels through it."""

from __future__ import annotations

from typing import Any

import pytest

from dispatch.routing.rulebook import END, Condition, Decision, Facts
from tests.strategies import RULEBOOK

NETWORK = {"category": "network"}


def after(team: str, finding: str, *, known: dict[str, Any] | None = None, **more: Any) -> Decision:
    return RULEBOOK.decide(Facts(flow="fault", known={**NETWORK, **(known or {})}, team=team, finding=finding, **more))


def test_a_network_fault_starts_at_the_noc() -> None:
    assert RULEBOOK.decide(Facts(flow="fault", known=NETWORK)).to == "noc"


def test_a_system_fault_starts_at_system_support() -> None:
    assert RULEBOOK.decide(Facts(flow="fault", known={"category": "system"})).to == "system-support"


def test_a_fault_without_any_facts_is_routable() -> None:
    assert RULEBOOK.decide(Facts(flow="fault", known={})).to == "noc"


def test_a_line_fault_goes_to_transmission_and_comes_back_to_the_installer() -> None:
    assert after("installer", "line-fault", sender="noc").to == "transmission"
    back = after("transmission", "fixed", sender="installer")
    assert (back.to, back.returns) == ("installer", True)


def test_a_routing_fault_goes_to_data_network_and_comes_back_to_the_installer() -> None:
    assert after("installer", "routing-fault", sender="noc").to == "data-network"
    assert after("data-network", "fixed", sender="installer").to == "installer"


@pytest.mark.parametrize(
    ("segment", "team"),
    [("data", "data-network"), ("routing", "data-network"), ("optical-path", "transmission"), (None, "transmission")],
)
def test_an_inside_plant_fault_goes_by_its_segment(segment: str | None, team: str) -> None:
    assert after("noc", "inside-plant", known={"segment": segment} if segment else {}).to == team


def test_a_fault_mended_by_the_installer_is_archived_and_then_surveyed() -> None:
    assert after("installer", "fixed-on-site", sender="noc").to == "archive"
    assert after("archive", "filed").to == "callback-survey"
    assert after("callback-survey", "satisfied", archived=True).to == END


def test_a_customer_whose_fault_is_not_fixed_gets_it_reopened() -> None:
    assert after("callback-survey", "not-fixed", archived=True).to == "noc"


def test_the_last_reopening_goes_to_the_supervisor_and_the_case_ends_afterwards() -> None:
    allowed = RULEBOOK.limits.reopens
    assert after("callback-survey", "not-fixed", archived=True, reopened=allowed - 1).to == "noc"
    assert after("callback-survey", "not-fixed", archived=True, reopened=allowed).to == "supervisor"
    assert after("callback-survey", "not-fixed", archived=True, reopened=allowed + 1).to == END


def test_a_case_that_goes_round_goes_to_the_supervisor() -> None:
    stopped = after("installer", "line-fault", sender="noc", hops=RULEBOOK.limits.hops)
    assert (stopped.to, stopped.rule) == ("supervisor", "limits.hops")
    assert stopped.line == RULEBOOK.limits.lines["hops"]


def test_a_case_that_goes_round_is_still_archived_once_mended() -> None:
    assert after("installer", "fixed-on-site", sender="noc", hops=RULEBOOK.limits.hops + 5).to == "archive"


def test_going_back_to_the_sender_is_limited_too_and_at_the_limit_is_not_a_return() -> None:
    stopped = after("transmission", "fixed", sender="installer", hops=RULEBOOK.limits.hops)
    assert (stopped.to, stopped.returns) == ("supervisor", False)


def test_passing_on_and_handing_back_are_limited_too() -> None:
    facts = Facts(flow="fault", known=NETWORK, team="transmission", sender="noc")
    worn = Facts(flow="fault", known=NETWORK, team="transmission", sender="noc", hops=RULEBOOK.limits.hops)
    assert RULEBOOK.pass_on(facts, "data-network").to == "data-network"
    assert RULEBOOK.pass_on(worn, "data-network").to == "supervisor"
    assert RULEBOOK.hand_back(facts) == Decision("noc", "hand back", 0, returns=True)
    assert RULEBOOK.hand_back(worn).to == "supervisor"


def test_a_finding_of_another_team_is_refused() -> None:
    with pytest.raises(KeyError):
        after("noc", "fixed-on-site")


def test_a_board_offers_the_findings_of_its_team_in_the_files_order() -> None:
    names = [finding.name for finding in RULEBOOK.findings_of("fault", "installer")]
    assert names == ["fixed-on-site", "line-fault", "routing-fault", "not-ours"]


def test_an_explanation_says_why_the_earlier_rule_did_not_match() -> None:
    facts = Facts(flow="fault", known={**NETWORK, "segment": "optical-path"}, team="noc", finding="inside-plant")
    decision, (first, second) = RULEBOOK.explain(facts)
    assert first.missed == ("segment = data | routing (is optical-path)",)
    assert (second.missed, second.rule.name) == ((), decision.rule)


def test_an_unknown_fact_matches_no_condition() -> None:
    assert not Condition("priority", least=1).holds({})
    assert not Condition("segment", allowed=frozenset(["data"])).holds({})


def test_at_least_includes_the_number_itself_and_matches_no_word() -> None:
    urgent = Condition("priority", least=3)
    assert urgent.holds({"priority": 3})
    assert not urgent.holds({"priority": 2})
    assert not urgent.holds({"priority": "4"})
    assert str(urgent) == "priority ≥ 3"

"""Whatever the log says, a plan followed step by step through the rules visits its teams and ends in the archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.replay.log import LoggedCase
from dispatch.replay.mapping import FLOW, identity
from dispatch.replay.plan import TICKET, CasePlan, Planner
from dispatch.routing import loader
from dispatch.routing.rulebook import REPEATS, Decision, Facts, Rulebook

RULES = (Path(__file__).parents[2] / "routing_rules.yaml").read_text(encoding="utf-8")
TEAMS = ("noc", "system-support", "installer", "transmission", "data-network")


def changed(*replacements: tuple[str, str]) -> Rulebook:
    text = RULES
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return loader.parse(text, "rules")


def without_passing_on() -> Rulebook:
    lines = [line for line in RULES.splitlines() if "passes_on_to" not in line]
    return loader.parse("\n".join(lines), "rules")


RULEBOOKS = {
    "shipped": changed(),
    "nobody passes on": without_passing_on(),
    "tight limits": changed(("hops: 40 ", "hops: 5 "), ("reopens: 3 ", "reopens: 1 ")),
    "no reopening": changed(("hops: 40 ", "hops: 2 "), ("reopens: 3 ", "reopens: 0 ")),
    "conditions on evidence": changed(
        (
            "        fixed-on-site: archive\n",
            "        fixed-on-site:\n"
            "          - {when: {optical-power: {at_least: -8}, customer-confirmed: [false]}, to: noc}\n"
            "          - {when: {cause: [fibre, connector]}, to: transmission}\n"
            "          - {to: archive}\n",
        ),
        (
            "        outside-plant: installer\n",
            "        outside-plant:\n          - {when: {test-result: open}, to: installer}\n          - {to: noc}\n",
        ),
    ),
    "nothing but the limits ends it": changed(
        (
            "        fixed: archive\n        inside-plant:",
            "        fixed:\n          - {when: {area: nowhere}, to: archive}\n          - {to: noc}\n"
            "        inside-plant:",
        ),
        ("        fixed: archive\n        not-system: noc", "        not-system: noc"),
        ("      system-support:\n        fixed: {account: [in-service, suspended], effects: confirmed}\n", ""),
        ("        fixed-on-site: archive", "        fixed-on-site: noc"),
    ),
}
PLANNERS = {name: Planner(identity(rulebook), rulebook) for name, rulebook in RULEBOOKS.items()}

rounds = st.lists(st.lists(st.sampled_from(TEAMS), max_size=12).map(tuple), min_size=1, max_size=6).map(tuple)
cases = st.builds(
    lambda number, priority, each: LoggedCase(
        str(number), datetime(2024, 3, 4, tzinfo=UTC), priority, len(each) - 1, each
    ),
    st.integers(0, 10**7),
    st.integers(1, 4),
    rounds,
)


def follow(plan: CasePlan, rulebook: Rulebook) -> list[list[str]]:
    """Walk a ticket through the planned steps; return the people's teams visited in each round."""
    known = {**TICKET, "category": plan.category, "priority": plan.priority}
    visited: list[list[str]] = []
    hops, decision = 0, rulebook.decide(Facts(FLOW, known))
    reported: Counter[tuple[str, str | None]] = Counter()
    for reopened, part in enumerate(plan.rounds):
        visited.append([])
        askers: tuple[str, ...] = ()
        for step in part.steps:
            assert step.team == decision.to
            hops += 1
            visited[-1].append(step.team)
            sender = askers[-1] if askers else None
            repeats = {REPEATS: reported[step.team, step.finding]}
            reported[step.team, step.finding] += 1
            facts = Facts(FLOW, {**known, **step.evidence, **repeats}, step.team, step.finding, sender, hops, reopened)
            decision = taken(rulebook, facts, step.act, step.to)
            assert decision.to == step.to
            if decision.returns:
                askers = askers[:-1]
            elif step.act != "pass on" or not askers:
                askers = (*askers, step.team)
        assert decision.to == "archive"
        assert rulebook.decide(Facts(FLOW, known, "archive", "filed", hops=hops, archived=True)).to == "callback-survey"
        answer = Facts(FLOW, known, "callback-survey", part.answer, None, hops, reopened, archived=True)
        decision = rulebook.decide(answer)
    assert decision.to == "end"
    return visited


def taken(rulebook: Rulebook, facts: Facts, act: str, to: str) -> Decision:
    if act == "pass on":
        assert facts.team is not None
        assert to in (*rulebook.teams[facts.team].passes_on_to, rulebook.limits.then)
        passed = to if to in rulebook.teams[facts.team].passes_on_to else facts.team
        return rulebook.pass_on(facts, passed)
    if act == "hand back":
        assert facts.sender is not None
        return rulebook.hand_back(facts)
    assert facts.finding is not None
    assert not rulebook.findings[facts.finding].read({k: facts.known[k] for k in evidence_of(rulebook, facts)})[1]
    return rulebook.decide(facts)


def evidence_of(rulebook: Rulebook, facts: Facts) -> list[str]:
    assert facts.finding is not None
    return [e.name for e in rulebook.findings[facts.finding].evidence if e.name in facts.known]


def is_within(wanted: Sequence[str], visited: Sequence[str]) -> bool:
    """Return whether `wanted` are among `visited`, in their order."""
    left = iter(visited)
    return all(team in left for team in wanted)


@pytest.mark.parametrize("name", RULEBOOKS)
@given(case=cases)
@settings(max_examples=60)
def test_a_plan_followed_through_the_rules_ends_in_the_archive(name: str, case: LoggedCase) -> None:
    plan = PLANNERS[name].plan(case)
    visited = follow(plan, RULEBOOKS[name])
    assert plan.hops == sum(map(len, visited))
    assert len(plan.rounds) + plan.cut == len(case.rounds)
    logged = sum(len(each) or 1 for each in case.rounds[: len(plan.rounds)])
    missed = sum(len(each) - 1 for each in case.rounds[len(plan.rounds) :] if each)
    assert plan.hops == logged + plan.inserted - (len(plan.unreconciled) - missed)


@given(case=cases)
@settings(max_examples=200)
def test_the_logged_teams_are_visited_in_the_logged_order(case: LoggedCase) -> None:
    plan = PLANNERS["shipped"].plan(case)
    if plan.limit is None:
        assert plan.unreconciled == ()
        visited = follow(plan, RULEBOOKS["shipped"])
        assert all(is_within(wanted or ("noc",), got) for wanted, got in zip(case.rounds, visited, strict=True))


@given(case=cases)
@settings(max_examples=60)
def test_every_unreconciled_step_is_named_when_passing_on_is_not_allowed(case: LoggedCase) -> None:
    plan = PLANNERS["nobody passes on"].plan(case)
    same = sum(a == b for each in case.rounds for a, b in pairwise(each))
    assert plan.merged == 0
    assert len(plan.unreconciled) >= same

"""The operator's rules, whatever happens to a case: one team always, an end always. And any edit of the file is either
good or refused with places to look at."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import replace
from functools import reduce
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from dispatch.errors import BadRules
from dispatch.routing.loader import parse
from dispatch.routing.rulebook import END, SENDER, Facts
from tests.strategies import FLOW, RULEBOOK, RULES, evidence_of, facts, own_facts

LIMITS = RULEBOOK.limits
# Between two visits to people a case passes at most the automatic teams; beyond the limits it visits the supervisor
# once after each archive, and each archive but the first is a reopening.
LONGEST = (LIMITS.hops + 2 * (LIMITS.reopens + 2)) * (1 + sum(team.automatic for team in RULEBOOK.teams.values()))


@given(facts())
def test_every_visit_of_every_team_leads_to_exactly_one_team_that_exists(given_facts: Facts) -> None:
    decision = RULEBOOK.decide(given_facts)
    assert decision.to == END or decision.to in RULEBOOK.flows[FLOW]
    assert decision == RULEBOOK.decide(given_facts)


@given(own_facts)
def test_every_report_is_routable_from_the_start(known: dict[str, Any]) -> None:
    assert RULEBOOK.decide(Facts(flow=FLOW, known=known)).to in RULEBOOK.flows[FLOW]


@given(facts())
def test_sender_is_always_the_team_that_asked_unless_the_limits_stop_the_case(given_facts: Facts) -> None:
    fresh = replace(given_facts, hops=0, reopened=0)
    rule = next(r for r in RULEBOOK.rules_for(fresh) if all(c.holds(fresh.known) for c in r.when))
    decision = RULEBOOK.decide(fresh)
    assert decision.returns == (rule.to == SENDER)
    if decision.returns:
        assert decision.to == fresh.sender


@given(facts())
def test_the_explanation_names_the_rule_that_decides_and_a_reason_for_each_that_did_not(given_facts: Facts) -> None:
    decision, considered = RULEBOOK.explain(given_facts)
    assert not considered[-1].missed
    assert all(each.missed for each in considered[:-1])
    assert decision.rule in (considered[-1].rule.name, "limits.hops", "limits.reopens")


ENDING = {"fixed-on-site", "settled", "satisfied", "unreachable"}


@given(st.data(), st.booleans())
@settings(max_examples=40)
def test_a_case_driven_by_any_findings_comes_to_its_end(data: st.DataObject, stubborn: bool) -> None:
    visits = journey(data, ENDING if stubborn else set())
    assert visits[-1] == END
    assert len(visits) <= LONGEST


def journey(data: st.DataObject, avoided: set[str]) -> list[str]:
    """The teams that a case visits when each reports something at random, and the end if it comes to it.

    Findings in `avoided` are reported only where a team has no other.
    """
    known = data.draw(own_facts)
    team = RULEBOOK.decide(Facts(flow=FLOW, known=known)).to
    visits, hops, reopened = [team], int(not RULEBOOK.teams[team].automatic), 0
    asked_by: tuple[Any, ...] | None = None  # (team, who asked that team, …): going back restores the asker's own asker
    while team != END and len(visits) <= LONGEST:
        possible = [*RULEBOOK.flows[FLOW][team]]
        finding = data.draw(st.sampled_from([name for name in possible if name not in avoided] or possible))
        automatic = RULEBOOK.teams[team].automatic
        decision = RULEBOOK.decide(
            Facts(
                flow=FLOW,
                known={**known, **data.draw(evidence_of(finding))},
                team=team,
                finding=finding,
                sender=asked_by[0] if asked_by else None,
                hops=hops,
                reopened=reopened,
                archived=team == "callback-survey",
            )
        )
        if decision.returns:
            assert asked_by is not None
            assert decision.to == asked_by[0]
            asked_by = asked_by[1]
        elif decision.to == END or automatic or RULEBOOK.teams[decision.to].automatic:
            asked_by = None
        else:
            asked_by = (team, asked_by)
        if decision.to != END and not RULEBOOK.teams[decision.to].automatic:
            hops += 1
            reopened += automatic
        team = decision.to
        visits.append(team)
    return visits


# -- edits of the file ------------------------------------------------------------------------------

SMALL = (
    (RULES.parent / "tests" / "bad_rules" / "target-unknown.yaml").read_text(encoding="utf-8").replace("lnie", "line")
)
TREE = YAML(typ="safe", pure=True).load(SMALL)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every entry of the file."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, value in entries for found in ((*path, key), *places(value, (*path, key)))]


PLACES = places(TREE)
WORDS = [
    "noc",
    "line",
    "sender",
    "end",
    "fixed",
    "segment",
    "nobody",
    "",
    "1h",
    7,
    -1,
    1.5,
    True,
    None,
    [],
    {},
    ["noc"],
]


@given(st.sampled_from(PLACES), st.sampled_from(["delete", "set", "rename"]), st.sampled_from(WORDS))
@settings(max_examples=25)
def test_any_edit_of_a_good_file_is_good_or_refused_with_places_inside_the_file(
    place: tuple[Any, ...], edit: str, word: Any
) -> None:
    tree = deepcopy(TREE)
    parent = reduce(lambda node, key: node[key], place[:-1], tree)
    if edit == "set" or isinstance(parent, list):
        parent[place[-1]] = word
    else:
        taken = parent.pop(place[-1])
        if edit == "rename":
            parent[str(word)] = taken
    assert_good_or_refused(json.dumps(tree, indent=1, ensure_ascii=False))  # JSON is YAML too


@given(st.integers(0, len(SMALL)), st.integers(0, 12), st.text(alphabet="a:{}[]&*!|>'\"#-, \n\t", max_size=4))
@settings(max_examples=25)
def test_any_slip_of_the_keyboard_is_good_or_refused_with_places_inside_the_file(
    start: int, length: int, typed: str
) -> None:
    assert_good_or_refused(SMALL[:start] + typed + SMALL[start + length :])


def test_the_file_that_is_edited_is_good() -> None:
    assert parse(SMALL, "rules.yaml").teams


def assert_good_or_refused(text: str) -> None:
    lines = [*text.splitlines(), ""]
    for fault in faults(text):
        place = re.match(r"rules\.yaml:(\d+):(\d+): .", fault)
        assert place
        line, column = map(int, place.groups())
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 1


def faults(text: str) -> tuple[str, ...]:
    try:
        parse(text, "rules.yaml")
    except BadRules as refused:
        return refused.lines
    return ()

"""The operator's rules lead every case to one team at a time and to an end. Any edit of the file is good, or refused
with places to look at."""

from __future__ import annotations

import json
import math
import re
from copy import deepcopy
from dataclasses import replace
from functools import reduce
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from dispatch.errors import BadRules
from dispatch.routing import checks
from dispatch.routing.loader import parse
from dispatch.routing.rulebook import END, SENDER, Condition, Facts, Rule, Rules
from dispatch.routing.schema import AtLeast, RuleModel
from tests.strategies import FLOW, RULEBOOK, RULES, evidence_of, facts, own_facts

LIMITS = RULEBOOK.limits
# Between two visits to people a case passes at most the automatic teams; beyond the limits it visits the supervisor
# once after each archive, and each archive but the first is a reopening.
LONGEST = (LIMITS.hops + 2 * (LIMITS.reopens + 2)) * (1 + sum(team.automatic for team in RULEBOOK.teams.values()))


@given(facts())
def test_every_visit_of_every_team_leads_to_exactly_one_existing_team(given_facts: Facts) -> None:
    decision = RULEBOOK.decide(given_facts)
    assert decision.to == END or decision.to in RULEBOOK.flows[FLOW]
    assert decision == RULEBOOK.decide(given_facts)


@given(own_facts)
def test_every_report_is_routable_from_the_start(known: dict[str, Any]) -> None:
    assert RULEBOOK.decide(Facts(flow=FLOW, known=known)).to in RULEBOOK.flows[FLOW]


@given(facts())
def test_a_rule_to_sender_leads_to_the_team_that_asked_unless_a_limit_stops_the_case(given_facts: Facts) -> None:
    fresh = replace(given_facts, hops=0, reopened=0)
    rule = next(r for r in RULEBOOK.rules_for(fresh) if all(c.holds(fresh.known) for c in r.when))
    decision = RULEBOOK.decide(fresh)
    assert decision.returns == (rule.to == SENDER)
    if decision.returns:
        assert decision.to == fresh.sender


values = st.sampled_from(["a", "b", "c"]) | st.integers(-1, 3) | st.booleans() | st.sampled_from([0.5, math.nan])
conditions = st.builds(
    Condition,
    fact=st.sampled_from(["category", "area", "optical-power"]),
    allowed=st.frozensets(values, max_size=3),
    least=st.none() | st.sampled_from([-1, 0, 0.5, 2, math.inf]),
)
lists_of_rules = st.lists(st.lists(conditions, max_size=3), max_size=12).map(
    lambda whens: Rules([Rule(f"r{i}", i, tuple(when), "noc") for i, when in enumerate([*whens, []])])
)


@given(lists_of_rules, st.dictionaries(st.sampled_from(["category", "area", "optical-power", "remark"]), values))
def test_the_rule_found_by_the_index_is_the_first_that_matches(rules: Rules, known: dict[str, Any]) -> None:
    assert rules.first(known) == next(rule for rule in rules if all(c.holds(known) for c in rule.when))


wanted = st.one_of(
    st.integers(1, 4),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.builds(AtLeast, at_least=st.integers(1, 4)),
)
rule_models = st.builds(
    RuleModel, when=st.dictionaries(st.sampled_from(["priority", "area", "symptom"]), wanted), to=st.just("noc")
)


@given(st.lists(rule_models, max_size=8))
def test_a_covered_rule_is_found_as_by_comparing_all_pairs(rules: list[RuleModel]) -> None:
    before = checks._Before()
    for place, rule in enumerate(rules):
        one_by_one = (earlier for earlier in range(place) if checks._covers(rules[earlier], rule))
        assert before.covers(rule) == next(one_by_one, None)
        before.add(rule)


@given(facts())
def test_the_explanation_names_the_deciding_rule_and_why_each_other_did_not_match(given_facts: Facts) -> None:
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
    """Return the teams that a case visits when each reports at random, and the end if it is reached. Findings in
    `avoided` are reported only where a team has no other."""
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


# -- ways to the end --------------------------------------------------------------------------------

HEAD = (RULES.parent / "tests/bad_rules/no-way-to-the-end.yaml").read_text(encoding="utf-8").partition("flows:")[0]
HEAD = HEAD.replace(
    "  line: {title",
    "  duct: {title: {zh: 管道, en: Duct}, members: [installer], respond_within: 1h, "
    "finish_within: 2h}\n  line: {title",
).replace(", passes_on_to: [line]", "")
PEOPLE = ("noc", "line", "duct", "boss")
FINDINGS = ("inside", "fixed")

targets = st.lists(st.sampled_from([*PEOPLE, "archive", SENDER, SENDER]), min_size=1, max_size=2, unique=True)


@given(st.fixed_dictionaries({"noc": targets, "line": targets, "duct": targets}), st.sampled_from(["noc", "line"]))
@settings(max_examples=150)
def test_a_file_is_accepted_exactly_when_every_case_can_come_to_its_end(ways: dict[str, list[str]], start: str) -> None:
    """Compare with a search through the cases themselves: a team, and the stack of teams that wait for it."""
    sections = {**ways, "boss": ["archive"], "archive": [END]}
    lines = ["flows:", "  fault:", f"    start: {start}", "    teams:"]
    for team, to in ways.items():
        lines += [f"      {team}:", *(f"        {name}: {each}" for name, each in zip(FINDINGS, to, strict=False))]
    lines += ["      boss: {inside: archive, fixed: archive}", "      archive: {filed: end}"]
    told = faults(HEAD + "\n".join(lines) + "\n")
    if all("to the end of the case" in fault for fault in told):
        assert bool(told) == bool(stuck(sections, start))


def stuck(ways: dict[str, list[str]], start: str) -> set[tuple[str, ...]]:
    """Return the cases (team, waiting teams) with few waiting teams from which no way leads to the end, limits apart.
    If there is a way at all, there is one on which each team asks at most once more."""
    few = 4
    deepest = few + len(ways)

    def after(case: tuple[str, ...]) -> set[tuple[str, ...]]:
        team, *waiting = case
        back = {tuple(waiting)} if SENDER in ways[team] and waiting else set()
        asked = {(to, *(() if to == "archive" else case)) for to in ways[team] if to not in (SENDER, END)}
        return back | {each for each in asked if len(each) <= deepest}

    seen: set[tuple[str, ...]] = set()
    todo: set[tuple[str, ...]] = {(start,)}
    while todo:
        seen |= todo
        todo = {following for case in todo for following in after(case)} - seen
    good = {case for case in seen if END in ways[case[0]]}
    while more := {case for case in seen - good if after(case) & good}:
        good |= more
    return {case for case in seen - good if len(case) <= few}


# -- edits of the file ------------------------------------------------------------------------------

SMALL = (
    (RULES.parent / "tests" / "bad_rules" / "target-unknown.yaml").read_text(encoding="utf-8").replace("lnie", "line")
)
TREE = YAML(typ="safe", pure=True).load(SMALL)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every entry of the file."""
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
def test_any_typing_error_is_good_or_refused_with_places_inside_the_file(start: int, length: int, typed: str) -> None:
    assert_good_or_refused(SMALL[:start] + typed + SMALL[start + length :])


def test_the_file_under_edit_is_good() -> None:
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

"""`dispatch rules test`: the proofs of the cases, and the messages for a broken case file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dispatch.cli.rules import rules
from dispatch.errors import BadRules
from dispatch.routing.cases import CasesVerdict, all_rules, load_cases, parse_cases, run
from dispatch.routing.loader import parse
from dispatch.routing.rulebook import Rulebook
from dispatch.routing.strict_yaml import read
from tests.strategies import RULEBOOK, RULES

CASES = Path(__file__).parent.parent / "routing_cases.yaml"


def verdict(text: str) -> CasesVerdict:
    return run(RULEBOOK, parse_cases(text, "cases.yaml", RULEBOOK))


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(BadRules) as refused:
        parse_cases(text, "cases.yaml", RULEBOOK)
    return refused.value.lines


def command(*words: str) -> Result:
    return CliRunner().invoke(rules, [*words], env={"COLUMNS": "200"})


def test_the_operators_cases_are_good_and_leave_no_rule_uncovered() -> None:
    result = run(RULEBOOK, load_cases(CASES, RULEBOOK))
    assert result.mismatches == ()
    assert result.uncovered == ()


def test_the_cases_follow_the_steps_of_the_source() -> None:
    names = [case.name for case in load_cases(CASES, RULEBOOK)]
    steps = [int(name.removeprefix("步骤").split()[0]) for name in names if name.startswith("步骤")]
    assert steps == sorted(steps)
    assert set(steps) == set(range(5, 17))


def test_a_case_that_goes_elsewhere_is_a_mismatch_with_the_reason() -> None:
    text = "cases:\n  - {name: x, team: noc, finding: inside-plant, facts: {segment: optical-path}, to: data-network}\n"
    (outcome,) = verdict(text).mismatches
    assert outcome.decision.to == "transmission"
    assert outcome.missed == (
        "flows.fault.noc.inside-plant.data-or-routing: segment = data | routing (is optical-path)",
    )


def test_the_right_team_by_the_wrong_rule_is_a_mismatch() -> None:
    assert verdict("cases:\n  - {name: x, to: noc, rule: limits.hops}\n").mismatches


def test_a_rule_without_a_case_is_named_with_its_line() -> None:
    result = verdict("cases:\n  - {name: x, to: noc}\n")
    assert not result.mismatches
    assert not result.good
    assert ("limits.hops", RULEBOOK.limits.lines["hops"]) in result.uncovered
    assert len(result.uncovered) == len(all_rules(RULEBOOK)) - 1


LISTS = [
    *((flow, "start") for flow in RULEBOOK.flows),
    *(
        (flow, "teams", team, finding)
        for flow, teams in RULEBOOK.flows.items()
        for team in teams
        for finding in teams[team]
    ),
]


def with_rule_in_front(place: tuple[str, ...], name: str | None) -> Rulebook:
    """Return the operator's rules with one more, for a symptom without a case, first in the list at `place`."""
    data = read(RULES.read_text(encoding="utf-8")).data
    block = data["flows"]
    for part in place[:-1]:
        block = block[part]
    before = block[place[-1]]
    listed = before if isinstance(before, list) else [{"to": before}]
    new = {"when": {"symptom": "seen-in-no-case"}, "to": listed[-1]["to"]}
    block[place[-1]] = [new if name is None else {"name": name, **new}, *listed]
    return parse(json.dumps(data, ensure_ascii=False), "rules.yaml")


@pytest.mark.parametrize("name", ["urgent", None])
@pytest.mark.parametrize("place", LISTS, ids=".".join)
def test_a_rule_inserted_at_the_front_of_any_list_breaks_no_case(place: tuple[str, ...], name: str | None) -> None:
    rulebook = with_rule_in_front(place, name)
    result = run(rulebook, load_cases(CASES, rulebook))
    where = ".".join(part for part in ("flows", *place) if part != "teams")
    assert result.mismatches == ()
    assert [rule for rule, _ in result.uncovered] == [f"{where}.urgent" if name else f"{where}[0]"]


def test_a_case_that_names_a_rule_by_index_still_holds_once_the_rule_has_a_name() -> None:
    (case,) = parse_cases("cases:\n  - {name: x, to: noc, rule: 'flows.fault.start[1]'}\n", "cases.yaml", RULEBOOK)
    assert case.rule == "flows.fault.start.otherwise"


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("{name: x, to: ^nok}", "unknown team 'nok'; did you mean 'noc'?"),
        ("^{name: x}", "a case needs `to`, or what is `unmet`"),
        ("^{name: x, to: noc, unmet: [remark]}", "what is unmet leads nowhere: `to` can't stand beside it"),
        (
            "{name: x, team: noc, finding: fixed, to: archive, circumstances: {phots: ^1}}",
            "unknown circumstance 'phots'; did you mean 'photos'?",
        ),
        (
            "{name: x, team: noc, finding: fixed, to: archive, circumstances: {line-test: ^pass}}",
            "unknown value of line-test 'pass'; did you mean 'passed'?",
        ),
        (
            "{name: x, team: noc, finding: fixed, unmet: [^photos]}",
            "unknown requirement of fixed 'photos'; known are: line-test, remark",
        ),
        ("{name: x, to: noc, ^too: y}", "unknown key 'too'"),
        ("{name: x, flow: ^falt, to: noc}", "unknown flow 'falt'; did you mean 'fault'?"),
        ("{name: x, team: ^nok, finding: fixed, to: noc}", "unknown team 'nok'; did you mean 'noc'?"),
        ("{name: x, team: ^noc, to: noc}", "a team reports a finding: 'finding' is missing"),
        ("{name: x, finding: ^fixed, to: noc}", "a finding is some team's: 'team' is missing"),
        ("{name: x, team: noc, finding: ^fixd, to: noc}", "unknown finding of noc 'fixd'; did you mean 'fixed'?"),
        ("{name: x, to: noc, sender: ^nok}", "unknown team 'nok'; did you mean 'noc'?"),
        ("{name: x, to: noc, rule: ^limits.hop}", "unknown rule 'limits.hop'; did you mean 'limits.hops'?"),
        (
            "{name: x, team: transmission, finding: ^fixed, to: noc}",
            "'fixed' may lead back to the team that asked: 'sender' is missing",
        ),
        ("{name: x, facts: {categroy: ^system}, to: noc}", "unknown fact 'categroy'; did you mean 'category'?"),
        ("{name: x, facts: {category: ^sytem}, to: noc}", "unknown category 'sytem'; did you mean 'system'?"),
        ("{name: x, facts: {category: ^[system]}, to: noc}", "'category' must be a text, a number, true or false"),
        ("{name: x, hops: ^-1, to: noc}", "'hops' must be at least 0, not -1"),
    ],
)
def test_a_broken_case_is_told_with_its_line_and_column(case: str, message: str) -> None:
    line = f"  - {case}"  # the ^ marks the place
    assert faults(f"cases:\n{line.replace('^', '')}\n") == (f"cases.yaml:2:{line.index('^') + 1}: {message}",)


def test_an_evidence_value_that_the_finding_would_refuse_is_a_fault() -> None:
    (fault,) = faults("cases:\n  - {name: x, team: noc, finding: fixed, facts: {cause: rain}, to: archive}\n")
    assert fault.startswith("cases.yaml:2:57: cause: 'rain' is none of configuration")


def test_all_broken_cases_are_told_at_once() -> None:
    assert len(faults("cases:\n  - {name: a, to: x}\n  - {name: b, to: y}\n")) == 2


def test_a_malformed_or_missing_cases_file_is_a_fault_and_not_a_crash(tmp_path: Path) -> None:
    assert faults("cases: [")[0].startswith("cases.yaml:1:")
    with pytest.raises(BadRules, match="can't be read"):
        load_cases(tmp_path / "none.yaml", RULEBOOK)


# -- the commands -----------------------------------------------------------------------------------


def test_rules_test_exits_0_when_all_is_good() -> None:
    result = command("test", str(RULES), "--cases", str(CASES))
    assert result.exit_code == 0
    assert "0 rules without a case" in result.stdout


def test_rules_test_exits_1_and_shows_the_mismatch_and_the_uncovered_rules(tmp_path: Path) -> None:
    cases = tmp_path / "cases.yaml"
    cases.write_text("cases:\n  - {name: to nowhere good, to: archive}\n", encoding="utf-8")
    result = command("test", str(RULES), "--cases", str(cases))
    assert result.exit_code == 1
    assert "to nowhere good" in result.stdout
    assert "no case covers rule limits.hops" in result.stdout


def test_rules_test_as_json_gives_the_decision_of_each_case(tmp_path: Path) -> None:
    cases = tmp_path / "cases.yaml"
    cases.write_text("cases:\n  - {name: x, to: archive}\n", encoding="utf-8")
    result = command("test", str(RULES), "--cases", str(cases), "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["good"]) == (1, False)
    assert told["cases"][0]["decided"]["to"] == "noc"
    assert {"rule": "limits.hops", "line": RULEBOOK.limits.lines["hops"]} in told["uncovered"]


def test_rules_check_tells_version_and_counts_of_a_good_file() -> None:
    result = command("check", str(RULES))
    assert result.exit_code == 0
    assert f"version {RULEBOOK.version}: 14 teams, 25 findings, {len(all_rules(RULEBOOK))} rules" in result.stdout


def test_rules_check_without_a_file_takes_the_one_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_RULES", str(RULES))
    assert str(RULES) in command("check").stdout


def test_rules_check_prints_one_line_for_each_fault_and_exits_1() -> None:
    file = CASES.parent / "bad_rules" / "section-missing.yaml"
    result = command("check", str(file))
    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [str(file)] * 2


def test_rules_show_of_an_unknown_flow_names_the_known_ones() -> None:
    result = command("show", str(RULES), "--flow", "falt")
    assert result.exit_code == 1
    assert "there are: fault" in result.stderr


def test_rules_schema_is_json() -> None:
    assert json.loads(command("schema").stdout)["title"] == "RulesFile"


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh", ["应派 网络维护·数据（data-network）", "须数据设备（data）、路由（routing），实为光路（optical-path）"]),
        ("en", ["expected Data network (data-network)", "needs Data equipment (data), Routing (routing), is Optical"]),
    ],
)
def test_a_mismatch_is_told_in_the_words_of_the_reader(
    language: str, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_LANG", language)
    file = tmp_path / "cases.yaml"
    file.write_text(
        "cases:\n  - {name: x, team: noc, finding: inside-plant, facts: {segment: optical-path}, to: data-network}\n"
    )
    result = command("test", "--cases", str(file))
    assert result.exit_code == 1
    shown = "".join(result.output.split()).replace("│", "")
    for words in told:
        assert words.replace(" ", "") in shown, words

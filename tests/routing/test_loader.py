"""Reading the operator's file: the resulting rules, the refusals, and the form of faults."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from dispatch.errors import BadRules
from dispatch.routing.loader import load, parse
from dispatch.routing.rulebook import Rule, Rulebook
from dispatch.routing.schema import json_schema
from tests.strategies import RULEBOOK, RULES

TEXT = RULES.read_text(encoding="utf-8")


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(BadRules) as refused:
        parse(text, "rules.yaml")
    return refused.value.lines


def test_the_operators_file_is_good() -> None:
    assert list(RULEBOOK.teams)[:3] == ["noc", "system-support", "installer"]
    assert str(RULEBOOK.teams["noc"].title) == "网管监控 NOC"


def test_the_version_changes_with_every_letter_of_the_file_and_with_nothing_else() -> None:
    again, other = load(RULES), parse(TEXT + "# a remark\n", "rules.yaml")
    assert again.version == RULEBOOK.version
    assert other.version != RULEBOOK.version


def test_a_rule_keeps_its_line_so_that_a_decision_can_be_looked_up_in_the_file() -> None:
    lines = TEXT.splitlines()
    for rule in every_rule(RULEBOOK):
        assert rule.to in lines[rule.line - 1]


def every_rule(rulebook: Rulebook) -> list[Rule]:
    flow = rulebook.flows["fault"]
    return [*rulebook.starts["fault"], *(rule for team in flow.values() for rules in team.values() for rule in rules)]


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ("installer", ["flows.fault.noc.outside-plant"]),
        ("{name: field, to: installer}", ["flows.fault.noc.outside-plant.field"]),
        (
            "[{when: {priority: 1}, to: supervisor}, {name: field, to: installer}]",
            ["flows.fault.noc.outside-plant[0]", "flows.fault.noc.outside-plant.field"],
        ),
    ],
)
def test_a_rule_is_identified_by_its_name_or_else_by_its_index(rules: str, names: list[str]) -> None:
    rulebook = parse(TEXT.replace("outside-plant: installer", f"outside-plant: {rules}"), "rules.yaml")
    assert [rule.name for rule in rulebook.flows["fault"]["noc"]["outside-plant"]] == names


def test_a_limit_keeps_its_line_too() -> None:
    lines = TEXT.splitlines()
    assert lines[RULEBOOK.limits.lines["hops"] - 1].strip().startswith("hops:")
    assert lines[RULEBOOK.limits.lines["reopens"] - 1].strip().startswith("reopens:")


def test_durations_are_read_as_people_write_them() -> None:
    level = RULEBOOK.teams["noc"].level
    assert level is not None
    assert (level.respond_within, level.finish_within) == (timedelta(minutes=15), timedelta(hours=2))
    assert RULEBOOK.limits.hold == timedelta(days=30)


def test_an_automatic_team_has_no_service_level() -> None:
    assert RULEBOOK.teams["archive"].level is None


def test_the_evidence_of_a_finding_keeps_its_order_and_bounds() -> None:
    evidence = {each.name: each for each in RULEBOOK.findings["fixed-on-site"].evidence}
    assert list(evidence) == ["cause", "optical-power", "customer-confirmed", "old-serial", "new-serial", "remark"]
    assert (evidence["optical-power"].least, evidence["optical-power"].most) == (-40, 10)
    assert evidence["remark"].optional


def test_a_missing_file_is_a_fault_and_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(BadRules) as refused:
        load(tmp_path / "none.yaml")
    assert refused.value.lines[0].startswith(f"{tmp_path}/none.yaml:1:1: can't be read")


def test_a_file_that_is_not_utf_8_is_a_fault_and_not_a_crash(tmp_path: Path) -> None:
    file = tmp_path / "gbk.yaml"
    file.write_bytes("title: 网管监控".encode("gbk"))
    with pytest.raises(BadRules, match="can't be read"):
        load(file)


def test_faults_are_told_in_the_order_of_the_file() -> None:
    text = TEXT.replace("hold: 30d", "hold: long").replace("unreachable: end", "unreachable: ended")
    places = [int(line.split(":")[1]) for line in faults(text)]
    assert places == sorted(places)
    assert len(places) == 2


def test_faults_of_shape_and_of_meaning_are_told_in_one_run() -> None:
    text = TEXT.replace("hops: 40", "hops: many").replace("system-fault: system-support", "system-fault: sytem-support")
    first, second = faults(text)
    assert "'hops' must be a whole number" in first
    assert "did you mean 'system-support'?" in second


def test_an_ill_shaped_value_is_not_reported_again_among_the_faults_of_meaning() -> None:
    text = TEXT.replace("{segment: [data, routing]}", "{segment: {at_most: 1}}")
    assert len(faults(text)) == 1


def test_an_empty_value_is_reported_at_its_own_key_and_not_at_the_next() -> None:
    (fault,) = faults(TEXT.replace("outside-plant: installer", "outside-plant:"))
    line = next(i for i, text in enumerate(TEXT.splitlines(), 1) if "outside-plant: installer" in text)
    assert fault.startswith(f"rules.yaml:{line}:9: 'outside-plant' leads nowhere")


def test_yes_and_on_are_strings_as_in_yaml_1_2() -> None:
    assert parse(TEXT.replace("unit: dBm", "unit: on"), "rules.yaml").findings["fixed-on-site"].evidence[1].unit == "on"


def test_a_self_referential_alias_is_refused() -> None:
    told = faults("teams: &all {noc: *all}\n")
    assert "rules.yaml:1:8: '&all' has no place here: write it out each time" in told


def test_the_published_schema_is_the_one_the_loader_has() -> None:
    published = RULES.parent / "docs" / "routing_rules.schema.json"
    assert json.loads(published.read_text(encoding="utf-8")) == json_schema(), (
        "dispatch rules schema > docs/routing_rules.schema.json"
    )

"""A condition's value is written as facts are written, or the check says how: a rule that never matches isn't good."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dispatch.errors import BadRules
from dispatch.routing import loader
from dispatch.routing.rulebook import Facts, Rulebook

RULE = "      - {name: otherwise, to: noc}\n"


def with_condition(rulebook: Rulebook, condition: str) -> str:
    """The project's rules with one more rule in front of the start's default."""
    return rulebook.text.replace(RULE, f"      - {{when: {{{condition}}}, to: installer}}\n{RULE}", 1)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("area: 0755", "'area' is text: write '0755'"),
        ("area: 1_000", "'area' is text: write '1_000'"),
        ("area: 0x1F", "'area' is text: write '0x1F'"),
        ("area: true", "'area' is text: write 'true'"),
        ("area: [tianhe, 0755]", "'area' is text: write '0755'"),
        ("area: Cafe\u0301", "write 'Caf\u00e9'"),
        ("area: ｔｉａｎｈｅ", "write 'tianhe'"),
        ("area: 'tianhe '", "write 'tianhe'"),
        ("symptom: 404", "'symptom' is text: write '404'"),
        ("priority: '1'", "'priority' is a number, not '1'; write it without quotes"),
        ("priority: true", "'priority' is a number, not True"),
        ("priority: urgent", "'priority' is a number, not 'urgent'"),
    ],
)
def test_a_value_that_no_fact_can_have_is_refused_with_how_to_write_it(
    rulebook: Rulebook, condition: str, told: str
) -> None:
    with pytest.raises(BadRules) as refused:
        loader.parse(with_condition(rulebook, condition), "rules.yaml")
    (line,) = refused.value.lines
    assert told in line
    number = rulebook.text[: rulebook.text.index(RULE)].count("\n") + 1
    assert line.startswith(f"rules.yaml:{number}:")


@pytest.mark.parametrize("area", ["'0755'", "天河", "tianhe", "Café", "2026-01-31"])
def test_a_value_written_as_facts_are_decides(rulebook: Rulebook, area: str) -> None:
    made = loader.parse(with_condition(rulebook, f"area: {area}"), "rules.yaml")
    facts = {"area": area.strip("'"), "category": "network"}
    assert made.decide(Facts("fault", facts)).to == "installer"


def test_rules_check_names_a_misspelt_symptom_with_the_one_that_was_meant(rulebook: Rulebook, tmp_path: Path) -> None:
    from dispatch.cli.rules import rules

    file = tmp_path / "rules.yaml"
    file.write_text(with_condition(rulebook, "symptom: no-internt"), encoding="utf-8")
    told = CliRunner().invoke(rules, ["check", str(file)])
    number = rulebook.text[: rulebook.text.index(RULE)].count("\n") + 1
    assert told.exit_code == 1
    assert told.stdout == f"{file}:{number}:1: unknown symptom 'no-internt'; did you mean 'no-internet'?\n"
    file.write_text(with_condition(rulebook, "symptom: [no-internet, new-installation]"), encoding="utf-8")
    assert CliRunner().invoke(rules, ["check", str(file)]).exit_code == 0

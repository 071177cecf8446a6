"""The strict loader of `marketing_plans.yaml`: one small file, spoilt in one place at a time, then in several."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dispatch.errors import BadRules
from dispatch.routing.plans_file import load, parse

FILE = Path(__file__).parents[2] / "marketing_plans.yaml"

GOOD = """\
version: 1
plans:
  plain:
    title: {zh: 标准, en: Plain}
    speed: 300
    monthly_fee: "60.00"
    to_pay: {installation: "100.00", deposit: "100"}
    term: 0
    offered: {from: 2026-01-01}
    areas: all
    customers: any
    holders: [person, unit]
    needs_mobile: false
  family:
    title: {zh: 融合, en: Family}
    speed: 500
    monthly_fee: "30.50"
    to_pay: {prepaid: "366.00"}
    term: 12
    offered: {from: 2026-02-01, until: 2026-12-31}
    areas: [tianhe, haizhu]
    customers: new
    holders: [person]
    needs_mobile: true
    when_voided: {plan: plain}
    penalty: 30
    when_over: plain
"""


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(BadRules) as refused:
        parse(text, "p.yaml")
    return refused.value.lines


def test_a_good_file_is_read_whole_and_in_order() -> None:
    plans = parse(GOOD, "p.yaml")
    assert list(plans.plans) == ["plain", "family"]
    family = plans.plan("family")
    assert (family.title.zh, family.speed, family.monthly_fee, family.term) == ("融合", 500, 3050, 12)
    assert (family.since, family.until) == (date(2026, 2, 1), date(2026, 12, 31))
    assert (family.areas, family.customers, family.holders) == (("tianhe", "haizhu"), "new", ("person",))
    assert [(charge.name, charge.amount) for charge in family.charges] == [("prepaid", 36600)]
    assert family.fallback is not None
    assert (family.fallback.plan, family.fallback.monthly_fee) == ("plain", 6000)
    plain = plans.plan("plain")
    assert family.penalty == 30
    assert family.when_over is not None
    assert (family.when_over.plan, family.when_over.title.zh, family.when_over.monthly_fee) == ("plain", "标准", 6000)
    assert (plain.penalty, plain.when_over) == (0, None)
    assert (plain.areas, plain.until, plain.fallback, plain.to_pay) == (None, None, None, 20000)


def test_a_plans_files_version_depends_on_its_text() -> None:
    one, other = (parse(text, "p.yaml").version for text in (GOOD, GOOD + "# more\n"))
    assert len(one) == 12
    assert one != other


def test_the_operators_own_file_is_good_and_shows_every_kind_of_plan() -> None:
    plans = load(FILE).plans.values()
    assert {plan.customers for plan in plans} == {"new", "existing", "any"}
    assert any(plan.areas for plan in plans)
    assert any(plan.until for plan in plans)
    assert {plan.fallback.plan is None for plan in plans if plan.fallback} == {True, False}
    assert any(plan.holders == ("unit",) for plan in plans)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("speed: 500", "sped: 500", "16:5: unknown key 'sped'"),
        ("    speed: 500\n", "", "14:3: 'speed' is missing"),
        ("speed: 500", "speed: fast", "16:12: 'speed' must be a whole number, not 'fast'"),
        ("speed: 500", "speed: 0", "16:12: 'speed' must be at least 1, not 0"),
        ("term: 12", "term: 61", "19:11: 'term' must be at most 60, not 61"),
        ("  family:\n", "  plain:\n", "14:3: duplicate key 'plain', first given on line 3"),
        ("  family:\n", "  Family:\n", "14:3: 'Family' is no name: small letters, digits and single dashes"),
        ('"30.50"', "30.50", "17:18: 30.5 is no amount: write yuan in quotes, as '600.00'"),
        ('"30.50"', '"30.505"', "17:18: '30.505' is no amount: write yuan as '600.00'"),
        ('"30.50"', '"-30.50"', "17:18: '-30.50' is no amount: write yuan as '600.00'"),
        ('"30.50"', '"30,50"', "17:18: '30,50' is no amount: write yuan as '600.00'"),
        ('{prepaid: "366.00"}', "{prepaid: }", "18:14: nothing is no amount: write yuan in quotes, as '600.00'"),
        ('{prepaid: "366.00"}', '{prepayed: "366.00"}', "18:14: unknown key 'prepayed'"),
        ("until: 2026-12-31", "until: 2026-01-31", "20:40: until 2026-01-31 is before from 2026-02-01"),
        ("until: 2026-12-31", "until: 2026-02-30", "20:40: '2026-02-30' is no day: write 2026-01-31"),
        ("until: 2026-12-31", "until: 2026-W05-1", "20:40: '2026-W05-1' is no day: write 2026-01-31"),
        ("until: 2026-12-31", "until: ", "20:33: nothing is no day: write 2026-01-31"),
        ("[tianhe, haizhu]", "some", "21:12: 'areas' must be all, or a list of areas"),
        ("[tianhe, haizhu]", "[]", "21:12: 'areas' must be all, or a list of areas"),
        ("[tianhe, haizhu]", "[tianhe, 3]", "21:21: 'areas': input should be a valid string, not 3"),
        ("[tianhe, haizhu]", "[tianhe, tianhe]", "21:21: 'tianhe' is listed twice"),
        ("customers: new", "customers: old", "22:16: 'customers' must be 'new', 'existing' or 'any', not 'old'"),
        ("holders: [person]", "holders: [people]", "23:15: 'holders' must be 'person' or 'unit', not 'people'"),
        ("holders: [person]", "holders: []", "23:14: 'holders' must be a block of at least 1 entry, not nothing"),
        ("needs_mobile: true", "needs_mobile: yes", "24:19: 'needs_mobile' must be true or false, not 'yes'"),
        ("needs_mobile: true", "needs_mobile: false",
         "25:5: 'when_voided' belongs to plans with needs_mobile: true"),
        ("    when_voided: {plan: plain}\n", "",
         "24:19: a plan that needs a mobile number needs 'when_voided' too"),
        ("{plan: plain}", "{plan: plan}", "25:25: unknown plan 'plan'; did you mean 'plain'?"),
        ("{plan: plain}", "{plan: x}", "25:25: unknown plan 'x'; known are: plain, family"),
        ("{plan: plain}", "{plan: family}", "25:25: plan 'family' can't fall back to itself"),
        ("{plan: plain}", '{plan: plain, monthly_fee: "60.00"}',
         "25:5: 'when_voided' names either a plan or a monthly_fee"),
        ("{plan: plain}", "{}", "25:5: 'when_voided' names either a plan or a monthly_fee"),
        ("{plan: plain}", "{plan: }", "25:19: 'plan': input should be a valid string, not nothing"),
        ("{plan: plain}", "{monthly_fee: }", "25:19: nothing is no amount: write yuan in quotes, as '600.00'"),
        ("areas: all", "areas: [tianhe]", "25:25: plan 'plain' isn't offered to all areas of 'family'"),
        ("holders: [person, unit]", "holders: [unit]", "25:25: plan 'plain' isn't offered to all holders of 'family'"),
        ("zh: 融合", "zh: 标准", "15:17: plan 'plain' has this title already"),
        ("penalty: 30", "penalty: 101", "26:14: 'penalty' must be at most 100, not 101"),
        ("penalty: 30", "penalty: 0.3", "26:14: 'penalty' must be a whole number, not 0.3"),
        ("when_over: plain", "when_over: plan", "27:16: unknown plan 'plan'; did you mean 'plain'?"),
        ("when_over: plain", "when_over: family", "27:16: plan 'family' can't follow itself"),
        ("term: 0", "term: 0\n    penalty: 30", "9:5: 'penalty' belongs to plans with a term"),
        ("term: 0", "term: 0\n    when_over: family", "9:5: 'when_over' belongs to plans with a term"),
        ("version: 1", "version: 2", "1:10: 'version' must be 1, not 2"),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_its_place(old: str, new: str, fault: str) -> None:
    assert GOOD.count(old) == 1
    assert f"p.yaml:{fault}" in faults_of(GOOD.replace(old, new))


def test_a_plan_cannot_fall_back_to_another_number_carried_plan() -> None:
    spoilt = GOOD.replace("needs_mobile: false", 'needs_mobile: true\n    when_voided: {monthly_fee: "60.00"}')
    assert faults_of(spoilt) == tuple(
        f"p.yaml:{place}: plan 'plain' needs a mobile number itself" for place in ("26:25", "28:16")
    )


def test_all_faults_are_told_at_once_in_the_files_order() -> None:
    spoilt = (
        GOOD.replace("speed: 300", "speed: 0")
        .replace('"60.00"', "60")
        .replace("until: 2026-12-31", "until: 2025-12-31")
        .replace("customers: new", "custom: new")
        .replace("plan: plain", "plan: plane")
    )
    assert [fault.split(": ", 1)[1] for fault in faults_of(spoilt)] == [
        "'speed' must be at least 1, not 0",
        "60 is no amount: write yuan in quotes, as '600.00'",
        "'customers' is missing",
        "until 2025-12-31 is before from 2026-02-01",
        "unknown key 'custom'",
        "unknown plan 'plane'; did you mean 'plain'?",
    ]


@pytest.mark.parametrize("text", ["", "- a\n", "plans: [", "version: 1\n", "version: 1\nplans: {}\n", "plans:\n  a:\n"])
def test_a_text_that_is_not_a_plans_file_is_refused(text: str) -> None:
    assert len(faults_of(text)) >= 1


def test_an_unreadable_file_is_a_fault_too(tmp_path: Path) -> None:
    with pytest.raises(BadRules, match="can't be read"):
        load(tmp_path / "missing.yaml")

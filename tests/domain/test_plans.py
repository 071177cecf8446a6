"""Marketing plans: to whom they are offered, the amount due, the fallback, and their display by the commands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dispatch.__main__ import cli
from dispatch.domain.plans import (
    Applicant,
    Plan,
    Plans,
    months_later,
    months_left,
    next_bill_day,
    penalty_for,
    require_offered,
)
from dispatch.errors import PlanNotOffered, Refusal, UnknownPlan
from dispatch.routing.plans_file import load

FILE = Path(__file__).parents[2] / "marketing_plans.yaml"
PLANS: Plans = load(FILE)
TODAY = date(2026, 11, 24)
NEWCOMER = Applicant("tianhe", "new", "person", has_mobile=False)


def plan(name: str) -> Plan:
    return PLANS.plan(name)


def test_a_plan_that_fits_is_offered() -> None:
    require_offered(plan("welcome-1000"), NEWCOMER, TODAY)


@pytest.mark.parametrize(
    ("name", "applicant", "today", "why"),
    [
        ("welcome-1000", NEWCOMER, date(2026, 8, 31), "offered from 2026-09-01 on"),
        ("welcome-1000", NEWCOMER, date(2027, 3, 1), "offered until 2027-02-28"),
        ("welcome-1000", replace(NEWCOMER, area="conghua"), TODAY, "not offered in this area but in tianhe"),
        ("welcome-1000", replace(NEWCOMER, customer="existing"), TODAY, "for new customers only"),
        ("free-300", replace(NEWCOMER, has_mobile=True), TODAY, "for existing customers only"),
        ("business-1000", NEWCOMER, TODAY, "for units only"),
        ("yearly-300", replace(NEWCOMER, holder="unit"), TODAY, "for persons only"),
        ("family-500", NEWCOMER, TODAY, "a mobile number must be bound"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_with_its_reason(
    name: str, applicant: Applicant, today: date, why: str
) -> None:
    with pytest.raises(PlanNotOffered, match=why) as refused:
        require_offered(plan(name), applicant, today)
    assert plan(name).title.en in str(refused.value)


@pytest.mark.parametrize("today", [date(2026, 9, 1), date(2027, 2, 28)])
def test_a_plan_is_offered_on_its_first_and_on_its_last_day(today: date) -> None:
    require_offered(plan("welcome-1000"), NEWCOMER, today)


def test_all_reasons_are_told_at_once() -> None:
    with pytest.raises(PlanNotOffered) as refused:
        require_offered(plan("free-300"), replace(NEWCOMER, holder="unit"), date(2026, 1, 1))
    assert "2026-07-01起办理；仅限老客户；仅限个人；须绑定手机号码" in refused.value.sentence("zh")


def test_the_counter_is_shown_the_plans_open_to_the_customer_in_the_files_order() -> None:
    assert [each.name for each in PLANS.offered(NEWCOMER, TODAY)] == [
        "standard-300",
        "standard-1000",
        "yearly-300",
        "welcome-1000",
    ]
    assert "family-500" in {each.name for each in PLANS.offered(replace(NEWCOMER, has_mobile=True), TODAY)}


def test_the_amount_due_is_the_sum_of_charges_none_of_which_is_zero() -> None:
    for each in PLANS.plans.values():
        assert each.to_pay == sum(charge.amount for charge in each.charges)
        assert all(charge.amount > 0 for charge in each.charges)
    assert [(c.title.zh, c.amount) for c in plan("yearly-300").charges] == [("光猫押金", 10000), ("预存款", 60000)]


def test_a_voided_plan_names_the_plan_then_in_force() -> None:
    family, free = plan("family-500").fallback, plan("free-300").fallback
    assert family is not None
    assert (family.plan, family.monthly_fee) == ("standard-300", plan("standard-300").monthly_fee)
    assert free is not None
    assert (free.plan, free.monthly_fee) == (None, 6000)
    assert not plan("standard-300").needs_mobile


def test_an_unknown_plan_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownPlan, match="standard-300, standard-1000") as refused:
        plan("13800138000")
    assert "13800138000" not in str(refused.value)
    assert isinstance(refused.value, Refusal)


def test_an_enrolment_keeps_plain_data() -> None:
    kept = json.loads(json.dumps(plan("family-500").terms()))
    assert kept["when_voided"] == {"plan": "standard-300", "monthly_fee": 6000}
    assert (kept["monthly_fee"], kept["term"], kept["to_pay"]["deposit"]) == (3000, 24, 10000)
    assert json.loads(json.dumps(plan("standard-300").terms()))["when_voided"] is None


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 2, 28), 12, date(2028, 2, 28)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 11, 24), 24, date(2028, 11, 24)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_months_last(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later


def test_a_term_ends_on_the_same_day_of_a_later_month_and_an_absent_term_never_ends() -> None:
    assert plan("yearly-300").ends(TODAY) == date(2027, 11, 24)
    assert plan("standard-300").ends(TODAY) is None


@pytest.mark.parametrize(
    ("today", "day", "first"),
    [
        (date(2026, 11, 30), 1, date(2026, 12, 1)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 12, 4), 5, date(2026, 12, 5)),
        (date(2026, 12, 5), 5, date(2027, 1, 5)),
        (date(2027, 1, 30), 28, date(2027, 2, 28)),
    ],
)
def test_the_next_bill_begins_on_the_bill_day_later_than_today(today: date, day: int, first: date) -> None:
    assert next_bill_day(today, day) == first


def test_months_left_are_the_fewest_that_reach_the_end_of_the_term() -> None:
    assert months_left(date(2026, 11, 30), date(2027, 3, 10)) == 4
    assert months_left(date(2026, 3, 10), date(2027, 3, 10)) == 12
    assert months_left(date(2027, 3, 9), date(2027, 3, 10)) == 1
    assert months_left(date(2027, 1, 31), date(2027, 2, 28)) == 1
    assert months_left(date(2027, 3, 10), date(2027, 3, 10)) == 0


def test_who_leaves_before_the_term_is_over_pays_a_share_of_the_fee_of_each_month_left() -> None:
    terms = plan("yearly-300").terms()
    assert penalty_for(terms, date(2026, 11, 30), date(2027, 3, 10)) == 60_00
    assert penalty_for(terms, date(2027, 3, 10), date(2027, 3, 10)) == 0
    assert penalty_for(terms, date(2026, 11, 30), None) == 0


def test_terms_of_before_there_were_penalties_have_none() -> None:
    assert penalty_for({"monthly_fee": 50_00}, date(2026, 11, 30), date(2027, 3, 10)) == 0


def test_the_terms_say_what_follows_when_they_are_over() -> None:
    assert plan("yearly-300").terms()["when_over"] == {
        "plan": "standard-300",
        "title": {"zh": "标准宽带300M", "en": "Standard 300M"},
        "speed": 300,
        "monthly_fee": 60_00,
    }
    assert plan("family-500").terms()["when_over"] is None


# -- the commands -----------------------------------------------------------------------------------


def run(*words: str) -> str:
    result = CliRunner().invoke(cli, ["plans", *words], env={"COLUMNS": "80"}, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_plans_check_counts_the_plans_and_names_the_version() -> None:
    assert f": good, {len(PLANS.plans)} plans" in run("check")
    assert PLANS.version in run("check", str(FILE))


def test_plans_show_has_every_plan_whole_within_eighty_columns() -> None:
    shown = run("show")
    assert "…" not in shown
    for each in PLANS.plans.values():
        assert each.name in shown
        assert each.title.en in shown


def test_plans_show_of_one_plan_tells_everything_about_it() -> None:
    shown = run("show", "family-500")
    for said in (
        "500 Mbit/s",
        "30.00 yuan",
        "Deposit on the modem",
        "200.00 yuan",
        "24 months",
        "Standard 300M",
        "60.00 yuan",
    ):
        assert said in shown


def test_plans_show_speaks_json_with_amounts_in_fen() -> None:
    everything = json.loads(run("show", "--json"))
    assert everything["version"] == PLANS.version
    assert [each["plan"] for each in everything["plans"]] == list(PLANS.plans)
    one = json.loads(run("show", "welcome-1000", "--json"))
    assert (one["total_to_pay"], one["areas"], one["offered"]["until"]) == (
        96000,
        ["tianhe", "haizhu", "panyu"],
        "2027-02-28",
    )


def test_the_plans_in_force_are_those_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "plans.yaml"
    mine.write_text(FILE.read_text(encoding="utf-8").replace("standard-300", "ours-300"), encoding="utf-8")
    monkeypatch.setenv("DISPATCH_PLANS", str(mine))
    assert "ours-300" in run("show")

"""Plans offered are exactly the plans not refused; months add up; no spoilt file crashes the loader."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.plans import Applicant, months_later, require_offered
from dispatch.errors import BadRules, PlanNotOffered
from dispatch.routing.plans_file import load, parse

FILE = Path(__file__).parents[2] / "marketing_plans.yaml"
TEXT = FILE.read_text(encoding="utf-8")
PLANS = load(FILE)

days = st.dates(date(2025, 1, 1), date(2030, 1, 1))
applicants = st.builds(
    Applicant,
    area=st.sampled_from(["tianhe", "panyu", "conghua"]),
    customer=st.sampled_from(["new", "existing"]),
    holder=st.sampled_from(["person", "unit"]),
    has_mobile=st.booleans(),
)


@given(applicants, days)
def test_the_counter_offers_exactly_the_plans_that_are_not_refused(applicant: Applicant, today: date) -> None:
    offered = PLANS.offered(applicant, today)
    for plan in PLANS.plans.values():
        try:
            require_offered(plan, applicant, today)
        except PlanNotOffered:
            assert plan not in offered
        else:
            assert plan in offered


@given(applicants, days)
def test_a_holder_of_a_plan_is_eligible_for_its_fallback(applicant: Applicant, today: date) -> None:
    for plan in PLANS.offered(applicant, today):
        if plan.fallback and plan.fallback.plan:
            fallback = PLANS.plan(plan.fallback.plan)
            assert not fallback.needs_mobile
            assert fallback.areas is None or applicant.area in fallback.areas
            assert applicant.holder in fallback.holders


@given(days, st.integers(0, 60), st.integers(0, 60))
def test_months_later_keeps_the_order_and_never_skips_a_month(day: date, months: int, more: int) -> None:
    later = months_later(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day <= day.day
    assert months_later(day, months + more) >= later


@given(st.data())
def test_a_file_with_a_line_lost_or_a_word_changed_is_read_or_refused_with_places(data: st.DataObject) -> None:
    lines = TEXT.splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 3))):
        i = data.draw(st.integers(0, len(lines) - 1))
        head, colon, _ = lines[i].partition(":")
        value = data.draw(st.sampled_from(["", "~", "[]", "{}", "-1", "'x'", "yes", "1e9", "[~]", "{plan: ~}"]))
        lines[i] = data.draw(st.sampled_from(["", f"{head}{colon} {value}\n"]))
    faults: tuple[str, ...] = ("p.yaml:1:1: none",)
    try:
        parse("".join(lines), "p.yaml")
    except BadRules as refused:
        faults = refused.lines
    assert faults
    assert all(re.match(r"p\.yaml:[0-9]+:[0-9]+: .", fault) for fault in faults)

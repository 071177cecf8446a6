"""减免: what a late repair and a late line cost the operator, by the worked examples of the rule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.compensation import NOTHING, Computed, late_building, late_repair

CHINA = ZoneInfo("Asia/Shanghai")
TOWN, COUNTRY = timedelta(hours=48), timedelta(hours=72)


def at(day: int, hour: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=CHINA)


def test_a_fault_of_60_yuan_a_month_from_3_november_to_6_november_costs_8_yuan() -> None:
    assert late_repair(60_00, at(3, 10), at(6, 15), COUNTRY, CHINA) == Computed(8_00, 4)


def test_three_days_late_for_a_line_of_100_yuan_cost_3_yuan() -> None:
    assert late_building(100_00, date(2026, 11, 10), date(2026, 11, 13), 1) == Computed(3_00, 3)


def test_a_repair_within_its_time_costs_nothing() -> None:
    assert late_repair(60_00, at(3, 10), at(5, 10), TOWN, CHINA) == NOTHING
    assert late_repair(60_00, at(3, 10), at(6, 10), COUNTRY, CHINA) == NOTHING
    assert late_repair(60_00, at(3, 10), at(5, 11), TOWN, CHINA) == Computed(6_00, 3)


def test_days_are_those_of_china() -> None:
    reported, repaired = datetime(2026, 11, 2, 16, tzinfo=UTC), datetime(2026, 11, 5, 15, 59, tzinfo=UTC)
    assert late_repair(60_00, reported, repaired, TOWN, CHINA).days == 3


def test_a_fault_over_the_end_of_a_month_is_rounded_month_by_month() -> None:
    assert late_repair(50_00, at(30, 10), at(3, 10, 12), TOWN, CHINA) == Computed(1_67 + 4_84, 4)


def test_a_line_built_on_its_day_costs_nothing() -> None:
    assert late_building(100_00, date(2026, 11, 10), date(2026, 11, 10), 1) == NOTHING
    assert late_building(100_00, date(2026, 11, 10), date(2026, 11, 8), 1) == NOTHING


@settings(max_examples=50)
@given(fee=st.integers(0, 1_000_00), hours=st.integers(0, 27 * 24))
def test_a_late_repair_within_a_month_never_costs_more_than_the_months_fee(fee: int, hours: int) -> None:
    found = late_repair(fee, at(1, 0), at(1, 0) + timedelta(hours=hours), TOWN, CHINA)
    assert 0 <= found.fen <= fee
    assert (found == NOTHING) == (hours <= 48)

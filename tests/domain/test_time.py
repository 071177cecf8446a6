"""Times as people type them, in any zone: those that the clocks skip or repeat have one defined meaning."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.time import begin_of_day, local_date, typed_moment
from tests.strategies import moments

ZONES = [
    "Asia/Shanghai",
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
walls = st.datetimes(datetime.fromisoformat("2015-01-01"), datetime.fromisoformat("2035-01-01"))


@given(moments, zones)
def test_a_moment_that_is_shown_and_typed_again_is_the_same_or_its_first_occurrence(
    moment: datetime, zone: ZoneInfo
) -> None:
    shown = moment.astimezone(zone).replace(tzinfo=None)
    read = typed_moment(shown, zone)
    assert read.replace(tzinfo=None) == shown
    assert moment - read in (timedelta(0), timedelta(hours=1), timedelta(minutes=30))
    assert read <= moment


@given(walls, zones)
def test_a_typed_time_is_shown_as_typed_unless_the_clocks_skip_it(wall: datetime, zone: ZoneInfo) -> None:
    read = typed_moment(wall, zone)
    skipped = read.replace(tzinfo=None) - wall
    assert timedelta(0) <= skipped <= timedelta(days=1)
    if skipped:  # then no moment has this wall time: the clocks went forward between the two readings
        before, after = (read + timedelta(days=n) for n in (-2, 2))
        assert after.astimezone(zone).utcoffset() != before.astimezone(zone).utcoffset()


@pytest.mark.parametrize(
    ("zone", "typed", "meant"),
    [
        ("Asia/Shanghai", "2026-12-01T14:00", "2026-12-01T06:00+00:00"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:30+00:00"),  # skipped: it is 03:30
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30+00:00"),  # twice: the first
        ("America/New_York", "2026-11-01T01:30-05:00", "2026-11-01T06:30+00:00"),  # the second, said so
        ("Asia/Shanghai", "2026-12-01T14:00+02:00", "2026-12-01T12:00+00:00"),
    ],
)
def test_a_time_that_the_clocks_skip_or_repeat_means_what_rfc_5545_says(zone: str, typed: str, meant: str) -> None:
    assert typed_moment(datetime.fromisoformat(typed), ZoneInfo(zone)) == datetime.fromisoformat(meant)


@given(st.dates(date(2015, 1, 2), date(2035, 1, 1)), zones)
def test_a_day_begins_at_the_first_moment_that_has_its_date(day: date, zone: ZoneInfo) -> None:
    begin = begin_of_day(day, zone)
    assert local_date(begin, zone) == day
    assert local_date((begin.astimezone(UTC) - timedelta(seconds=1)), zone) == day - timedelta(days=1)

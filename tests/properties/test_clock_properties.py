"""Durations and the split of a visit's time, for any times at all."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.service_level import ServiceLevel, finish_by, spent
from dispatch.domain.time import read_duration, write_duration
from tests.strategies import moments, seconds


@given(seconds)
def test_a_duration_reads_back_what_it_writes(span: timedelta) -> None:
    assert read_duration(write_duration(span)) == span


@given(st.text(max_size=12))
@settings(max_examples=200)
def test_a_malformed_duration_is_refused_with_the_valid_forms(text: str) -> None:
    if not re.fullmatch(r"([0-9]+[smhd])+", text):
        with pytest.raises(ValueError, match="write 90s, 15m"):
            read_duration(text)


@given(moments, seconds, seconds, seconds, st.floats(0, 1))
def test_the_parts_of_a_visit_add_up_to_the_whole(
    made: datetime, queued: timedelta, waiting: timedelta, in_hand: timedelta, part_held: float
) -> None:
    boarded, claimed = made + queued, made + queued + waiting
    ended = claimed + in_hand
    split = spent(made, boarded, claimed, ended, in_hand * part_held)
    assert split.whole == ended - made
    assert min(split.queued, split.waiting, split.in_hand, split.held) >= timedelta()


@given(moments, seconds, seconds, st.sampled_from(["due", "boarded"]))
def test_a_visit_that_ended_early_adds_up_too(
    made: datetime, queued: timedelta, waiting: timedelta, reached: str
) -> None:
    boarded = made + queued if reached == "boarded" else None
    ended = made + queued + waiting
    split = spent(made, boarded, None, ended, timedelta())
    assert split.whole == ended - made
    assert split.in_hand == timedelta()


@given(moments, seconds, seconds)
def test_time_on_hold_is_added_to_the_time_a_team_has(claimed: datetime, level: timedelta, held: timedelta) -> None:
    assert finish_by(ServiceLevel(level, level), claimed, held) - held == claimed + level

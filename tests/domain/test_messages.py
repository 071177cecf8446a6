"""What a message says, and when it may go."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.effect import EffectState
from dispatch.domain.messages import (
    LONGEST_VALUES,
    PROMISED,
    VALUES,
    Event,
    MessageState,
    QuietHours,
    Value,
    message_state,
)
from tests.factories import messages

CHINA = ZoneInfo("Asia/Shanghai")
NIGHT = QuietHours(time(21), time(9))
NOON = QuietHours(time(12), time(14))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("quiet", "now", "due"),
    [
        (NIGHT, at(1, 3), at(1, 9)),
        (NIGHT, at(1, 21), at(2, 9)),
        (NIGHT, at(1, 20, 59), at(1, 20, 59)),
        (NIGHT, at(1, 8, 59), at(1, 9)),
        (NIGHT, at(1, 9), at(1, 9)),
        (NIGHT, at(31, 23), at(31, 9) + timedelta(days=1)),
        (NOON, at(1, 13), at(1, 14)),
        (NOON, at(1, 14), at(1, 14)),
        (NOON, at(1, 11, 59), at(1, 11, 59)),
    ],
)
def test_a_message_of_quiet_hours_is_due_when_they_end(quiet: QuietHours, now: datetime, due: datetime) -> None:
    assert quiet.end(now.astimezone(UTC), CHINA) == due


times = st.times().map(lambda each: each.replace(second=0, microsecond=0))


minutes = st.integers(0, 366 * 24 * 60).map(lambda each: at(1, 0) + timedelta(minutes=each))


@given(times, times, minutes)
def test_the_end_of_quiet_hours_is_never_quiet_and_less_than_a_day_away(
    since: time, until: time, now: datetime
) -> None:
    if since == until:
        return
    quiet = QuietHours(since, until)
    due = quiet.end(now, CHINA)
    assert now <= due < now + timedelta(days=1)
    assert quiet.end(due, CHINA) == due


def test_messages_that_the_customer_waits_for_go_at_any_hour() -> None:
    assert messages().due(Event.FAULT_ACCEPTED, at(1, 3), CHINA) == at(1, 3)
    assert messages().due(Event.HELD, at(1, 3), CHINA) == at(1, 9)


@pytest.mark.parametrize(
    ("event", "facts", "text"),
    [
        (Event.FAULT_ACCEPTED, {"no": "F00000042"}, "故障F00000042已受理，预计12月3日10:00前恢复。"),
        (
            Event.OPENED,
            {"account": "gz-1", "no": "C00000007"},
            "宽带gz-1已受理，施工单C00000007，预计12月8日10:00前开通。",
        ),
        (
            Event.HELD,
            {"no": "F00000042", "until": "2026-12-02T06:00:00+00:00"},
            "F00000042暂停处理，12月2日14:00继续。有疑问请拨10086。",
        ),
        (
            Event.TERM_ENDING,
            {"plan": {"zh": "家庭 500M", "en": "Family 500"}, "day": "2027-03-10", "fee": 6000},
            "家庭 500M2027年3月10日到期，后按60.00元/月。",
        ),
        (Event.ARREARS, {"account": "gz-1", "sum": 12000}, "宽带gz-1欠费120.00元已停，缴清复机。"),
        (Event.DEMAND, {}, "您登记的地址可装宽带了，请拨10086。"),
    ],
)
def test_a_text_is_filled_in(event: Event, facts: dict[str, object], text: str) -> None:
    assert messages().write(event, facts, at(1, 10), CHINA) == text


def test_every_value_but_links_and_free_words_has_a_longest_one() -> None:
    assert LONGEST_VALUES.keys() == set(Value) - {Value.LINK, Value.TEXT}
    assert VALUES.keys() == set(Event)
    assert all(promised <= VALUES[event] for event, promised in PROMISED.items())


@pytest.mark.parametrize(
    ("outcome", "effect", "state"),
    [
        (None, None, MessageState.WAITING),
        ("off", None, MessageState.OFF),
        ("no-number", None, MessageState.NO_NUMBER),
        ("sent", None, MessageState.SENT),
        ("effect", EffectState.DUE, MessageState.DUE),
        ("effect", EffectState.RECEIVED, MessageState.DUE),
        ("effect", EffectState.QUARANTINED, MessageState.FAILED),
        ("effect", EffectState.CONFIRMED, MessageState.SENT),
    ],
)
def test_what_became_of_a_message_is_told(outcome: str | None, effect: str | None, state: MessageState) -> None:
    assert message_state(outcome, effect) is state

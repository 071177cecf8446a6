"""`messages.yaml` is read strictly: every fault by its place, and no text longer than one message."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from dispatch.domain.messages import LONGEST, Event, QuietHours
from dispatch.domain.title import Title
from dispatch.errors import BadRules
from dispatch.routing.messages_file import parse
from tests.conftest import PROJECT

TEXT = (PROJECT / "messages.yaml").read_text(encoding="utf-8")


def faults(text: str, **known: object) -> tuple[str, ...]:
    with pytest.raises(BadRules) as refused:
        parse(text, "messages.yaml", **known)  # type: ignore[arg-type]
    return refused.value.lines


def changed(old: str, new: str) -> str:
    assert TEXT.count(old) == 1
    return TEXT.replace(old, new)


def test_the_projects_file_has_a_text_for_every_event_and_quiet_hours_from_21_to_9() -> None:
    read = parse(TEXT, "messages.yaml")
    assert list(read.texts) == list(Event)
    assert read.quiet == QuietHours(time(21), time(9))
    at_any_hour = [event for event, each in read.texts.items() if each.any_hour]
    assert at_any_hour == [Event.FAULT_ACCEPTED, Event.ON_ITS_WAY, Event.CODE]
    assert read.texts[Event.FAULT_ACCEPTED].within == timedelta(hours=48)
    assert all(each.on for each in read.texts.values())


def test_without_quiet_hours_messages_go_at_any_hour() -> None:
    assert parse(changed('{from: "21:00", until: "09:00"}', "none"), "messages.yaml").quiet is None


def test_a_message_can_be_switched_off() -> None:
    read = parse(changed("  demand:\n", "  demand:\n    on: false\n"), "messages.yaml")
    assert [event for event, each in read.texts.items() if not each.on] == [Event.DEMAND]


def test_a_missing_an_unknown_and_a_wrong_text_are_told_at_once() -> None:
    text = changed("  plan:\n", "  plann:\n").replace("{until}继续", "{untill}继续")
    where = text.splitlines()
    found = faults(text)
    assert f"messages.yaml:{where.index('messages:') + 1}:1: 'plan' (Plan in force) is missing" in found
    assert f"messages.yaml:{where.index('  plann:') + 1}:3: unknown event 'plann'; did you mean 'plan'?" in found
    assert any("unknown value 'untill'; did you mean 'until'?" in line for line in found)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"21:00"', "21:00x", "is no time of the day: write '21:00'"),
        ('until: "09:00"', 'until: "21:00"', "the quiet hours end when they begin"),
        ("    within: 48h\n", "", "names {due}: say with `within` how long it takes"),
        ("  demand:\n", "  demand:\n    within: 7d\n", "`within` belongs to texts that promise {due}"),
        ("已减免{sum}元", "已减免{sum}}元", "a brace has no partner"),
        ("language: zh", "language: fr", "language"),
        ("    any-hour: true\n    within", "    any-hour: often\n    within", "any-hour"),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, fault: str) -> None:
    assert any(fault in line for line in faults(changed(old, new)))


def test_no_text_is_longer_than_one_message_whatever_is_filled_in() -> None:
    """62 characters: 70 less the operator's name in 【】."""
    [told] = faults(TEXT, link=f"https://{'k' * 50}.example/s/0123456789abcdef")[:1]
    assert f"one message has room for {LONGEST}" in told
    long_plan = (Title("套餐" * 20, "plan"),)
    assert any("characters when it is filled in" in line for line in faults(TEXT, plans=long_plan))
    parse(TEXT, "messages.yaml", plans=(Title("家庭融合 500M 两年合约", "Family 500"),))

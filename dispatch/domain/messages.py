"""短信 Text messages to customers: the events that send one, what their texts may say, and when they may go. Pure.

The texts are data (`messages.yaml`, read by `messages_file`). An event's facts are JSON: an instant, a day, fen, a name
in both languages, or a word; `written` says them in the language that customers get.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from dispatch.domain.effect import EffectState
from dispatch.domain.language import Language
from dispatch.domain.money import write_yuan
from dispatch.domain.time import typed_moment
from dispatch.domain.title import Title, TitledEnum

Facts = Mapping[str, Any]

LONGEST = 62
"""Characters of one message: 70 of UCS-2, less the operator's name that the gateway puts before it, 【…】."""
LONGEST_ASCII = 150
"""Characters of a message in ASCII alone, with the operator's name."""

_PLACE = re.compile(r"\{([^{}]*)\}")


class Value(StrEnum):
    """What a text may name, as `{name}`."""

    ACCOUNT = "account"  # 宽带账号
    NO = "no"  # a ticket's number
    DUE = "due"  # an instant by which something is promised
    WINDOW = "window"  # of a visit; a title
    WHO = "who"  # a person of ours
    PHONE = "phone"  # of a person of ours
    LINK = "link"
    CODE = "code"
    ACT = "act"  # what a code is for; a title
    DAY = "day"
    UNTIL = "until"  # an instant
    SUM = "sum"  # fen
    FEE = "fee"  # fen a month
    PLAN = "plan"  # a title
    TEXT = "text"  # free words


_PROMISED = frozenset({Value.DUE})
"""Values that the operator's file may give: so long after the event (`within`)."""

LONGEST_VALUES: Mapping[Value, Title] = {
    Value.ACCOUNT: Title("gz-kd-0000000042", "gz-kd-0000000042"),
    Value.NO: Title("F00000042", "F00000042"),
    Value.DUE: Title("12月31日23:59", "12-31 23:59"),
    Value.WINDOW: Title("12月31日08:30–12:00", "12-31 08:30-12:00"),
    Value.WHO: Title("欧阳小三", "Ouyang Xiaosan"),
    Value.PHONE: Title("13800138000", "13800138000"),
    Value.CODE: Title("000000", "000000"),
    Value.ACT: Title("解除手机号码绑定", "Unbind mobile number"),
    Value.DAY: Title("2026年12月31日", "2026-12-31"),
    Value.UNTIL: Title("12月31日23:59", "12-31 23:59"),
    Value.SUM: Title("99999.99", "99999.99"),
    Value.FEE: Title("9999.99", "9999.99"),
    Value.PLAN: Title("全家千兆宽带融合套餐2026", "Whole-family gigabit bundle"),
}
"""The longest values that the length of a text is checked with. A link's is the installation's; `text` has any length,
and the gateway sends a long one in parts."""


class Event(TitledEnum):
    """What a customer is told of. The order is the file's."""

    OPENED = "opened", Title("开户受理", "Opening accepted")
    OPENED_VISIT = "opened-visit", Title("开户受理，约定上门", "Opening accepted, with a visit")
    MOVE = "move", Title("移机受理", "Move accepted")
    FAULT_ACCEPTED = "fault-accepted", Title("报障受理", "Fault accepted")
    VISIT = "visit", Title("约定上门", "Visit agreed")
    ON_ITS_WAY = "on-its-way", Title("正在上门", "On the way")
    HELD = "held", Title("暂停处理", "Put on hold")
    RESTORED = "restored", Title("修复，请评价", "Restored, with the survey")
    INSTALLED = "installed", Title("竣工，请评价", "Installed, with the survey")
    CODE = "code", Title("验证码", "Code")
    KEEP_ENDING = "keep-ending", Title("停机保号到期", "Pause ends")
    ARREARS = "arrears", Title("欠费停机", "Suspended for arrears")
    PLAN = "plan", Title("营销案生效", "Plan in force")
    TERM_ENDING = "term-ending", Title("合约到期", "Term ends")
    DEVICE_DUE = "device-due", Title("终端待还", "Device to be returned")
    DEMAND = "demand", Title("可以装机", "A line can be had")
    COMPLAINT = "complaint", Title("投诉受理", "Complaint accepted")
    REPLY = "reply", Title("投诉答复", "Complaint answered")
    COMPENSATED = "compensated", Title("减免", "Compensated")


class MessageState(TitledEnum):
    """What became of a message, as people are told."""

    WAITING = "waiting", Title("待写", "To be written")
    DUE = "due", Title("待发", "To be sent")
    SENT = "sent", Title("已发", "Sent")
    FAILED = "failed", Title("发送失败", "Failed")
    OFF = "off", Title("未发：此类短信已关闭", "Not sent: switched off")
    NO_NUMBER = "no-number", Title("未发：没有号码", "Not sent: no number")


def message_state(outcome: str | None, effect_state: str | None) -> MessageState:
    """What became of a message. `outcome`: None before it is settled; `effect_state`: of the effect made of it."""
    if outcome is None:
        return MessageState.WAITING
    if outcome != "effect":
        return MessageState(outcome)
    match effect_state:
        case EffectState.CONFIRMED:
            return MessageState.SENT
        case EffectState.QUARANTINED:
            return MessageState.FAILED
    return MessageState.DUE


_V = Value
VALUES: Mapping[Event, frozenset[Value]] = {
    Event.OPENED: frozenset({_V.ACCOUNT, _V.NO, _V.DUE}),
    Event.OPENED_VISIT: frozenset({_V.ACCOUNT, _V.NO, _V.WINDOW}),
    Event.MOVE: frozenset({_V.ACCOUNT, _V.NO, _V.WINDOW}),
    Event.FAULT_ACCEPTED: frozenset({_V.NO, _V.DUE}),
    Event.VISIT: frozenset({_V.NO, _V.WHO, _V.WINDOW}),
    Event.ON_ITS_WAY: frozenset({_V.NO, _V.WHO, _V.PHONE}),
    Event.HELD: frozenset({_V.NO, _V.UNTIL}),
    Event.RESTORED: frozenset({_V.NO, _V.LINK}),
    Event.INSTALLED: frozenset({_V.NO, _V.LINK}),
    Event.CODE: frozenset({_V.CODE, _V.ACT}),
    Event.KEEP_ENDING: frozenset({_V.ACCOUNT, _V.DAY}),
    Event.ARREARS: frozenset({_V.ACCOUNT, _V.SUM}),
    Event.PLAN: frozenset({_V.PLAN, _V.DAY}),
    Event.TERM_ENDING: frozenset({_V.PLAN, _V.DAY, _V.FEE}),
    Event.DEVICE_DUE: frozenset({_V.DAY}),
    Event.DEMAND: frozenset(),
    Event.COMPLAINT: frozenset({_V.NO, _V.DUE}),
    Event.REPLY: frozenset({_V.NO, _V.TEXT}),
    Event.COMPENSATED: frozenset({_V.SUM}),
}
"""What the text of each event may name."""

SECRET = frozenset({Event.CODE})
"""Events whose text is kept no longer than until it is sent."""

ONCE = frozenset({Event.KEEP_ENDING, Event.ARREARS, Event.TERM_ENDING})
"""Events of which a customer is told once about each source, also when a restore has undone that they were told."""

PROMISED: Mapping[Event, frozenset[Value]] = {
    event: VALUES[event] & _PROMISED for event in (Event.OPENED, Event.FAULT_ACCEPTED)
}
"""Of these events nobody but the operator's file says when they are due."""


@dataclass(frozen=True, slots=True)
class MessageText:
    """An event's text. `on`: whether it is sent at all; `any_hour`: also in quiet hours."""

    zh: str
    en: str
    on: bool = True
    any_hour: bool = False
    within: timedelta | None = None  # after the event, what its text promises

    def text(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of the day to another, over midnight when the second is earlier."""

    since: time
    until: time

    def end(self, now: datetime, zone: tzinfo) -> datetime:
        """When the quiet hours end in which `now` lies; `now` outside of them."""
        local = now.astimezone(zone)
        at, day = local.time(), local.date()
        over_midnight = self.until <= self.since
        begun, over = at >= self.since, at >= self.until
        if not ((begun or not over) if over_midnight else (begun and not over)):
            return now
        ends_on = day + timedelta(days=1) if over_midnight and at >= self.since else day
        return typed_moment(datetime.combine(ends_on, self.until), zone)


@dataclass(frozen=True, slots=True)
class Messages:
    """The texts in force, one for each event. `version`: of the file's content."""

    version: str
    language: Language
    quiet: QuietHours | None
    texts: Mapping[Event, MessageText]

    def due(self, event: Event, now: datetime, zone: tzinfo) -> datetime:
        """When a message of this event that is made now may be sent."""
        if self.quiet is None or self.texts[event].any_hour:
            return now
        return self.quiet.end(now, zone)

    def write(self, event: Event, facts: Facts, at: datetime, zone: tzinfo) -> str:
        """The message. `at`: when the event was, from which promises count."""
        text = self.texts[event]
        if text.within is not None:
            facts = {_V.DUE: (at + text.within).isoformat(), **facts}
        written = {name: said(Value(name), value, self.language, zone) for name, value in facts.items()}
        return _PLACE.sub(lambda place: written[place[1]], text.text(self.language))


def said(name: Value, value: Any, language: Language, zone: tzinfo) -> str:
    """A fact in words."""
    chinese = language == "zh"
    match name:
        case Value.DUE | Value.UNTIL:
            moment = datetime.fromisoformat(value).astimezone(zone)
            return f"{moment.month}月{moment.day}日{moment:%H:%M}" if chinese else f"{moment:%m-%d %H:%M}"
        case Value.DAY:
            day = date.fromisoformat(value)
            return f"{day.year}年{day.month}月{day.day}日" if chinese else day.isoformat()
        case Value.SUM | Value.FEE:
            return write_yuan(value)
        case Value.PLAN | Value.ACT | Value.WINDOW:
            return str(value[language])
    return str(value)


def named(text: str) -> list[str]:
    """What a text names, in its order."""
    return _PLACE.findall(text)


def length(text: str, language: Language, link: str, plans: tuple[Title, ...] = ()) -> tuple[int, int]:
    """(characters of the message with its longest values, how many it may have). `text` counts as nothing."""

    def longest(place: re.Match[str]) -> str:
        if place[1] == Value.LINK:
            return link
        if place[1] == Value.TEXT:
            return ""
        known = [LONGEST_VALUES[Value(place[1])], *(plans if place[1] == Value.PLAN else ())]
        return max((each.text(language) for each in known), key=len)

    whole = _PLACE.sub(longest, text)
    return len(whole.encode("utf-16-le")) // 2, LONGEST_ASCII if whole.isascii() else LONGEST

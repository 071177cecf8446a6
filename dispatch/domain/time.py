"""Dates and times as the people of a desk read and type them, and durations. Pure: `now` and the zone are arguments."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from dispatch.domain import folding
from dispatch.domain.title import WrongValue

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]+)([smhd])")

_DATE = r"(?:([0-9]{4}) ?[-/.年] ?([0-9]{1,2}) ?[-/.月] ?([0-9]{1,2}) ?[日号]?|([0-9]{4})([0-9]{2})([0-9]{2}))"
_TIME = r"(上午|下午|晚上)? ?([0-9]{1,2}) ?(?::([0-9]{2})|[点时] ?(?:([0-9]{1,2}) ?分?|(半))?)"
_DAY = re.compile(_DATE)
_MOMENT = re.compile(rf"{_DATE}[ T,]*{_TIME}")
_VALIDITY = re.compile(rf"{_DATE} ?[-~至到] ?(.+)")
_FOR_GOOD = ("长期", "长期有效", "永久", "永久有效", "長期")


def local_date(now: datetime, zone: tzinfo) -> date:
    """The date in this zone."""
    return now.astimezone(zone).date()


def begin_of_day(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day in this zone; midnight, or the next time where the clocks skip it."""
    return typed_moment(datetime.combine(day, time()), zone)


def typed_moment(typed: datetime, zone: tzinfo) -> datetime:
    """The moment that a person means, with the zone's offset. A time that was typed with an offset keeps its meaning.

    Where the clocks are put back, a time that occurs twice is its first occurrence. Where they are put forward, a time
    that doesn't occur counts from before the change: 02:30 is 03:30. Source: RFC 5545, section 3.3.5.
    Raises OverflowError beyond the calendar.
    """
    aware = typed if typed.tzinfo else typed.replace(tzinfo=zone, fold=0)
    moment = aware.astimezone(UTC)
    # A fixed offset, because Python compares and subtracts two times of one zone by their wall clocks.
    return moment.astimezone(timezone(moment.astimezone(zone).utcoffset() or timedelta(0)))


def read_duration(text: str) -> timedelta:
    """Read `15m`, `2h`, `1h30m` or `7d` as a timedelta. Raises WrongValue for anything else."""
    parts = _DURATION.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise WrongValue(
            f"“{text}”不是时长：应写作 90s、15m、2h、1h30m 或 7d",
            f"{text!r} is no duration: write 90s, 15m, 2h, 1h30m or 7d",
        )
    try:
        return timedelta(seconds=sum(int(n) * _UNITS[u] for n, u in parts))
    except OverflowError:
        raise WrongValue(f"“{text}”超出日历范围", f"{text!r} is longer than any calendar") from None


def write_duration(span: timedelta) -> str:
    """The shortest form that `read_duration` reads back; whole seconds."""
    seconds, out = int(span.total_seconds()), ""
    for unit, size in sorted(_UNITS.items(), key=lambda item: -item[1]):
        count, seconds = divmod(seconds, size)
        out += f"{count}{unit}" if count else ""
    return out or "0s"


def read_day(raw: str) -> date:
    """A date as people type it: `2026-03-02`, `2026/3/2`, `2026.3.2`, `20260302`, `2026年3月2日`. Raises WrongValue."""
    found = _DAY.fullmatch(folding.day(raw))
    if not found:
        raise WrongValue("应为日期，如 2026-01-31 或 2026年1月31日", "this is no date: write it as 2026-01-31")
    return _date(found)


def read_last_day(raw: str) -> date | None:
    """The last day of a document's validity, as its card has it: a date, `长期` (None), or both ends with a dash
    between them. Raises WrongValue."""
    typed = folding.day(raw)
    whole = _VALIDITY.fullmatch(typed)
    last = whole[7].strip() if whole and not _DAY.fullmatch(typed) else typed
    return None if last in _FOR_GOOD else read_day(last)


def read_moment(raw: str) -> datetime:
    """A day and a time as people type them, with an offset or without: `2026-03-02T15:30+08:00`, `2026/3/2 15:30`,
    `2026年3月2日下午3点半`. Raises WrongValue."""
    typed = folding.day(raw)
    found = _MOMENT.fullmatch(typed)
    try:
        return datetime.combine(_date(found), _time(found)) if found else _iso(typed)
    except WrongValue:
        raise
    except ValueError:
        raise WrongValue(
            "应为日期和时间，如 2026-01-31 14:00", "this is no date and time: write it as 2026-01-31 14:00"
        ) from None


def _date(found: re.Match[str]) -> date:
    """Raises WrongValue for a day that the calendar lacks."""
    year, month, day = (int(part) for part in (found.group(1, 2, 3) if found[1] else found.group(4, 5, 6)))
    try:
        return date(year, month, day)
    except ValueError:
        raise WrongValue("没有这一天，请核对月和日", "the calendar has no such day: check month and day") from None


def _time(found: re.Match[str]) -> time:
    """The time in groups 7 to 11. Raises ValueError."""
    half_of_day, hour, minute = found[7], int(found[8]), found[9] or found[10]
    if half_of_day in ("下午", "晚上") and hour < 12:
        hour += 12
    return time(hour, 30 if found[11] else int(minute or 0))


def _iso(typed: str) -> datetime:
    """Raises ValueError; a date alone is no moment."""
    if len(typed) < len("2026-01-31T14"):
        raise ValueError(typed)
    return datetime.fromisoformat(typed)

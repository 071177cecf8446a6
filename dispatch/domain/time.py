"""Dates and times as the people of a desk read and type them, and durations. Pure: `now` and the zone are arguments."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from dispatch.domain.title import WrongValue

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]+)([smhd])")


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

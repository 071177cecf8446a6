"""Dates in China, and durations as people write them. Pure: `now` is an argument."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

from dispatch.domain.title import WrongValue

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]+)([smhd])")


CHINA = timezone(timedelta(hours=8), "CST")
"""The time zone of all of China; there has been no summer time since 1991."""


def local_date(now: datetime) -> date:
    """The date in China."""
    return now.astimezone(CHINA).date()


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

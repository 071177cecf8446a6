"""How time counts: a hop's service level, and the times that a closed hop leaves behind. Pure: `now` is an argument."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import NamedTuple

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]+)([smhd])")


CHINA = timezone(timedelta(hours=8), "CST")
"""The whole country's time; there has been no summer time since 1991."""


def local_date(now: datetime) -> date:
    """The day that it is in China."""
    return now.astimezone(CHINA).date()


def read_duration(text: str) -> timedelta:
    """`15m`, `2h`, `1h30m`, `7d` as a timedelta. Raises ValueError for anything else."""
    parts = _DURATION.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise ValueError(f"{text!r} is no duration: write 90s, 15m, 2h, 1h30m or 7d")
    try:
        return timedelta(seconds=sum(int(n) * _UNITS[u] for n, u in parts))
    except OverflowError:
        raise ValueError(f"{text!r} is longer than any calendar") from None


def write_duration(span: timedelta) -> str:
    """The shortest form that `read_duration` reads back; whole seconds."""
    seconds, out = int(span.total_seconds()), ""
    for unit, size in sorted(_UNITS.items(), key=lambda item: -item[1]):
        count, seconds = divmod(seconds, size)
        out += f"{count}{unit}" if count else ""
    return out or "0s"


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """How soon a team must claim a hop after it was boarded, and report after it claimed it."""

    respond_within: timedelta
    finish_within: timedelta


def finish_by(level: ServiceLevel, claimed: datetime, held: timedelta) -> datetime:
    """When a claimed hop is overdue; time on hold doesn't count."""
    return claimed + level.finish_within + held


class Spent(NamedTuple):
    """Where the time of one visit went. The four parts add up to the whole visit."""

    queued: timedelta
    waiting: timedelta
    in_hand: timedelta
    held: timedelta

    @property
    def whole(self) -> timedelta:
        return self.queued + self.waiting + self.in_hand + self.held


def spent(
    made: datetime, boarded: datetime | None, claimed: datetime | None, ended: datetime, held: timedelta
) -> Spent:
    """Split a visit that lasted from `made` to `ended`. A stage that was never reached took no time."""
    reached_board = boarded or ended
    reached_hand = claimed or ended
    return Spent(
        queued=reached_board - made,
        waiting=reached_hand - reached_board,
        in_hand=ended - reached_hand - held,
        held=held,
    )

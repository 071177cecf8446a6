"""The pace of the made-up people of a demonstration. Pure: each duration follows from the thing worked at, so that a
restarted process gets the same durations."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.demo.made_up_log import DAY

SLOW = 0.1
"""The share of acts that take four times as long."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The speed and the number of acts.

    Medians: `wait` until a hop is claimed, `work` until it is reported, `answer` until a customer answers. `hold`: how
    long a hold lasts. `courtesy`: how long a hop proposed to a visitor waits for them. `calls`: fault reports an hour,
    on the average over the day. `left`: at least so many hops stay waiting on every board, and half as many claimed, so
    that there is something to see and to do. `at_once`: the most acts in one round. `day_and_night`: whether the number
    of calls follows the hour of the day.
    """

    wait: timedelta
    work: timedelta
    answer: timedelta
    hold: timedelta
    courtesy: timedelta
    calls: float
    left: int
    at_once: int
    day_and_night: bool = True

    def until_claimed(self, hop_id: int) -> timedelta:
        return _about(self.wait, f"wait {hop_id}")

    def until_reported(self, hop_id: int) -> timedelta:
        return _about(self.work, f"work {hop_id}")

    def until_answered(self, token: str) -> timedelta:
        return _about(self.answer, f"answer {token}")

    def until_called(self, local: datetime, chance: random.Random) -> timedelta:
        """Draw the time until the next call of a Poisson process; `local` is the desk's time of day."""
        busy = DAY[local.hour] if self.day_and_night else 1
        return timedelta(hours=chance.expovariate(self.calls * busy))


def _about(median: timedelta, what: str) -> timedelta:
    chance = dice(what)
    return median * chance.lognormvariate(0, 0.6) * (4 if chance.random() < SLOW else 1)


def dice(what: str) -> random.Random:
    """Return a random generator that gives the same numbers for the same thing."""
    return random.Random(what)  # noqa: S311 — nothing secret


AS_IT_WAS = Pace(
    wait=timedelta(minutes=6),
    work=timedelta(minutes=25),
    answer=timedelta(minutes=50),
    hold=timedelta(hours=3),
    courtesy=timedelta(hours=1),
    calls=10,
    left=2,
    at_once=1000,
)
"""A realistic pace, with few hops left for visitors: a team that gets few can't leave more."""

LATELY = replace(AS_IT_WAS, calls=30, left=5, day_and_night=False)
"""The busy last hours, after which every board has hops."""

SHOWN = Pace(
    wait=timedelta(seconds=40),
    work=timedelta(seconds=75),
    answer=timedelta(seconds=90),
    hold=timedelta(minutes=4),
    courtesy=timedelta(hours=2),
    calls=100,
    left=5,
    at_once=1,
    day_and_night=False,
)
"""A quick pace, at which a visitor sees things happen."""

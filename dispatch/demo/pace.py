"""How quick the made-up people of a demonstration are. Pure: how long somebody takes follows from what he works at, so
that a process which is started again comes to the same."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.demo.made_up_log import DAY
from dispatch.domain.time import CHINA

SLOW = 0.1
"""The share of works for which somebody takes several times as long."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Medians: `wait` until a hop is claimed, `work` until it is reported, `answer` until a customer answers; `hold` is
    how long a hold lasts. `calls` an hour, on the average over the day. `left`: so many hops wait on every board
    at least, and half as many stay in hand, so that there is something to see and to do. What is proposed to a visitor
    waits for him as long as `courtesy`. `at_once`: acts in one go."""

    wait: timedelta
    work: timedelta
    answer: timedelta
    hold: timedelta
    courtesy: timedelta
    calls: float
    left: int
    at_once: int
    day_and_night: bool = True  # calls come as the hour of the day has it

    def until_claimed(self, hop_id: int) -> timedelta:
        return _about(self.wait, f"wait {hop_id}")

    def until_reported(self, hop_id: int) -> timedelta:
        return _about(self.work, f"work {hop_id}")

    def until_answered(self, token: str) -> timedelta:
        return _about(self.answer, f"answer {token}")

    def until_called(self, now: datetime, chance: random.Random) -> timedelta:
        """Until the next customer calls: chance arrivals."""
        busy = DAY[now.astimezone(CHINA).hour] if self.day_and_night else 1
        return timedelta(hours=chance.expovariate(self.calls * busy))


def _about(median: timedelta, what: str) -> timedelta:
    chance = dice(what)
    return median * chance.lognormvariate(0, 0.6) * (4 if chance.random() < SLOW else 1)


def dice(what: str) -> random.Random:
    """Chance that always falls the same for the same thing."""
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
"""As people really work; but a team to which little comes shows what little came."""

LATELY = replace(AS_IT_WAS, calls=30, left=5, day_and_night=False)
"""A busy hour, after which something is on every board."""

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
"""Quick enough to be looked at."""

"""Made-up cases that look like real ones, for a demo without a file; and the figures by which the likeness is measured.

The model is the IT service desk of a large manufacturer: the 7,554 incidents of the BPI Challenge 2013. It is chosen
over the log that `replay` reads because its cases travel further (1.25 hand-overs each, not 0.78) and come back more
often (6.8 %, not 1.1 %): a few hundred of them already show every road of the flow. Its figures: 66 arrivals per hour,
177 in the busiest; hand-overs mean 1.25, median 1, p95 5, p99 10, at most 31; 16.7 % of the cases visit a team again;
59.9 % are solved by the first team; 6.8 % are reopened.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from dispatch.replay.log import LoggedCase

T = TypeVar("T")

START = datetime(2024, 3, 4, 6, 0, tzinfo=UTC)
"""A Monday morning; any other would do."""

ARRIVALS_PER_HOUR = 66.0

DAY = (
    0.4,
    0.3,
    0.3,
    0.3,
    0.4,
    0.6,
    0.8,
    1.2,
    1.7,
    2.2,
    2.1,
    1.7,
    1.2,
    1.4,
    1.7,
    1.6,
    1.3,
    1.0,
    0.8,
    0.7,
    0.7,
    0.6,
    0.5,
    0.5,
)
"""How busy each hour of the day is, about 1 on average: the peak is that of the mornings, 2.2 · 66 plus chance."""

HANDOVERS = ((0, 0.495), (1, 0.267), (2, 0.110), (3, 0.050), (4, 0.027), (5, 0.014))
"""The share of cases with so many hand-overs; the rest has more, up to the longest case."""
LONGEST, LONG_MEAN = 31, 9.4

REVISITS, ENDS_AT_FIRST = 0.47, 0.97
"""Of the rounds with two hand-overs or more, those that visit a team again; of these, those that end where they began.

Long rounds must visit a team again, there are but five, and so do most reopened cases; that is why the share is low.
"""

REOPENED, REOPENED_AGAIN = 0.068, 0.12
PRIORITIES = ((1, 0.01), (2, 0.04), (3, 0.87), (4, 0.08))

FIRST = (("noc", 0.8), ("system-support", 0.2))
NEXT: dict[str, tuple[tuple[str, float], ...]] = {
    "noc": (("installer", 0.55), ("data-network", 0.17), ("transmission", 0.13), ("system-support", 0.15)),
    "system-support": (("noc", 1.0),),
    "installer": (("noc", 0.34), ("transmission", 0.38), ("data-network", 0.28)),
    "transmission": (("installer", 0.45), ("noc", 0.4), ("data-network", 0.15)),
    "data-network": (("installer", 0.4), ("noc", 0.45), ("transmission", 0.15)),
}
"""Where a team's hand-overs go: the ways of 家庭宽带业务流程 V1.0, section 7."""


@dataclass(frozen=True, slots=True)
class LogShape:
    """What a load looks like. Shares are between 0 and 1; arrivals are per hour in which any case was opened.

    `ping_pong`: cases in which a team is visited again; `first_team`: cases that end in the team that had them first.
    """

    cases: int
    handovers_mean: float
    handovers_p50: int
    handovers_p95: int
    handovers_p99: int
    handovers_max: int
    ping_pong: float
    first_team: float
    reopened: float
    arrivals_mean: float
    arrivals_peak: int


def sample(count: int, seed: int) -> list[LoggedCase]:
    """`count` cases by arrival, in our own team names (`mapping.identity`); the same seed gives the same cases."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret: the same seed must give the same cases
    cases = []
    now = START
    for number in range(1, count + 1):
        now = _next_arrival(now, chance)
        rounds = [_journey(chance)]
        while chance.random() < (REOPENED if len(rounds) == 1 else REOPENED_AGAIN):
            rounds.append(_journey(chance, at_most=1))
        at = now.replace(second=0, microsecond=0)  # as logs have it
        cases.append(LoggedCase(f"S{number:07}", at, _drawn(PRIORITIES, chance), len(rounds) - 1, tuple(rounds)))
    return cases


def figures(cases: Sequence[LoggedCase]) -> LogShape:
    """The figures of these cases, whatever their teams are called. Raises ValueError where there are none."""
    if not cases:
        raise ValueError("no cases: there are no figures")
    journeys = [[team for each in case.rounds for team in each] for case in cases]
    moved = [_without_repeats(journey) for journey in journeys]
    handovers = sorted(max(0, len(journey) - 1) for journey in moved)
    hours = Counter(case.opened_at.replace(minute=0, second=0, microsecond=0) for case in cases)
    return LogShape(
        cases=len(cases),
        handovers_mean=sum(handovers) / len(cases),
        handovers_p50=_percentile(handovers, 50),
        handovers_p95=_percentile(handovers, 95),
        handovers_p99=_percentile(handovers, 99),
        handovers_max=handovers[-1],
        ping_pong=sum(len(set(journey)) < len(journey) for journey in moved) / len(cases),
        first_team=sum(bool(journey) and journey[0] == journey[-1] for journey in moved) / len(cases),
        reopened=sum(case.reopens > 0 for case in cases) / len(cases),
        arrivals_mean=len(cases) / len(hours),
        arrivals_peak=max(hours.values()),
    )


def _without_repeats(journey: list[str]) -> list[str]:
    return [team for i, team in enumerate(journey) if i == 0 or journey[i - 1] != team]


def _percentile(ordered: Sequence[int], percent: int) -> int:
    """The smallest value that at least `percent` % of the values don't exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _next_arrival(now: datetime, chance: random.Random) -> datetime:
    """Chance arrivals at the hour's rate."""
    return now + timedelta(hours=chance.expovariate(ARRIVALS_PER_HOUR * DAY[now.hour]))


def _drawn(weighted: Sequence[tuple[T, float]], chance: random.Random) -> T:
    return chance.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def _journey(chance: random.Random, at_most: int = LONGEST) -> tuple[str, ...]:
    """The teams of one round: random roads of the asked-for length, until one is of the asked-for kind."""
    handovers = min(at_most, _handovers(chance))
    revisits = handovers >= 2 and chance.random() < REVISITS
    comes_home = revisits and chance.random() < ENDS_AT_FIRST
    road = _road(handovers, chance)
    for _ in range(60):  # long roads must revisit; then the kind can't be had, and any road will do
        if (len(set(road)) < len(road)) == revisits and (road[0] == road[-1]) == (comes_home or handovers == 0):
            break
        road = _road(handovers, chance)
    return road


def _handovers(chance: random.Random) -> int:
    drawn = chance.random()
    for count, share in HANDOVERS:
        drawn -= share
        if drawn < 0:
            return count
    more = len(HANDOVERS)
    return min(LONGEST, more + int(chance.expovariate(1 / (LONG_MEAN - more))))


def _road(handovers: int, chance: random.Random) -> tuple[str, ...]:
    road = [_drawn(FIRST, chance)]
    for _ in range(handovers):
        road.append(_drawn(NEXT[road[-1]], chance))
    return tuple(road)

"""Made-up cases that look like real ones, for a demonstration without a file, and figures that measure the likeness.

The model is the IT service desk of a large manufacturer: the 7,554 incidents of the BPI Challenge 2013. Compared with
the log that `replay` reads, its cases have more hand-overs (1.25 each, not 0.78) and are reopened more often (6.8 %,
not 1.1 %), so that a few hundred of them already show every way through the flow. Its figures: 66 arrivals per hour,
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
"""A Monday morning; any other would do as well."""

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
"""Weight of each hour of the day, about 1 on average. The busiest morning hour has 2.2 · 66 arrivals plus chance."""

HANDOVERS = ((0, 0.495), (1, 0.267), (2, 0.110), (3, 0.050), (4, 0.027), (5, 0.014))
"""(number of hand-overs, share of cases); the remaining cases have more, up to LONGEST."""
LONGEST, LONG_MEAN = 31, 9.4

REVISITS, ENDS_AT_FIRST = 0.47, 0.97
"""The share of rounds with two or more hand-overs that visit a team again; of these, the share that ends at the start.

The first share is below the target because long rounds visit one of the five teams again anyway, as do most reopened
cases.
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
"""The targets of a team's hand-overs with their shares. Source: 家庭宽带业务流程 V1.0, section 7."""


@dataclass(frozen=True, slots=True)
class LogShape:
    """The figures of a load. Shares are between 0 and 1; arrivals are per hour with at least one opened case.

    `ping_pong`: share of cases that visit a team again; `first_team`: share that ends with the team that had it first.
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
    """Make `count` cases by arrival, in our own team names (`mapping.identity`). A seed always gives the same cases."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret: the same seed must give the same cases
    cases = []
    now = START
    for number in range(1, count + 1):
        now = _next_arrival(now, chance)
        rounds = [_journey(chance)]
        while chance.random() < (REOPENED if len(rounds) == 1 else REOPENED_AGAIN):
            rounds.append(_journey(chance, at_most=1))
        at = now.replace(second=0, microsecond=0)  # logs have whole minutes
        cases.append(LoggedCase(f"S{number:07}", at, _drawn(PRIORITIES, chance), len(rounds) - 1, tuple(rounds)))
    return cases


def figures(cases: Sequence[LoggedCase]) -> LogShape:
    """Compute the figures of these cases, whatever their teams' names. Raises ValueError when there are no cases."""
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
    """Return the smallest value that at least `percent` % of the values don't exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _next_arrival(now: datetime, chance: random.Random) -> datetime:
    """Draw the next arrival of a Poisson process with the hour's rate."""
    return now + timedelta(hours=chance.expovariate(ARRIVALS_PER_HOUR * DAY[now.hour]))


def _drawn(weighted: Sequence[tuple[T, float]], chance: random.Random) -> T:
    return chance.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def _journey(chance: random.Random, at_most: int = LONGEST) -> tuple[str, ...]:
    """Draw the teams of one round: random ways of the drawn length until one is of the drawn kind."""
    handovers = min(at_most, _handovers(chance))
    revisits = handovers >= 2 and chance.random() < REVISITS
    comes_home = revisits and chance.random() < ENDS_AT_FIRST
    road = _road(handovers, chance)
    for _ in range(60):  # a long way always revisits a team: then no way is of the kind, and any way will do
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

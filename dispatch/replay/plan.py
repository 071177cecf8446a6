"""Plans each team's acts with a logged case, so that it goes through our flow as it did through the log's. Pure.

Visits are inserted when our flow has no direct way from one logged team to the next. When it has no way at all, the
logged hand-over is left out and reported as unreconciled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from dispatch.domain.channel import Channel
from dispatch.domain.finding import Value
from dispatch.replay.case_state import CaseState, CaseStep
from dispatch.replay.log import LoggedCase
from dispatch.replay.mapping import FLOW, ReplayMapping
from dispatch.replay.shortest_path import STYLES, Paths
from dispatch.routing.rulebook import END, Facts, Rulebook

TICKET: Mapping[str, Value] = MappingProxyType({"channel": Channel.HOTLINE_10086.value})
"""The facts of a replayed ticket besides its category and priority."""


@dataclass(frozen=True, slots=True)
class CaseRound:
    """One round between an opening and the archive: `steps[k]` belongs to its k-th visit to people.

    `answer` is the customer's answer after the round; None when the case ends without a survey.
    """

    steps: tuple[CaseStep, ...]
    answer: str | None


@dataclass(frozen=True, slots=True)
class CasePlan:
    """The plan of a whole case. A ticket with this `category` and `priority` starts where the first round starts.

    `inserted` counts the visits that our flow needs and the log doesn't have. `merged` counts the logged hand-overs
    within one of our teams, kept as a pass-on to itself. `unreconciled` has (from team, to team) of the hand-overs that
    our flow can't make. `limit` is the limit, or the rule about a finding reported again, that cut the case short,
    `cut` the number of logged rounds lost by it.
    """

    number: str
    category: str
    priority: int
    rounds: tuple[CaseRound, ...]
    inserted: int
    merged: int
    unreconciled: tuple[tuple[str, str], ...]
    limit: str | None
    cut: int

    @property
    def hops(self) -> int:
        """Visits to people, over all rounds."""
        return sum(len(each.steps) for each in self.rounds)


def plan(
    case: LoggedCase, mapping: ReplayMapping, rulebook: Rulebook, ticket: Mapping[str, Value] = TICKET
) -> CasePlan:
    """Plan one case; for many cases make one Planner. Raises KeyError for an unmapped group or priority."""
    return Planner(mapping, rulebook, ticket).plan(case)


class Planner:
    """Plans cases by one mapping and one rulebook, and caches ways. `ticket`: the facts that all tickets have."""

    def __init__(self, mapping: ReplayMapping, rulebook: Rulebook, ticket: Mapping[str, Value] = TICKET) -> None:
        self.mapping = mapping
        self.rulebook = rulebook
        self.ticket = ticket
        self._ways: dict[tuple[str, int], Paths] = {}

    def plan(self, case: LoggedCase) -> CasePlan:
        """Plan one case. Raises KeyError for an unmapped group or priority; `mapping.check_covers` finds them."""
        priority = self.mapping.priority_of[case.priority]
        wanted = [self._teams(groups) for groups in case.rounds or ((),)]
        category = self._category(wanted[0][0], priority)
        walk = CaseState(case.number, self._ways_of(category, priority))
        rounds: list[CaseRound] = []
        decision = walk.decide(None, None)
        while decision is not None and decision.to != END:
            reopens = len(rounds) + 1 < len(wanted)
            steps = walk.round(decision, wanted[len(rounds)])
            decision, answer = walk.answered(reopens)
            rounds.append(CaseRound(steps, answer))
            if not reopens:
                break
        missed = wanted[len(rounds) :]
        walk.unreconciled += [pair for teams in missed for pair in pairwise(teams)]
        return CasePlan(
            number=case.number,
            category=category,
            priority=priority,
            rounds=tuple(rounds),
            inserted=walk.inserted,
            merged=walk.merged,
            unreconciled=tuple(walk.unreconciled),
            limit=walk.limit,
            cut=len(missed),
        )

    def way_home(self, of: CasePlan, team: str, askers: tuple[str, ...]) -> CaseStep | None:
        """Return the next act of `team` towards the end of a case that isn't where the plan has it; None without one.

        `askers` are the teams that wait for the case, the latest last.
        """
        walk = CaseState(of.number, self._ways_of(of.category, of.priority), team=team, askers=askers)
        edge = walk.next_edge_home()
        return walk.take(edge) if edge else None

    def _teams(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.mapping.team_of[group] for group in groups) or (self.mapping.without_group,)

    def _ways_of(self, category: str, priority: int) -> Paths:
        key = (category, priority)
        if key not in self._ways:
            known = {**self.ticket, "category": category, "priority": priority}
            self._ways[key] = Paths(self.rulebook, FLOW, known)
        return self._ways[key]

    def _category(self, first: str, priority: int) -> str:
        """Return the category whose tickets start nearest to the team that had the case first."""

        def visits_before(category: str) -> int:
            ways = self._ways_of(category, priority)
            start = self.rulebook.decide(Facts(FLOW, ways.known)).to
            if start == first:
                return 0
            way = None if ways.is_home(start) else ways.find(start, (), first, STYLES[0])
            return len(way) if way else len(self.rulebook.teams)

        return min(self.rulebook.categories, key=visits_before)

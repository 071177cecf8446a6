"""What each team does with a logged case, so that it travels through our flow as it did through the log's. Pure.

Every step is tried on the rulebook itself before it is planned, so that the plan and what will happen can't disagree. Where
our flow has no direct way from one logged team to the next, visits are inserted; where it has none at all, the logged
hand-over is left out and named.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dispatch.replay.log import LoggedCase
from dispatch.replay.mapping import FLOW, ReplayMapping
from dispatch.replay.ways import HAND_BACK, PASS_ON, STYLES, Edge, Ways, fill
from dispatch.routing.rulebook import END, SENDER, Decision, Facts, Rulebook
from dispatch.ticket.channel import Channel
from dispatch.ticket.finding import Value

SATISFIED, NOT_FIXED = "satisfied", "not-fixed"
"""The customer's answers to the callback survey, as the rules name them."""

TICKET: Mapping[str, Value] = MappingProxyType({"channel": Channel.HOTLINE_10086.value})
"""What a replayed ticket is known by, beside its category and priority, unless the driver says otherwise."""

_LONGEST_DETOUR = 1_000  # steps home where no finding leads there and only the limits end it


@dataclass(frozen=True, slots=True)
class Step:
    """What `team` does at one visit: `act` is "report" (with `finding` and its `evidence`), "pass on" or "hand back".

    `to` is where the case is then: a team of people, an automatic team, or END.
    """

    team: str
    act: str
    finding: str | None
    evidence: Mapping[str, Value]
    to: str


@dataclass(frozen=True, slots=True)
class Round:
    """One life between opening and archive: `steps[k]` belongs to its k-th visit to people.

    `answer` is what the customer says after it; None where the case ends without a survey.
    """

    steps: tuple[Step, ...]
    answer: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole case. A ticket with this `category` and `priority` starts where the first round starts.

    `inserted` counts visits that our flow needs and the log doesn't have, `merged` the logged hand-overs within one of our
    teams that are kept as a pass on to itself, `unreconciled` names (from team, to team) of those that can't be made.
    `limit` is the rule of the limits that cut the case short; `cut` counts the logged rounds that can't be had after it.
    """

    number: str
    category: str
    priority: int
    rounds: tuple[Round, ...]
    inserted: int
    merged: int
    unreconciled: tuple[tuple[str, str], ...]
    limit: str | None
    cut: int

    @property
    def hops(self) -> int:
        """Visits to people, over all rounds."""
        return sum(len(each.steps) for each in self.rounds)


def plan(case: LoggedCase, mapping: ReplayMapping, rulebook: Rulebook, ticket: Mapping[str, Value] = TICKET) -> Plan:
    """One case's plan; for many cases make one Planner. Raises KeyError for a group or priority that isn't mapped."""
    return Planner(mapping, rulebook, ticket).plan(case)


class Planner:
    """Plans cases by one mapping and one rulebook; keeps the ways that it found. `ticket`: facts that all tickets have."""

    def __init__(self, mapping: ReplayMapping, rulebook: Rulebook, ticket: Mapping[str, Value] = TICKET) -> None:
        self.mapping = mapping
        self.rulebook = rulebook
        self.ticket = ticket
        self._ways: dict[tuple[str, int], Ways] = {}

    def plan(self, case: LoggedCase) -> Plan:
        """Raises KeyError for a group or priority that isn't mapped: `mapping.check_covers` tells of those beforehand."""
        priority = self.mapping.priority_of[case.priority]
        wanted = [self._teams(groups) for groups in case.rounds or ((),)]
        category = self._category(wanted[0][0], priority)
        walk = _Walk(case.number, self._ways_of(category, priority))
        rounds: list[Round] = []
        decision = walk.decide(None, None)
        while decision is not None and decision.to != END:
            reopens = len(rounds) + 1 < len(wanted)
            steps = walk.round(decision, wanted[len(rounds)])
            decision, answer = walk.answered(reopens)
            rounds.append(Round(steps, answer))
            if not reopens:
                break
        missed = wanted[len(rounds) :]
        walk.unreconciled += [pair for teams in missed for pair in zip(teams, teams[1:], strict=False)]
        return Plan(
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

    def way_home(self, of: Plan, team: str, askers: tuple[str, ...]) -> Step | None:
        """What `team` should do to end a case that stands elsewhere than planned; None where nothing leads on.

        `askers` are the teams that wait for the case, the last one on top.
        """
        walk = _Walk(of.number, self._ways_of(of.category, of.priority), team=team, askers=askers)
        edge = walk.next_edge_home()
        return walk.take(edge) if edge else None

    def _teams(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.mapping.team_of[group] for group in groups) or (self.mapping.without_group,)

    def _ways_of(self, category: str, priority: int) -> Ways:
        key = (category, priority)
        if key not in self._ways:
            known = {**self.ticket, "category": category, "priority": priority}
            self._ways[key] = Ways(self.rulebook, FLOW, known)
        return self._ways[key]

    def _category(self, first: str, priority: int) -> str:
        """The category whose tickets start nearest to the team that had the case first."""

        def visits_before(category: str) -> int:
            ways = self._ways_of(category, priority)
            start = self.rulebook.decide(Facts(FLOW, ways.known)).to
            if start == first:
                return 0
            way = None if ways.is_home(start) else ways.find(start, (), first, STYLES[0])
            return len(way) if way else len(self.rulebook.teams)

        return min(self.rulebook.categories, key=visits_before)


@dataclass(slots=True)
class _Walk:
    """A case on its way, as the ticket's row and its live hop will know it."""

    number: str
    ways: Ways
    team: str = END
    askers: tuple[str, ...] = ()
    hops: int = 0
    reopened: int = 0
    inserted: int = 0
    merged: int = 0
    unreconciled: list[tuple[str, str]] = field(default_factory=list)
    limit: str | None = None
    limited: bool = False  # in this round

    def round(self, start: Decision, wanted: tuple[str, ...]) -> tuple[Step, ...]:
        """From where the rules start it through the wanted teams to the archive."""
        steps: list[Step] = []
        logged = 0
        self.limited = False
        self._arrive(start, ())
        for before, team in zip((self.team, *wanted), wanted, strict=False):
            came = not self.limited and self._visit(team, steps, first=logged == 0, again=before == team)
            logged += came
            if not came:
                self.unreconciled.append((before, team))
        self._go_home(steps)
        self.inserted += len(steps) - logged
        return tuple(steps)

    def answered(self, reopens: bool) -> tuple[Decision | None, str | None]:
        """What the customer says after the archive, and where the rules send the case then, where it comes back."""
        survey = self._survey()
        if survey is None:
            return None, None
        if not reopens or NOT_FIXED not in self._section(survey):
            return None, SATISFIED
        decision = self.decide(survey, NOT_FIXED, archived=True)
        if decision is None or self.ways.is_home(decision.to):
            self._note_limit(decision)
            return None, SATISFIED
        self.reopened += 1
        return decision, NOT_FIXED

    def decide(self, team: str | None, finding: str | None, archived: bool = False) -> Decision | None:
        """The rules' own decision where nobody asked; None where they need an asker."""
        facts = Facts(FLOW, self.ways.known, team, finding, None, self.hops, self.reopened, archived)
        rules = self.ways.rulebook.rules_for(facts)
        if next(rule for rule in rules if all(c.holds(facts.known) for c in rule.when)).to == SENDER:
            return None
        return self.ways.rulebook.decide(facts)

    def take(self, edge: Edge) -> Step:
        """Let the team do it, and stand where the rules then say."""
        vary = self._vary()
        label = f"replay {self.number}-{self.hops}"
        evidence = fill(edge.option, vary, label) if edge.option else {}
        finding = edge.option.finding.name if edge.option else None
        sender = self.askers[-1] if self.askers else None
        known = {**self.ways.known, **evidence}
        facts = Facts(FLOW, known, self.team, finding, sender, self.hops, self.reopened)
        rulebook = self.ways.rulebook
        if edge.act == PASS_ON:
            decision = rulebook.pass_on(facts, edge.to)
        elif edge.act == HAND_BACK:
            decision = rulebook.hand_back(facts)
        else:
            decision = rulebook.decide(facts)
        step = Step(self.team, edge.act, finding, evidence, decision.to)
        self._arrive(decision, self._askers_after(edge, decision))
        return step

    def next_edge_home(self) -> Edge | None:
        way = self.ways.find(self.team, self.askers, None, STYLES[0])
        if way:
            return way[0]
        asker = self.askers[-1] if self.askers else None
        return next(iter(self.ways.edges(self.team, asker)), None)  # the limits will end what the findings can't

    def _visit(self, team: str, steps: list[Step], first: bool, again: bool) -> bool:
        """Go to `team`; False where no way leads there, or the limits cut it off.

        `first`: no logged team was visited yet; `again`: the log has it that this team hands over to itself.
        """
        if self.ways.is_home(self.team):
            return False
        if self.team == team:
            return first or (again and self._visit_again(steps))
        way = self.ways.find(self.team, self.askers, team, STYLES[self._vary() % len(STYLES)])
        for edge in way or ():
            steps.append(self.take(edge))
            if steps[-1].to != edge.to:
                return False
        return way is not None

    def _visit_again(self, steps: list[Step]) -> bool:
        """Another group of the same team: a pass on to itself, where the rules know that."""
        team = self.team
        if team not in self.ways.rulebook.teams[team].passes_on_to:
            return False
        steps.append(self.take(Edge(PASS_ON, team)))
        kept = steps[-1].to == team
        self.merged += kept
        return kept

    def _go_home(self, steps: list[Step]) -> None:
        for _ in range(_LONGEST_DETOUR):
            edge = None if self.ways.is_home(self.team) else self.next_edge_home()
            if edge is None:
                return
            steps.append(self.take(edge))

    def _arrive(self, decision: Decision, askers: tuple[str, ...]) -> None:
        self._note_limit(decision)
        self.team, self.askers = decision.to, askers
        self.hops += not self.ways.is_home(decision.to)

    def _note_limit(self, decision: Decision | None) -> None:
        if decision is not None and decision.rule.startswith("limits."):
            self.limit, self.limited = decision.rule, True

    def _askers_after(self, edge: Edge, decision: Decision) -> tuple[str, ...]:
        if decision.returns:
            return self.askers[:-1]
        if edge.act == PASS_ON and self.askers:
            return self.askers
        return (*self.askers, self.team)

    def _survey(self) -> str | None:
        """The automatic team that asks the customer; None where the case ends without one."""
        at, passed = self.team, set[str]()
        while at != END and self.ways.is_home(at) and at not in passed:
            passed.add(at)
            if SATISFIED in self._section(at):
                return at
            if len(self._section(at)) != 1:
                return None  # which of several findings its worker will report, the rules don't say
            decision = self.decide(at, next(iter(self._section(at))), archived=True)
            at = decision.to if decision else END
        return None

    def _section(self, team: str) -> Mapping[str, object]:
        return self.ways.rulebook.flows[FLOW].get(team, {})

    def _vary(self) -> int:
        """A number that differs from visit to visit and is the same in every run."""
        return zlib.crc32(f"{self.number}-{self.hops}".encode())

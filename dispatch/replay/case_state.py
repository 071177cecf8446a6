"""One case on its way through the rules. Pure.

Every step is decided by the rulebook itself, so that the plan is what will happen. The state is what the ticket's row
and its live hop will hold: the team, the askers, the visits and reopenings so far.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatch.domain.finding import Value
from dispatch.replay.mapping import FLOW
from dispatch.replay.shortest_path import HAND_BACK, PASS_ON, STYLES, Edge, Paths, fill_evidence
from dispatch.routing.rulebook import END, REPEATS, SENDER, Decision, Facts

SATISFIED, NOT_FIXED = "satisfied", "not-fixed"
"""The customer's answers to the callback survey, as the rules name them."""

_LONGEST_DETOUR = 1_000  # steps towards the end when no finding leads there and only the limits end the case


@dataclass(frozen=True, slots=True)
class CaseStep:
    """The act of `team` at one visit: "report" (with `finding` and its `evidence`), "pass on" or "hand back".

    `to` is the case's next place: a team of people, an automatic team, or END.
    """

    team: str
    act: str
    finding: str | None
    evidence: Mapping[str, Value]
    to: str


@dataclass(slots=True)
class CaseState:
    """A case's present place, and counts of the log's hand-overs so far.

    `askers`: the teams that wait for the case, the latest last. `inserted`, `merged`, `unreconciled` and `limit` are
    those of `CasePlan`; `limited`: whether a limit has cut the present round; `reported`: how often each team has
    reported each finding.
    """

    number: str
    ways: Paths
    team: str = END
    askers: tuple[str, ...] = ()
    hops: int = 0
    reopened: int = 0
    inserted: int = 0
    merged: int = 0
    unreconciled: list[tuple[str, str]] = field(default_factory=list)
    limit: str | None = None
    limited: bool = False
    reported: Counter[tuple[str, str]] = field(default_factory=Counter)

    def round(self, start: Decision, wanted: tuple[str, ...]) -> tuple[CaseStep, ...]:
        """Take the case from the start that the rules decided through the wanted teams to the archive."""
        steps: list[CaseStep] = []
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
        """Return (the decision that reopens the case or None, the customer's answer or None without a survey)."""
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
        """Return the rules' decision for a case without an asker; None when the rule that matches needs an asker."""
        facts = Facts(FLOW, self.ways.known, team, finding, None, self.hops, self.reopened, archived)
        rules = self.ways.rulebook.rules_for(facts)
        if next(rule for rule in rules if all(c.holds(facts.known) for c in rule.when)).to == SENDER:
            return None
        return self.ways.rulebook.decide(facts)

    def take(self, edge: Edge) -> CaseStep:
        """Let the team do this act, and move the case to where the rules send it."""
        edge = self._edge(edge)
        vary = self._vary()
        label = f"replay {self.number}-{self.hops}"
        finding = edge.option.finding.name if edge.option else None
        evidence: dict[str, Value] = {}
        if edge.option is not None:
            required = self.ways.rulebook.requirements(FLOW, self.team, edge.option.finding.name)
            evidence = fill_evidence(edge.option, vary, label, required, self.ways.known)
        sender = self.askers[-1] if self.askers else None
        known = {**self.ways.known, **evidence, REPEATS: self.reported[self.team, finding or ""]}
        self.reported[self.team, finding or ""] += 1
        facts = Facts(FLOW, known, self.team, finding, sender, self.hops, self.reopened)
        rulebook = self.ways.rulebook
        if edge.act == PASS_ON:
            decision = rulebook.pass_on(facts, edge.to)
        elif edge.act == HAND_BACK:
            decision = rulebook.hand_back(facts)
        else:
            decision = rulebook.decide(facts)
        if decision.to != edge.to:  # a finding repeated too often: the rules cut the round short as a limit does
            self.limit, self.limited = decision.rule, True
        step = CaseStep(self.team, edge.act, finding, evidence, decision.to)
        self._arrive(decision, self._askers_after(edge, decision))
        return step

    def _edge(self, edge: Edge) -> Edge:
        """The act, or another to the same team where the rules would send a repeated finding elsewhere."""
        if edge.option is None or not self.reported[self.team, edge.option.finding.name]:
            return edge
        if not self.ways.rulebook.asks_repeats(FLOW, self.team, edge.option.finding.name):
            return edge
        if self.askers and self.askers[-1] == edge.to:
            return Edge(HAND_BACK, edge.to)
        passes = edge.to in self.ways.rulebook.teams[self.team].passes_on_to
        return Edge(PASS_ON, edge.to) if passes else edge

    def next_edge_home(self) -> Edge | None:
        """Return the next act on the shortest way to the end; None when the team can do nothing."""
        way = self.ways.find(self.team, self.askers, None, STYLES[0])
        if way:
            return way[0]
        asker = self.askers[-1] if self.askers else None
        return next(iter(self.ways.edges(self.team, asker)), None)  # no way home: act until a limit ends it

    def _visit(self, team: str, steps: list[CaseStep], first: bool, again: bool) -> bool:
        """Go to `team`; return False when no way leads there or the limits cut it off.

        `first`: no logged team has been visited yet. `again`: in the log this team hands the case over to itself.
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

    def _visit_again(self, steps: list[CaseStep]) -> bool:
        """Visit another group of the same team: the team passes the case on to itself, if the rules allow that."""
        team = self.team
        if team not in self.ways.rulebook.teams[team].passes_on_to:
            return False
        steps.append(self.take(Edge(PASS_ON, team)))
        kept = steps[-1].to == team
        self.merged += kept
        return kept

    def _go_home(self, steps: list[CaseStep]) -> None:
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
        """Return the automatic team that asks the customer; None when the case ends without a survey."""
        at, passed = self.team, set[str]()
        while at != END and self.ways.is_home(at) and at not in passed:
            passed.add(at)
            if SATISFIED in self._section(at):
                return at
            if len(self._section(at)) != 1:
                return None  # the rules don't say which of several findings the team's worker will report
            decision = self.decide(at, next(iter(self._section(at))), archived=True)
            at = decision.to if decision else END
        return None

    def _section(self, team: str) -> Mapping[str, object]:
        return self.ways.rulebook.flows[FLOW].get(team, {})

    def _vary(self) -> int:
        """Return a number that differs from visit to visit and is the same in every run."""
        return zlib.crc32(f"{self.number}-{self.hops}".encode())

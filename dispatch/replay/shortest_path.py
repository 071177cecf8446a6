"""The shortest way of a case from one team to another, or to its end ("home"), by the acts that the rules allow. Pure.

A case's place is its team and its askers: a stack of the teams that wait for it, which `sender` unwinds. Adding an
asker and going back to it leads to the same place, so no shortest way does that; leaving it out keeps the search small.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product
from types import MappingProxyType

from dispatch.domain.finding import DEVICES, Evidence, Finding, Value
from dispatch.domain.requirement import Circumstances, Requirement, judge
from dispatch.routing.rulebook import END, SENDER, Condition, Facts, Rule, Rulebook

REPORT, PASS_ON, HAND_BACK = "report", "pass on", "hand back"

STYLES = ("back", "back", "back", "back", "back", "back", "hand back", "hand back", "pass on", "forward")
"""The preferred act where ways are equally short: of ten cases six report back if they can, two hand back, …"""

_MOST_FILLED = 120  # tries to fill in evidence as it is required
_MOST_COMBINATIONS = 512  # of values tried for the evidence that one finding's rules ask for

Known = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Option:
    """A report that sends a case `to` a team, to SENDER or to END; each of `answers` is evidence that leads there."""

    finding: Finding
    to: str
    answers: tuple[Mapping[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """One act that a team can do with a case, and the case's next place: a team, or END."""

    act: str
    to: str
    option: Option | None = None


class Paths:
    """All ways of cases with the facts `known` through one flow of a rulebook."""

    def __init__(self, rulebook: Rulebook, flow: str, known: Known) -> None:
        self.rulebook = rulebook
        self.flow = flow
        self.known = known
        self._options: dict[str, tuple[Option, ...]] = {}
        self._found: dict[tuple[str, tuple[str, ...], str | None, str], tuple[Edge, ...] | None] = {}

    def is_home(self, team: str) -> bool:
        """Return whether people are done with a case at this place."""
        return team == END or self.rulebook.teams[team].automatic

    def find(self, team: str, askers: tuple[str, ...], goal: str | None, style: str) -> tuple[Edge, ...] | None:
        """Find the fewest edges from `team` to the team `goal`, or home when `goal` is None; None without a way."""
        key = (team, askers, goal, style)
        if key not in self._found:
            self._found[key] = self._search(team, askers, goal, style)
        return self._found[key]

    def edges(self, team: str, asker: str | None, style: str = "back") -> list[Edge]:
        """Return the acts that `team` can do with a case for which `asker` waits, the style's preferred act first."""
        options = self.options(team)
        back = [Edge(REPORT, asker, o) for o in options if o.to == SENDER and asker is not None]
        forward = [Edge(REPORT, o.to, o) for o in options if o.to != SENDER]
        handed = [Edge(HAND_BACK, asker)] if asker is not None else []
        section = self.rulebook.flows[self.flow]
        passed = [Edge(PASS_ON, to) for to in self.rulebook.teams[team].passes_on_to if to in section]
        match style:
            case "hand back":
                return [*handed, *back, *forward, *passed]
            case "pass on":
                return [*passed, *back, *forward, *handed]
            case "forward":
                return [*forward, *back, *passed, *handed]
        return [*back, *forward, *handed, *passed]

    def options(self, team: str) -> tuple[Option, ...]:
        """Return every report of `team` that leads somewhere, in the file's order."""
        if team not in self._options:
            findings = self.rulebook.findings_of(self.flow, team)
            self._options[team] = tuple(o for finding in findings for o in self._reports(team, finding))
        return self._options[team]

    def _search(self, team: str, askers: tuple[str, ...], goal: str | None, style: str) -> tuple[Edge, ...] | None:
        """Search breadth-first over (team, number of askers still waiting, whether another asker was added)."""
        start = (team, len(askers), False)
        came: dict[tuple[str, int, bool], tuple[tuple[str, int, bool], Edge] | None] = {start: None}
        todo = deque([start])
        while todo:
            at = todo.popleft()
            here, waiting, added = at
            asker = askers[waiting - 1] if waiting and not added else None
            for edge in self.edges(here, asker, style):
                home = self.is_home(edge.to)
                if edge.to == goal or (home and goal is None):
                    return (*_back_to_start(came, at), edge)
                following = _after(edge, waiting, added)
                if not home and following not in came:
                    came[following] = (at, edge)
                    todo.append(following)
        return None

    def _reports(self, team: str, finding: Finding) -> Iterator[Option]:
        """Find the options of one finding by trying values of the evidence that the rules ask for."""
        rules = self.rulebook.rules_for(Facts(self.flow, self.known, team, finding.name))
        wanted = [c for rule in rules for c in rule.when]
        asked = [e for e in finding.evidence if any(c.fact == e.name for c in wanted)]
        by_target: dict[str, list[Mapping[str, Value]]] = {}
        tried = product(*([*_candidates(e, wanted), *([None] if e.optional else [])] for e in asked))
        for values in islice(tried, _MOST_COMBINATIONS):
            given = {e.name: value for e, value in zip(asked, values, strict=True) if value is not None}
            by_target.setdefault(_matching(rules, {**self.known, **given}).to, []).append(given)
        return (Option(finding, to, tuple(answers)) for to, answers in by_target.items())


def fill_evidence(
    option: Option, number: int, label: str, required: Sequence[Requirement] = (), known: Known = MappingProxyType({})
) -> dict[str, Value]:
    """Return all the evidence of a report: the option's answers to what the rules ask, the rest varied by `number`.

    Texts contain `label`, which marks a replayed ticket. Optional evidence that no rule asks for is given in one case
    of three. Evidence that is as `required` is preferred; what the system knows by itself can't be chosen.
    """
    of_evidence = [each for each in required if each.evidence is not None]
    tries = (_filled(option, number + i, label) for i in range(_MOST_FILLED))
    first = next(tries)
    for filled in chain([first], tries):
        if not judge(of_evidence, filled, Circumstances(), known).unmet:
            return filled
    return first


def _filled(option: Option, number: int, label: str) -> dict[str, Value]:
    answers = option.answers[number % len(option.answers)]
    asked = {name for given in option.answers for name in given}
    filled: dict[str, Value] = {}
    for i, evidence in enumerate(option.finding.evidence):
        if evidence.name in answers:
            filled[evidence.name] = answers[evidence.name]
        elif evidence.name not in asked and (
            not evidence.optional or (number % 3 == 0 and evidence.kind not in DEVICES)
        ):
            values = _candidates(evidence, ())
            filled[evidence.name] = (
                f"{evidence.title.zh} · {label}"
                if evidence.kind == "text"
                else (values[(number // (i + 1)) % len(values)])
            )
    return filled


def _after(edge: Edge, waiting: int, added: bool) -> tuple[str, int, bool]:
    if edge.act == HAND_BACK or (edge.option is not None and edge.option.to == SENDER):
        return edge.to, waiting - 1, False
    return edge.to, waiting, added or edge.act == REPORT or waiting == 0


def _back_to_start(
    came: Mapping[tuple[str, int, bool], tuple[tuple[str, int, bool], Edge] | None], at: tuple[str, int, bool]
) -> tuple[Edge, ...]:
    way: list[Edge] = []
    while (step := came[at]) is not None:
        at, edge = step
        way.append(edge)
    return tuple(reversed(way))


def _matching(rules: tuple[Rule, ...], known: Known) -> Rule:
    return next(rule for rule in rules if all(c.holds(known) for c in rule.when))


def _candidates(evidence: Evidence, wanted: list[Condition] | tuple[Condition, ...]) -> list[Value]:
    """Return valid values of a piece of evidence: those that conditions test, and enough others to look real."""
    asked = [c for c in wanted if c.fact == evidence.name]
    named = sorted({v for c in asked for v in c.allowed}, key=str)
    match evidence.kind:
        case "choice":
            return list(evidence.choices)
        case "yes-no":
            return [True, False]
        case "number":
            bounds = [bound for c in asked if c.least is not None for bound in (c.least, c.least - 1)]
            return _valid(evidence, [*_spread(evidence.least, evidence.most), *named, *bounds])
        case "new-device" | "old-device":
            return ["ABCD00000000"]
    return _valid(evidence, [evidence.title.zh, *named])


def _spread(least: float, most: float) -> list[Value]:
    """Return eight numbers from the middle half of the range, where most readings lie; to one decimal if that fits."""
    if math.isinf(least):
        least = min(0.0, most) if not math.isinf(most) else 0.0
    if math.isinf(most):
        most = least + 100.0
    spread = [least + (most - least) * (0.25 + i / 14) for i in range(8)]
    return [round(x, 1) if least <= round(x, 1) <= most else x for x in spread]


def _valid(evidence: Evidence, values: list[Value]) -> list[Value]:
    """Return the values as the evidence's own check reads them, without those that it refuses."""
    read: list[Value] = []
    for value in values:
        try:
            read.append(evidence.read(value))
        except ValueError:
            continue
    return read

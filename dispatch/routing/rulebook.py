"""One loaded `routing_rules.yaml`: the teams, and `decide(facts)`, which names exactly one next team. Pure.

A decision is made from facts alone, so that `dispatch rules explain` can make it again years later from the facts
kept with the hop and the text of the file that was in force.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from itertools import accumulate
from operator import or_

from dispatch.domain.finding import Finding, Value
from dispatch.domain.requirement import Requirement
from dispatch.domain.roles import Role
from dispatch.domain.service_level import ServiceLevel
from dispatch.domain.title import Title

END = "end"  # the ticket's life is over
SENDER = "sender"  # the team that asked for this visit
NO_SENDER = "limits.then"  # the rule's name where the team that asked is none of the rules' any more
AGAIN = "same hands"  # the rule's name where a case that isn't fixed goes back to those who had it last
REPEATS = "repeats"  # the fact how often the team has reported this finding on the ticket before
EFFECTS = "effects"  # the queue of the outside effects, which no team can have


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a decision.

    `team` and `finding` are None when a ticket starts. `sender` is the team that asked for the visit now ending.
    `known` holds the ticket's own facts (category, channel, symptom, priority, area; `repeats` where a rule asks it)
    and the finding's evidence.
    `hops` counts the visits to people so far, `reopened` the times the ticket came back after its archive.
    `archived` says that the visit now ending comes after the archive.
    """

    flow: str
    known: Mapping[str, Value]
    team: str | None = None
    finding: str | None = None
    sender: str | None = None
    hops: int = 0
    reopened: int = 0
    archived: bool = False

    def stored(self) -> dict[str, object]:
        """The facts as they are kept with the decided hop; `Facts(**stored)` reads them back."""
        return {
            "flow": self.flow,
            "known": self.known,
            "team": self.team,
            "finding": self.finding,
            "sender": self.sender,
            "hops": self.hops,
            "reopened": self.reopened,
            "archived": self.archived,
        }


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition: the value of `fact` is one of `allowed`, or a number of at least `least`."""

    fact: str
    allowed: frozenset[Value] = frozenset()
    least: float | None = None

    def holds(self, facts: Mapping[str, Value]) -> bool:
        value = facts.get(self.fact)
        if value is None:
            return False
        if self.least is not None:
            return isinstance(value, int | float) and value >= self.least
        return value in self.allowed

    def __str__(self) -> str:
        if self.least is not None:
            return f"{self.fact} ≥ {self.least:g}"
        return f"{self.fact} = {' | '.join(sorted(map(str, self.allowed)))}"


@dataclass(frozen=True, slots=True)
class Rule:
    """`when` holds → `to`.

    `name` is the list's place in the file with the name that the file gives the rule (`flows.fault.start.system`), or
    with its index where the file gives none (`flows.fault.start[0]`). A nameless rule that is alone has no index.
    """

    name: str
    line: int
    when: tuple[Condition, ...]
    to: str


class Rules(tuple[Rule, ...]):
    """Rules in the order of the file; the first that matches decides. Ten thousand are as quick as ten: an index has,
    for each value of a fact, the rules that it allows, as a bit set."""

    @cached_property
    def _columns(self) -> tuple[_Column, ...]:
        conditions: dict[tuple[str, int], dict[int, Condition]] = {}
        for place, rule in enumerate(self):
            seen: Counter[str] = Counter()
            for condition in rule.when:  # a second condition on the same fact is a column of its own
                conditions.setdefault((condition.fact, seen[condition.fact]), {})[place] = condition
                seen[condition.fact] += 1
        return tuple(_Column(fact, len(self), placed) for (fact, _), placed in conditions.items())

    def first(self, known: Mapping[str, Value]) -> Rule:
        """The first rule whose conditions all hold. Raises IndexError where none does."""
        running = (1 << len(self)) - 1
        for column in self._columns:
            running &= column.left_by(known.get(column.fact))
        if not running:
            raise IndexError("no rule matches, and the last one has a condition")
        return self[(running & -running).bit_length() - 1]


class _Column:
    """The conditions on one fact, by the places of their rules."""

    def __init__(self, fact: str, rules: int, conditions: Mapping[int, Condition]) -> None:
        self.fact = fact
        self.free = (1 << rules) - 1  # the rules that don't ask for the fact
        by_value: dict[Value, int] = {}
        by_least: dict[float, int] = {}
        for place, condition in conditions.items():
            self.free ^= 1 << place
            if condition.least is not None:
                by_least[condition.least] = by_least.get(condition.least, 0) | 1 << place
            else:
                for value in condition.allowed:
                    by_value[value] = by_value.get(value, 0) | 1 << place
        self.by_value = {value: self.free | places for value, places in by_value.items()}
        self.bounds = sorted(by_least)
        self.reached = [0, *accumulate((by_least[bound] for bound in self.bounds), or_)]

    def left_by(self, value: Value | None) -> int:
        """The rules that the fact's value allows, as a bit set."""
        if value is None:
            return self.free
        left = self.by_value.get(value, self.free)
        if self.bounds and isinstance(value, int | float) and value == value:  # NaN reaches no bound
            left |= self.reached[bisect_right(self.bounds, value)]
        return left


@dataclass(frozen=True, slots=True)
class Decision:
    """The next team and the rule that chose it. `returns`: back to the team that asked, whose own asker counts
    again."""

    to: str
    rule: str
    line: int
    returns: bool = False


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule that was looked at, and why it did not match (empty when it did)."""

    rule: Rule
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Team:
    """One team 班组. `automatic` teams are served by their worker alone and have no board to claim from."""

    name: str
    title: Title
    automatic: bool
    members: tuple[str, ...]  # roles that claim and report
    filed_by: tuple[str, ...]  # roles that may report on a member's behalf, who is out at customers
    level: ServiceLevel | None
    passes_on_to: tuple[str, ...]
    assigned: bool  # its worker proposes a person

    @property
    def visits(self) -> bool:
        """Whether its members go to customers: others file for them meanwhile."""
        return bool(self.filed_by)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that end a case and spare customers and teams."""

    hops: int
    reopens: int
    then: str
    urges: int
    urge_every: timedelta
    hold: timedelta
    survey_attempts: int
    survey_every: timedelta
    survey_give_up: timedelta  # after the first message
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The whole file, known by `version`: the first 12 hex digits of its text's SHA-256.

    `everybodys` holds what each finding requires of everybody, `requires` what it requires of a team beside, by flow
    and team: `requirements` has both.
    """

    version: str
    text: str
    teams: Mapping[str, Team]
    findings: Mapping[str, Finding]
    categories: Mapping[str, Title]
    flows: Mapping[str, Mapping[str, Mapping[str, Rules]]]
    starts: Mapping[str, Rules]
    limits: Limits
    everybodys: Mapping[str, tuple[Requirement, ...]] = field(default_factory=dict)
    requires: Mapping[str, Mapping[str, Mapping[str, tuple[Requirement, ...]]]] = field(default_factory=dict)

    def team(self, name: str) -> Team:
        """The team of this name. For a name that these rules don't know, a team of supervisors that may pass on to
        anybody.

        Rules that drop a team with open hops aren't taken up, but a process may have made one in the moment before it
        saw that the team was dropped.
        """
        known = self.teams.get(name)
        if known is not None:
            return known
        people = tuple(other for other, each in self.teams.items() if not each.automatic)
        return Team(name, Title(name, name), False, (str(Role.SUPERVISOR),), (), None, people, False)

    def findings_of(self, flow: str, team: str) -> tuple[Finding, ...]:
        """The findings that `team` may report in `flow`, in the file's order."""
        return tuple(self.findings[name] for name in self.flows.get(flow, {}).get(team, {}))

    def requirements(self, flow: str, team: str, finding: str) -> tuple[Requirement, ...]:
        """All that `finding` requires when `team` reports it in `flow`: of everybody, and of this team beside."""
        a_teams = self.requires.get(flow, {}).get(team, {}).get(finding, ())
        return (*self.everybodys.get(finding, ()), *a_teams)

    def rules_for(self, facts: Facts) -> Rules:
        """The rules that decide this case; the first match wins. Raises KeyError for another team's finding."""
        if facts.team is None:
            return self.starts[facts.flow]
        assert facts.finding is not None
        return self.flows[facts.flow][facts.team][facts.finding]

    def asks_repeats(self, flow: str, team: str, finding: str) -> bool:
        """Return whether a rule asks how often the team has reported this finding on the ticket before."""
        rules = self.flows.get(flow, {}).get(team, {}).get(finding, ())
        return any(condition.fact == REPEATS for rule in rules for condition in rule.when)

    def following(self, team: str) -> frozenset[str]:
        """The teams that a rule for one of `team`'s findings names."""
        named = {rule.to for flow in self.flows.values() for rules in flow.get(team, {}).values() for rule in rules}
        return frozenset(named & self.teams.keys())

    def decide(self, facts: Facts) -> Decision:
        """The one next team (or END), and the rule that chose it. Total: the last rule of a list has no condition."""
        rule = self.rules_for(facts).first(facts.known)
        return self._limited(self._resolved(rule, facts), facts)

    def explain(self, facts: Facts) -> tuple[Decision, tuple[Considered, ...]]:
        """The decision, and every rule looked at on the way, the one that matched last."""
        considered = []
        for rule in self.rules_for(facts):
            missed = tuple(
                f"{c} (is {facts.known.get(c.fact, 'unknown')})" for c in rule.when if not c.holds(facts.known)
            )
            considered.append(Considered(rule, missed))
            if not missed:
                break
        return self.decide(facts), tuple(considered)

    def _resolved(self, rule: Rule, facts: Facts) -> Decision:
        if rule.to != SENDER:
            return Decision(rule.to, rule.name, rule.line)
        return self._back(facts, rule.name, rule.line)

    def _back(self, facts: Facts, rule: str, line: int) -> Decision:
        """Back to the team that asked. To `limits.then` when these rules have no such team, or when nobody asked: the
        visit began under other rules."""
        if facts.sender is None or facts.sender not in self.teams:
            return Decision(self.limits.then, NO_SENDER, line)
        return Decision(facts.sender, rule, line, returns=True)

    def pass_on(self, facts: Facts, to: str) -> Decision:
        """The work goes on to `to`, within the limits. The caller has checked that the team may pass on to it."""
        return self._limited(Decision(to, f"teams.{facts.team}.passes_on_to", 0), facts)

    def hand_back(self, facts: Facts) -> Decision:
        """Back to the team that asked, within the limits. The caller has checked that one did."""
        return self._limited(self._back(facts, "hand back", 0), facts)

    def again(self, facts: Facts, to: str) -> Decision:
        """A case that isn't fixed goes back to the team that had it last, within the limits; where these rules have no
        such team of people, as its rules say."""
        if to not in self.teams or self.is_automatic(to):
            return self.decide(facts)
        return self._limited(Decision(to, AGAIN, 0), facts)

    def is_automatic(self, team: str) -> bool:
        """Return whether only its worker serves the team; False for a team that these rules don't know."""
        return team in self.teams and self.teams[team].automatic

    def _limited(self, chosen: Decision, facts: Facts) -> Decision:
        """Send a case that has gone round too often to the supervisor, and end one that comes back even from there."""
        if chosen.to == END or self.is_automatic(chosen.to) or facts.team == self.limits.then:
            return chosen
        limits = self.limits
        if facts.archived and facts.reopened > limits.reopens:
            return Decision(END, "limits.reopens", limits.lines.get("reopens", 0))
        if facts.archived and facts.reopened == limits.reopens:
            return Decision(limits.then, "limits.reopens", limits.lines.get("reopens", 0))
        if facts.hops >= limits.hops:
            return Decision(limits.then, "limits.hops", limits.lines.get("hops", 0))
        return chosen

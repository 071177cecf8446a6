"""One loaded `routing_rules.yaml`: the teams, and `decide(facts)`, which names exactly one next team. Pure.

A decision is made from facts alone, so that `dispatch rules explain` can make it again years later from the facts
kept with the hop and the text of the file that was in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from dispatch.ticket.clock import ServiceLevel
from dispatch.ticket.finding import Finding, Title, Value

END = "end"  # the ticket's life is over
SENDER = "sender"  # the team that asked for this visit
EFFECTS = "effects"  # the queue of the outside effects, which no team can have


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision may look at.

    `team` and `finding` are None when a ticket starts. `sender` is the team that asked for the visit now ending.
    `known` holds the ticket's own facts (category, channel, symptom, priority, area) and the finding's evidence.
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
        """As it is kept with the hop that was decided by it; `Facts(**stored)` reads it back."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Condition:
    """`fact` is one of `allowed`, or a number of at least `least`."""

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
    """`when` holds → `to`. `name` is its place in the file (`flows.fault.noc.inside-plant[0]`)."""

    name: str
    line: int
    when: tuple[Condition, ...]
    to: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Where to, and by which rule. `returns`: back to the team that asked, which thereby has its own asker again."""

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
    filed_by: tuple[str, ...]  # roles that may report on a member's behalf
    level: ServiceLevel | None
    passes_on_to: tuple[str, ...]
    assigned: bool  # its worker proposes a person


@dataclass(frozen=True, slots=True)
class Limits:
    """What keeps a case from running for ever, and a customer or a team from being worn out."""

    hops: int
    reopens: int
    then: str
    urges: int
    urge_every: timedelta
    hold: timedelta
    survey_attempts: int
    survey_every: timedelta
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The whole file, known by `version`: the first 12 hex digits of its text's SHA-256."""

    version: str
    text: str
    teams: Mapping[str, Team]
    findings: Mapping[str, Finding]
    categories: Mapping[str, Title]
    flows: Mapping[str, Mapping[str, Mapping[str, tuple[Rule, ...]]]]
    starts: Mapping[str, tuple[Rule, ...]]
    limits: Limits

    def findings_of(self, flow: str, team: str) -> tuple[Finding, ...]:
        """What `team` may report in `flow`, in the file's order."""
        return tuple(self.findings[name] for name in self.flows[flow].get(team, {}))

    def rules_for(self, facts: Facts) -> tuple[Rule, ...]:
        """The rules that this case is decided by, first match wins. Raises KeyError for another team's finding."""
        if facts.team is None:
            return self.starts[facts.flow]
        assert facts.finding is not None
        return self.flows[facts.flow][facts.team][facts.finding]

    def decide(self, facts: Facts) -> Decision:
        """The one next team (or END), and the rule that chose it. Total: the last rule of a list has no condition."""
        rule = next(r for r in self.rules_for(facts) if all(c.holds(facts.known) for c in r.when))
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
        assert facts.sender is not None, f"{rule.name}: nobody asked; `dispatch rules check` lets no such file in"
        return Decision(facts.sender, rule.name, rule.line, returns=True)

    def pass_on(self, facts: Facts, to: str) -> Decision:
        """The work goes on to `to`, within the limits. The caller has checked that the team may pass on to it."""
        return self._limited(Decision(to, f"teams.{facts.team}.passes_on_to", 0), facts)

    def hand_back(self, facts: Facts) -> Decision:
        """Back to the team that asked, within the limits. The caller has checked that one did."""
        assert facts.sender is not None
        return self._limited(Decision(facts.sender, "hand back", 0, returns=True), facts)

    def _limited(self, chosen: Decision, facts: Facts) -> Decision:
        """A case that went round too often goes to the supervisor; what comes back even from there has ended."""
        if chosen.to == END or self.teams[chosen.to].automatic or facts.team == self.limits.then:
            return chosen
        limits = self.limits
        if facts.archived and facts.reopened > limits.reopens:
            return Decision(END, "limits.reopens", limits.lines.get("reopens", 0))
        if facts.archived and facts.reopened == limits.reopens:
            return Decision(limits.then, "limits.reopens", limits.lines.get("reopens", 0))
        if facts.hops >= limits.hops:
            return Decision(limits.then, "limits.hops", limits.lines.get("hops", 0))
        return chosen

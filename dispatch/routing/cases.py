"""Cases for the rules, facts → expected team, kept beside the rules like tests beside a program.

A rule that no case covers counts as a failure too: whoever adds a rule says with a case what it is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from dispatch.domain.finding import Value
from dispatch.domain.kind import Kind
from dispatch.domain.requirement import CIRCUMSTANCES, Circumstances, Unmet, judge
from dispatch.domain.title import Wording, WrongValue
from dispatch.routing.checks import CATEGORY, FACT, FLOW, OWN_FACTS, RULE, TEAM, unknown
from dispatch.routing.faults import Faults, read_text
from dispatch.routing.loader import shape_fault
from dispatch.routing.rulebook import END, SENDER, Considered, Decision, Facts, Rulebook, Rules
from dispatch.routing.schema import Name, Strict
from dispatch.routing.strict_yaml import Path, read

CIRCUMSTANCE = Wording("系统所知", "circumstance")


class CaseModel(Strict):
    """One case: the facts in the rulebook's words, and the team (or `end`) that must get it, or what is `unmet` of the
    finding's requirements. `circumstances`: what the system knows by itself; `speed`: of the plan, Mbit/s."""

    name: Annotated[str, Field(min_length=1)]
    flow: Name = Kind.FAULT
    team: Name | None = None
    finding: Name | None = None
    facts: dict[str, Value] = Field(default_factory=dict)
    sender: Name | None = None
    hops: Annotated[int, Field(ge=0)] = 0
    reopened: Annotated[int, Field(ge=0)] = 0
    archived: bool = False
    to: Name | None = None
    rule: str | None = None
    circumstances: dict[str, Value] = Field(default_factory=dict)
    speed: float | None = None
    unmet: list[Name] | None = None

    @model_validator(mode="after")
    def _expects_something(self) -> CaseModel:
        if self.to is None and not self.unmet:
            raise WrongValue("用例要写 to（去向）或 unmet（不符的佐证）", "a case needs `to`, or what is `unmet`")
        if self.to is not None and self.unmet:
            raise WrongValue(
                "佐证不符的单不派出：不能同时写 to", "what is unmet leads nowhere: `to` can't stand beside it"
            )
        return self


class CasesFile(Strict):
    cases: Annotated[list[CaseModel], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Case:
    """`rule` is a rule's own name, or None where any rule may choose `to`. `line` is the case's place in its file.

    `unmet` are the names of what must be refused, `to` is None then; None: the case doesn't ask."""

    name: str
    line: int
    facts: Facts
    to: str | None
    rule: str | None
    circumstances: Circumstances = field(default_factory=Circumstances)
    unmet: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """The decision on a case, and every rule that was looked at, the one that matched last."""

    case: Case
    decision: Decision
    considered: tuple[Considered, ...]
    unmet: tuple[Unmet, ...] = ()

    @property
    def missed(self) -> tuple[str, ...]:
        """The unmet conditions of each rule before the one that matched, after the rule's name."""
        return tuple(f"{each.rule.name}: {', '.join(each.missed)}" for each in self.considered if each.missed)

    @property
    def good(self) -> bool:
        if self.case.unmet is not None and {each.name for each in self.unmet} != self.case.unmet:
            return False
        return self.case.to is None or (
            self.decision.to == self.case.to and self.case.rule in (None, self.decision.rule)
        )


@dataclass(frozen=True, slots=True)
class CasesVerdict:
    """The outcome of every case, and the rules that decided no case, as (name, line)."""

    outcomes: tuple[CaseOutcome, ...]
    uncovered: tuple[tuple[str, int], ...]

    @property
    def mismatches(self) -> tuple[CaseOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if not outcome.good)

    @property
    def good(self) -> bool:
        return not self.mismatches and not self.uncovered


def run(rulebook: Rulebook, cases: tuple[Case, ...]) -> CasesVerdict:
    """Decide every case."""
    outcomes = []
    for case in cases:
        decision, considered = rulebook.explain(case.facts)
        outcomes.append(CaseOutcome(case, decision, considered, _unmet(rulebook, case)))
    covered = {outcome.decision.rule for outcome in outcomes if outcome.case.to is not None}
    left = tuple((name, line) for name, line in all_rules(rulebook).items() if name not in covered)
    return CasesVerdict(tuple(outcomes), left)


def _unmet(rulebook: Rulebook, case: Case) -> tuple[Unmet, ...]:
    facts = case.facts
    if case.unmet is None or facts.team is None or facts.finding is None:
        return ()
    asked = rulebook.requirements(facts.flow, facts.team, facts.finding)
    return judge(asked, facts.known, case.circumstances, {}).unmet


def all_rules(rulebook: Rulebook) -> dict[str, int]:
    """Every rule that can decide a case, limits included, with its line in the rules file."""
    limits = {f"limits.{name}": line for name, line in rulebook.limits.lines.items()}
    return {rule.name: rule.line for rules in _lists(rulebook).values() for rule in rules} | limits


def references(rulebook: Rulebook) -> dict[str, str]:
    """Map each reference that a case may write to its rule's own name.

    A reference is that name, the rule's index even where it has a name, or the list alone for the list's default. So a
    case still holds when its rule is given a name, and a case about a list's only rule when another is put before it.
    """
    names = {name: name for name in all_rules(rulebook)}
    for place, rules in _lists(rulebook).items():
        names |= {f"{place}[{i}]": rule.name for i, rule in enumerate(rules)}
        names[place] = rules[-1].name
    return names


def _lists(rulebook: Rulebook) -> dict[str, Rules]:
    """Every list of rules by its place in the file."""
    starts = {f"flows.{flow}.start": rules for flow, rules in rulebook.starts.items()}
    return starts | {
        f"flows.{flow}.{team}.{finding}": rules
        for flow, teams in rulebook.flows.items()
        for team, findings in teams.items()
        for finding, rules in findings.items()
    }


def load_cases(file: FilePath, rulebook: Rulebook) -> tuple[Case, ...]:
    """The file's cases. Raises BadRules with every fault, each `FILE:LINE:COLUMN: message`."""
    return parse_cases(read_text(file), str(file), rulebook)


def parse_cases(text: str, name: str, rulebook: Rulebook) -> tuple[Case, ...]:
    """`text` as cases; `name` stands before each fault. Raises BadRules."""
    document = read(text)
    faults, model = Faults(name), None
    faults.extend(document.faults)
    if document.data is not None:
        try:
            model = CasesFile.model_validate(document.data)
        except ValidationError as wrong:
            faults.extend(shape_fault(document, error) for error in wrong.errors())
    names = references(rulebook)
    if model is not None:
        for i, case in enumerate(model.cases):
            faults.extend(
                document.fault(("cases", i, *path), message) for path, message in _check(rulebook, case, names)
            )
    faults.raise_any()
    assert model is not None
    return tuple(
        Case(
            case.name,
            document.where[("cases", i)][0],
            _facts(case),
            case.to,
            case.rule and names[case.rule],
            Circumstances(case.circumstances, speed=case.speed),
            None if case.unmet is None else frozenset(case.unmet),
        )
        for i, case in enumerate(model.cases)
    )


def _facts(case: CaseModel) -> Facts:
    return Facts(
        flow=case.flow,
        known=case.facts,
        team=case.team,
        finding=case.finding,
        sender=case.sender,
        hops=case.hops,
        reopened=case.reopened,
        archived=case.archived,
    )


def _check(rulebook: Rulebook, case: CaseModel, names: Mapping[str, str]) -> Iterator[tuple[Path, Wording]]:
    """The case's contradictions to the rulebook, as (path in the case, message). `names`: the references."""
    if case.to is not None and case.to not in (*rulebook.teams, END):
        yield ("to",), unknown(TEAM, case.to, [*rulebook.teams, END])
    if case.sender is not None and case.sender not in rulebook.teams:
        yield ("sender",), unknown(TEAM, case.sender, rulebook.teams)
    if case.rule is not None and case.rule not in names:
        yield ("rule",), unknown(RULE, case.rule, names)
    if case.flow not in rulebook.flows:
        yield ("flow",), unknown(FLOW, case.flow, rulebook.flows)
    elif case.team is None and case.finding is not None:
        yield ("finding",), Wording("结论属于某个班组：缺少 'team'", "a finding is some team's: 'team' is missing")
    elif case.team is not None:
        yield from _check_visit(rulebook, case, case.team)
    yield from _check_facts(rulebook, case)
    yield from _check_required(rulebook, case)


def _check_visit(rulebook: Rulebook, case: CaseModel, team: str) -> Iterator[tuple[Path, Wording]]:
    teams = rulebook.flows[case.flow]
    if team not in teams:
        yield ("team",), unknown(TEAM, team, teams)
    elif case.finding is None:
        yield ("team",), Wording("班组回的是结论：缺少 'finding'", "a team reports a finding: 'finding' is missing")
    elif case.finding not in teams[team]:
        yield ("finding",), unknown(Wording(f"{team} 的结论", f"finding of {team}"), case.finding, teams[team])
    elif case.sender is None and any(rule.to == SENDER for rule in teams[team][case.finding]):
        yield (
            ("finding",),
            Wording(
                f"“{case.finding}”可能回到派单方：缺少 'sender'",
                f"'{case.finding}' may lead back to the team that asked: 'sender' is missing",
            ),
        )


def _check_required(rulebook: Rulebook, case: CaseModel) -> Iterator[tuple[Path, Wording]]:
    """The case's names and values of circumstances, and the names of what is unmet, that the rulebook doesn't have."""
    for name, value in case.circumstances.items():
        if name not in CIRCUMSTANCES:
            yield ("circumstances", name), unknown(CIRCUMSTANCE, name, CIRCUMSTANCES)
        elif (known := CIRCUMSTANCES[name].values) and value not in known:
            yield ("circumstances", name), unknown(Wording(f" {name} 的值", f"value of {name}"), str(value), known)
    asked = rulebook.requirements(case.flow, case.team or "", case.finding or "")
    for i, name in enumerate(case.unmet or ()):
        if name not in {each.name for each in asked}:
            wanted = Wording(f"{case.finding} 的要求", f"requirement of {case.finding}")
            yield ("unmet", i), unknown(wanted, name, sorted({each.name for each in asked}))


def _check_facts(rulebook: Rulebook, case: CaseModel) -> Iterator[tuple[Path, Wording]]:
    finding = rulebook.findings.get(case.finding or "")
    evidence = {each.name: each for each in finding.evidence} if finding else {}
    for fact, value in case.facts.items():
        if fact in evidence:
            try:
                evidence[fact].read(value)
            except WrongValue as wrong:
                yield ("facts", fact), wrong.what
        elif fact not in OWN_FACTS:
            yield ("facts", fact), unknown(FACT, fact, [*OWN_FACTS, *evidence])
        elif fact == "category" and value not in rulebook.categories:
            yield ("facts", fact), unknown(CATEGORY, str(value), rulebook.categories)

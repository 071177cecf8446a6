"""A flow as boxes and arrows in the operator's words, and a journey as steps along them, for `drawing`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dispatch.domain.title import Title
from dispatch.routing.rulebook import END, SENDER, Rule, Rulebook
from dispatch.routing.wording import Words

START, ANYWHERE = "_start", "_anywhere"  # no team can have such a name
ARCHIVE = "archive"
_OTHERWISE = Title("其余", "otherwise")


class BoxKind(StrEnum):
    """The sort of a box."""

    PEOPLE = "people"
    AUTOMATIC = "automatic"
    MARK = "mark"  # where a case starts and ends


class ArrowKind(StrEnum):
    """The sort of an arrow."""

    ENTRY = "entry"  # where a case starts
    WORK = "work"  # one team of people asks another
    BACK = "back"  # `sender`: back to the team that asked
    DONE = "done"  # nobody has to work any more
    REOPEN = "reopen"  # after its archive the case goes back to people
    LIMIT = "limit"  # went round too often
    HAND = "hand"  # passed on, or handed back, by whoever had it


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    title: Title
    look: BoxKind


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow from one box to another, with one label for each finding."""

    source: str
    target: str
    kind: ArrowKind
    labels: tuple[Title, ...]


@dataclass(frozen=True, slots=True)
class JourneyStep:
    """One visit of a journey: `number` counts from 1; `rule` led there, from `source` or START, but to END."""

    number: int
    source: str
    target: str
    rule: str | None = None


def boxes(rulebook: Rulebook, flow: str) -> tuple[Box, ...]:
    """Start, the flow's teams in the file's order, end, and the team-less box from which the limits lead."""
    teams = [rulebook.teams[name] for name in rulebook.flows[flow]]
    return (
        Box(START, Title("受理", "Accepted"), BoxKind.MARK),
        *(Box(team.name, team.title, BoxKind.AUTOMATIC if team.automatic else BoxKind.PEOPLE) for team in teams),
        Box(END, Title("结束", "End"), BoxKind.MARK),
        Box(ANYWHERE, Title("任一班组", "Any team"), BoxKind.MARK),
    )


def arrows(rulebook: Rulebook, flow: str) -> tuple[Arrow, ...]:
    """The flow's arrows, those that run alike between the same two boxes merged into one."""
    merged: dict[tuple[str, str, ArrowKind], list[Title]] = {}
    reported = tuple(_reported(rulebook, flow))
    reopens = any(kind == ArrowKind.REOPEN for _, _, kind, _ in reported)
    for source, target, kind, label in (*_started(rulebook, flow), *reported, *_limited(rulebook, reopens)):
        labels = merged.setdefault((source, target, kind), [])
        if label is not None and label not in labels:
            labels.append(label)
    return tuple(Arrow(*ends, tuple(labels)) for ends, labels in merged.items())


def arrows_taken(rulebook: Rulebook, drawn: Sequence[Arrow], steps: Sequence[JourneyStep]) -> dict[Arrow, list[int]]:
    """The arrows that a journey took, each with the numbers of its visits. Passing on and handing back have arrows of
    their own, which `drawn` lacks."""
    taken: dict[Arrow, list[int]] = {}
    for step in steps:
        taken.setdefault(_taken(rulebook, drawn, step), []).append(step.number)
    return taken


def _taken(rulebook: Rulebook, drawn: Sequence[Arrow], step: JourneyStep) -> Arrow:
    if step.rule is not None and step.rule.startswith("limits."):
        ways = [arrow for arrow in drawn if arrow.kind == ArrowKind.LIMIT and arrow.target == step.target]
    else:
        ways = [arrow for arrow in drawn if (arrow.source, arrow.target) == (step.source, step.target)]
        ways = [way for way in ways if _is_by_hand(step) is (way.kind == ArrowKind.HAND)]
        ways.sort(key=lambda way: (way.kind == ArrowKind.BACK) is not _leads_back(rulebook, step))
    return ways[0] if ways else Arrow(step.source, step.target, ArrowKind.HAND, ())


def _is_by_hand(step: JourneyStep) -> bool:
    return step.rule is not None and not step.rule.startswith(("flows.", "limits."))


def _leads_back(rulebook: Rulebook, step: JourneyStep) -> bool:
    of_flows = (rules for flow in rulebook.flows.values() for team in flow.values() for rules in team.values())
    return any(rule.name == step.rule and rule.to == SENDER for rules in of_flows for rule in rules)


_Drawn = Iterator[tuple[str, str, ArrowKind, Title | None]]


def _started(rulebook: Rulebook, flow: str) -> _Drawn:
    rules = rulebook.starts[flow]
    for rule in rules:
        yield START, rule.to, ArrowKind.ENTRY, _condition(rulebook, rule, rules)


def _reported(rulebook: Rulebook, flow: str) -> _Drawn:
    for team, findings in rulebook.flows[flow].items():
        for finding, rules in findings.items():
            for rule in rules:
                condition, label = _condition(rulebook, rule, rules), rulebook.findings[finding].title
                if condition is not None:
                    label = Title(f"{label.zh}（{condition.zh}）", f"{label.en} ({condition.en})")
                if rule.to == SENDER:
                    for asker in _askers(rulebook, flow, team):
                        yield team, asker, ArrowKind.BACK, label
                else:
                    yield team, rule.to, _kind(rulebook, flow, team, rule.to), label


def _limited(rulebook: Rulebook, reopens: bool) -> _Drawn:
    limits = rulebook.limits
    yield ANYWHERE, limits.then, ArrowKind.LIMIT, Title(f"派单满 {limits.hops} 次", f"{limits.hops} visits")
    if reopens:
        again = Title(f"重派满 {limits.reopens} 次", f"reopened {limits.reopens} times")
        yield ANYWHERE, limits.then, ArrowKind.LIMIT, again


def _askers(rulebook: Rulebook, flow: str, team: str) -> list[str]:
    """The teams of people that have a finding which leads to `team`."""
    return [
        name
        for name, findings in rulebook.flows[flow].items()
        if not rulebook.teams[name].automatic and any(rule.to == team for rules in findings.values() for rule in rules)
    ]


def _kind(rulebook: Rulebook, flow: str, source: str, target: str) -> ArrowKind:
    if target == END or rulebook.teams[target].automatic:
        return ArrowKind.DONE
    return ArrowKind.REOPEN if source in _after_archive(rulebook, flow) else ArrowKind.WORK


def _after_archive(rulebook: Rulebook, flow: str) -> set[str]:
    """The automatic teams at which a case is archived; a rule that leads from them to people reopens it."""
    found: set[str] = set()
    todo = {ARCHIVE}
    while todo:
        found |= todo
        leads = {r.to for team in todo for rules in rulebook.flows[flow].get(team, {}).values() for r in rules}
        todo = {team for team in leads - found if team in rulebook.teams and rulebook.teams[team].automatic}
    return found


def _condition(rulebook: Rulebook, rule: Rule, rules: tuple[Rule, ...]) -> Title | None:
    """The conditions of a rule in words. The default of a list with conditions is called the rest."""
    if not rule.when:
        return _OTHERWISE if len(rules) > 1 else None
    words = Words(rulebook)
    said = [words.condition(condition) for condition in rule.when]
    return Title("，".join(each.zh for each in said), ", ".join(each.en for each in said))

"""A flow as boxes and arrows, in the operator's own words: what `drawing` puts on paper. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dispatch.routing.rulebook import END, SENDER, Condition, Rule, Rulebook
from dispatch.ticket.finding import Title

START, ANYWHERE = "_start", "_anywhere"  # no team can have such a name
ARCHIVE = "archive"
_OTHERWISE = "其余"


class Look(StrEnum):
    """What sort of box it is."""

    PEOPLE = "people"
    AUTOMATIC = "automatic"
    MARK = "mark"  # where a case starts and ends


class Kind(StrEnum):
    """What an arrow tells."""

    ENTRY = "entry"  # where a case starts
    WORK = "work"  # one team of people asks another
    BACK = "back"  # `sender`: back to the team that asked
    DONE = "done"  # nobody has to work any more
    REOPEN = "reopen"  # after its archive the case goes back to people
    LIMIT = "limit"  # went round too often


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    title: Title
    look: Look


@dataclass(frozen=True, slots=True)
class Arrow:
    """All that leads from one box to another in the same way; one label for each finding."""

    source: str
    target: str
    kind: Kind
    labels: tuple[str, ...]


def boxes(rulebook: Rulebook, flow: str) -> tuple[Box, ...]:
    """Start, the flow's teams in the file's order, end, and the team-less box from which the limits lead."""
    teams = [rulebook.teams[name] for name in rulebook.flows[flow]]
    return (
        Box(START, Title("受理", "Accepted"), Look.MARK),
        *(Box(team.name, team.title, Look.AUTOMATIC if team.automatic else Look.PEOPLE) for team in teams),
        Box(END, Title("结束", "End"), Look.MARK),
        Box(ANYWHERE, Title("任一班组", "Any team"), Look.MARK),
    )


def arrows(rulebook: Rulebook, flow: str) -> tuple[Arrow, ...]:
    """The flow's arrows, those that run alike between the same two boxes merged into one."""
    merged: dict[tuple[str, str, Kind], list[str]] = {}
    reported = tuple(_reported(rulebook, flow))
    reopens = any(kind == Kind.REOPEN for _, _, kind, _ in reported)
    for source, target, kind, label in (*_started(rulebook, flow), *reported, *_limited(rulebook, reopens)):
        labels = merged.setdefault((source, target, kind), [])
        if label and label not in labels:
            labels.append(label)
    return tuple(Arrow(*ends, tuple(labels)) for ends, labels in merged.items())


_Drawn = Iterator[tuple[str, str, Kind, str]]


def _started(rulebook: Rulebook, flow: str) -> _Drawn:
    rules = rulebook.starts[flow]
    for rule in rules:
        yield START, rule.to, Kind.ENTRY, _condition(rulebook, rule, rules)


def _reported(rulebook: Rulebook, flow: str) -> _Drawn:
    for team, findings in rulebook.flows[flow].items():
        for finding, rules in findings.items():
            for rule in rules:
                condition = _condition(rulebook, rule, rules)
                label = rulebook.findings[finding].title.zh + (f"（{condition}）" if condition else "")
                if rule.to == SENDER:
                    for asker in _askers(rulebook, flow, team):
                        yield team, asker, Kind.BACK, label
                else:
                    yield team, rule.to, _kind(rulebook, flow, team, rule.to), label


def _limited(rulebook: Rulebook, reopens: bool) -> _Drawn:
    yield ANYWHERE, rulebook.limits.then, Kind.LIMIT, f"派单满 {rulebook.limits.hops} 次"
    if reopens:
        yield ANYWHERE, rulebook.limits.then, Kind.LIMIT, f"重派满 {rulebook.limits.reopens} 次"


def _askers(rulebook: Rulebook, flow: str, team: str) -> list[str]:
    """The teams of people of whose findings one leads to `team`."""
    return [
        name
        for name, findings in rulebook.flows[flow].items()
        if not rulebook.teams[name].automatic and any(rule.to == team for rules in findings.values() for rule in rules)
    ]


def _kind(rulebook: Rulebook, flow: str, source: str, target: str) -> Kind:
    if target == END or rulebook.teams[target].automatic:
        return Kind.DONE
    return Kind.REOPEN if source in _after_archive(rulebook, flow) else Kind.WORK


def _after_archive(rulebook: Rulebook, flow: str) -> set[str]:
    """The automatic teams at which a case stays archived: what sends it to people from there reopens it."""
    found: set[str] = set()
    todo = {ARCHIVE}
    while todo:
        found |= todo
        leads = {r.to for team in todo for rules in rulebook.flows[flow].get(team, {}).values() for r in rules}
        todo = {team for team in leads - found if team in rulebook.teams and rulebook.teams[team].automatic}
    return found


def _condition(rulebook: Rulebook, rule: Rule, rules: tuple[Rule, ...]) -> str:
    """In words; the default of a list that has conditions is called the rest."""
    if not rule.when:
        return _OTHERWISE if len(rules) > 1 else ""
    return "，".join(_said(rulebook, condition) for condition in rule.when)


def _said(rulebook: Rulebook, condition: Condition) -> str:
    """The condition by its titles; a fact or a value that has none is given by its name."""
    evidence = {each.name: each for finding in rulebook.findings.values() for each in finding.evidence}
    fact: str = condition.fact
    titles: Mapping[str, Title] = rulebook.categories if fact == "category" else {}
    if fact in evidence:
        fact, titles = evidence[fact].title.zh, evidence[fact].choices
    if condition.least is not None:
        return f"{fact} ≥ {condition.least:g}"
    if titles:
        return "、".join(title.zh for name, title in titles.items() if name in condition.allowed)
    return f"{fact} = {'、'.join(sorted(map(str, condition.allowed)))}"

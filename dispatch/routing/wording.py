"""Conditions and facts for people: by their titles in the rules file, else by their names. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.domain.finding import Evidence, Value
from dispatch.domain.title import Title
from dispatch.routing.rulebook import Condition, Rulebook

_OF_TICKETS: Mapping[str, Title] = {
    "category": Title("故障类别", "Category"),
    "channel": Title("受理渠道", "Channel"),
    "symptom": Title("故障现象", "Symptom"),
    "priority": Title("优先级", "Priority"),
    "area": Title("片区", "Area"),
}
_YES, _NO = Title("是", "yes"), Title("否", "no")


def say_condition(rulebook: Rulebook, condition: Condition) -> Title:
    """`障碍段落 = 数据设备、路由`. Values with titles stand alone: the titles name the fact."""
    fact = say_fact(rulebook, condition.fact)
    if condition.least is not None:
        return Title(f"{fact.zh} ≥ {condition.least:g}", f"{fact.en} ≥ {condition.least:g}")
    titles = _choices(rulebook, condition.fact)
    if titles:
        said = [title for name, title in titles.items() if name in condition.allowed]
        return Title("、".join(each.zh for each in said), ", ".join(each.en for each in said))
    allowed = sorted(map(str, condition.allowed))
    return Title(f"{fact.zh} = {'、'.join(allowed)}", f"{fact.en} = {', '.join(allowed)}")


def say_fact(rulebook: Rulebook, name: str) -> Title:
    """The title of a ticket's fact or of a piece of evidence."""
    evidence = evidence_of(rulebook).get(name)
    return evidence.title if evidence else _OF_TICKETS.get(name, Title(name, name))


def say_value(rulebook: Rulebook, fact: str, value: Value) -> Title:
    """A value with its title or its unit."""
    if isinstance(value, bool):
        return _YES if value else _NO
    if title := _choices(rulebook, fact).get(str(value)):
        return title
    evidence = evidence_of(rulebook).get(fact)
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    shown += f" {evidence.unit}" if evidence and evidence.unit else ""
    return Title(shown, shown)


def _choices(rulebook: Rulebook, fact: str) -> Mapping[str, Title]:
    if fact == "category":
        return rulebook.categories
    evidence = evidence_of(rulebook).get(fact)
    return evidence.choices if evidence else {}


def evidence_of(rulebook: Rulebook) -> dict[str, Evidence]:
    """Every piece of evidence that a finding may have, by its name."""
    return {each.name: each for finding in rulebook.findings.values() for each in finding.evidence}

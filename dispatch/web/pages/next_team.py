"""The teams to which a finding leads, as a hint in its form: the rulebook decides when the report comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dispatch.domain.finding import Evidence, Finding, Value
from dispatch.domain.title import Title
from dispatch.routing.checks import OWN_FACTS
from dispatch.routing.rulebook import END, REPEATS, SENDER, Condition, Rule, Rulebook
from dispatch.web.pages import labels

ENDS = Title("结单", "closing the case")


class NextTeam(NamedTuple):
    """A lead. `when` are the conditions on the evidence, all of which must hold; empty: in all other cases."""

    when: list[Title]
    to: Title


def leads(
    rulebook: Rulebook, kind: str, team: str, known: Mapping[str, Value], asker: str | None, before: Mapping[str, int]
) -> dict[str, list[NextTeam]]:
    """The leads of each finding. Conditions on facts already `known` of the ticket are left out. `before`: how often
    the team has reported each finding on it."""
    flow = rulebook.flows.get(kind, {}).get(team, {})
    return {
        name: _leads(rulebook, rulebook.findings[name], rules, {**known, REPEATS: before.get(name, 0)}, asker)
        for name, rules in flow.items()
    }


def _leads(
    rulebook: Rulebook, finding: Finding, rules: tuple[Rule, ...], known: Mapping[str, Value], asker: str | None
) -> list[NextTeam]:
    evidence = {each.name: each for each in finding.evidence}
    found = []
    for rule in rules:
        own = [each for each in rule.when if each.fact in OWN_FACTS]
        if not all(each.holds(known) for each in own):
            continue
        when = [_said(each, evidence[each.fact]) for each in rule.when if each not in own]
        found.append(NextTeam(when, _title(rulebook, rule.to, asker)))
        if not when:
            break
    return found


def _title(rulebook: Rulebook, to: str, asker: str | None) -> Title:
    if to == END:
        return ENDS
    team = rulebook.teams.get((asker or "") if to == SENDER else to)
    return Title("派单方", "the team that asked") if team is None else team.title


def _said(condition: Condition, of: Evidence) -> Title:
    if condition.least is not None:
        return Title(
            f"{of.title.zh} ≥ {condition.least:g} {of.unit}".rstrip(), f"{of.title.en} ≥ {condition.least:g} {of.unit}"
        )
    values = sorted((labels.value(of, each) for each in condition.allowed), key=str)
    return Title(
        f"{of.title.zh}为{'或'.join(each.zh for each in values)}",
        f"{of.title.en}: {' or '.join(each.en for each in values)}",
    )

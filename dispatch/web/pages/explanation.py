"""派单依据: why a hop went where it went, in words for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dispatch.domain.title import Title
from dispatch.routing.rulebook import END, Considered, Decision, Facts, Rulebook
from dispatch.routing.wording import say_condition, say_fact, say_value
from dispatch.storage.rows import HopRow
from dispatch.tickets.explanation import facts_of, is_by_hand
from dispatch.web.request_context import Call

Said = list[tuple[Title, Title]]
"""Names with their values."""

_FROM, _FINDING, _ASKED_BY = Title("来自", "From"), Title("结论", "Finding"), Title("派单方", "Asked by")
_HOPS, _REOPENED = Title("人工环节", "Visits to people"), Title("重派次数", "Reopened")


class Missed(NamedTuple):
    """A rule that was looked at before and did not match: where it would have led, and which conditions failed."""

    rule: str
    to: Title
    lacked: list[Title]


class Why(NamedTuple):
    """Why a hop went where it went. `place` of the rule: name@version:line, in the text that was in force."""

    rule: str
    place: str
    because: Title
    facts: Said
    missed: list[Missed]


def why(call: Call, hop: HopRow, *, shown: bool) -> Why:
    """The explanation of a hop. `shown`: the caller may see the customer's data, and so the evidence."""
    rulebook, facts = facts_of(call.tx, call.here.rules, hop)
    place = f"{call.here.rules.file.name}@{hop.rulebook}"
    if is_by_hand(facts):
        return Why(hop.rule, place, _by_hand(rulebook, hop.rule, facts), _facts(rulebook, facts, shown=shown), [])
    decision, considered = rulebook.explain(facts)
    return Why(
        hop.rule,
        f"{place}:{decision.line}",
        _because(rulebook, decision, considered),
        _facts(rulebook, facts, shown=shown),
        [_missed(rulebook, each, facts, shown=shown) for each in considered if each.missed],
    )


def say_team(rulebook: Rulebook, name: str) -> Title:
    if name == END:
        return Title("结束", "the end")
    team = rulebook.teams.get(name)
    return team.title if team else Title(name, name)


def _by_hand(rulebook: Rulebook, rule: str, facts: Facts) -> Title:
    if rule == "hand back":
        return Title("退回给派单方", "handed back to the team that asked")
    source = say_team(rulebook, facts.team or "")
    return Title(f"由{source.zh}转派", f"passed on by {source.en}, by hand")


def _because(rulebook: Rulebook, decision: Decision, considered: Sequence[Considered]) -> Title:
    matched = considered[-1].rule
    if decision.rule != matched.name:
        there = say_team(rulebook, matched.to)
        return Title(
            f"本应去{there.zh}，但已达次数上限", f"the rule leads to {there.en}, but a limit was reached before that"
        )
    conditions = [say_condition(rulebook, each) for each in matched.when]
    if conditions:
        because = Title("，且".join(c.zh for c in conditions), " and ".join(c.en for c in conditions))
    elif len(considered) == 1:
        because = Title("只有这一条规则", "the only rule")
    else:
        because = Title("前面的规则都不符合", "none of the rules before it holds")
    if decision.returns:
        return Title(f"{because.zh}；回到派单方", f"{because.en}; back to the team that asked")
    return because


def _facts(rulebook: Rulebook, facts: Facts, *, shown: bool) -> Said:
    said: Said = []
    if facts.team is not None:
        said.append((_FROM, say_team(rulebook, facts.team)))
    if facts.finding is not None:
        said.append((_FINDING, say_finding(rulebook, facts.finding)))
    if facts.sender is not None:
        said.append((_ASKED_BY, say_team(rulebook, facts.sender)))
    if shown:
        said += [(say_fact(rulebook, name), say_value(rulebook, name, value)) for name, value in facts.known.items()]
    said.append((_HOPS, Title(str(facts.hops), str(facts.hops))))
    if facts.reopened:
        said.append((_REOPENED, Title(str(facts.reopened), str(facts.reopened))))
    return said


def say_finding(rulebook: Rulebook, name: str) -> Title:
    finding = rulebook.findings.get(name)
    return finding.title if finding else Title(name, name)


def _missed(rulebook: Rulebook, considered: Considered, facts: Facts, *, shown: bool) -> Missed:
    lacked = []
    for condition in considered.rule.when:
        if condition.holds(facts.known):
            continue
        wanted, value = say_condition(rulebook, condition), facts.known.get(condition.fact)
        if not shown:
            lacked.append(Title(f"须{wanted.zh}", f"needs {wanted.en}"))
            continue
        found = Title("未知", "unknown") if value is None else say_value(rulebook, condition.fact, value)
        lacked.append(Title(f"须{wanted.zh}，实为{found.zh}", f"needs {wanted.en}, is {found.en}"))
    return Missed(considered.rule.name, say_team(rulebook, considered.rule.to), lacked)

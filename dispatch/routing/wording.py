"""Teams, findings, conditions and facts for people: by their titles in the rules file, else by their names. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dispatch.domain.channel import Channel
from dispatch.domain.finding import Evidence, Value
from dispatch.domain.kind import OWN_SYMPTOMS
from dispatch.domain.requirement import Occasion
from dispatch.domain.title import Title, Wording
from dispatch.routing.rulebook import END, SENDER, Condition, Considered, Rulebook

_OF_TICKETS: Mapping[str, Title] = {
    "category": Title("故障类别", "Category"),
    "channel": Title("受理渠道", "Channel"),
    "symptom": Title("故障现象", "Symptom"),
    "priority": Title("优先级", "Priority"),
    "area": Title("片区", "Area"),
    "repeats": Title("本班组此前同样回单次数", "Times that the team reported this before"),
}
_YES, _NO = Title("是", "yes"), Title("否", "no")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a rulebook. `symptoms` has the titles of the pre-handling script.

    With `codes` every title is followed by the name that the rules file has for the thing, for who edits the file.
    """

    rulebook: Rulebook
    symptoms: Mapping[str, Title] = field(default_factory=dict)
    codes: bool = False

    def team(self, name: str) -> Title:
        """The team's title in this rulebook; its name where the rulebook has no such team."""
        if name == END:
            return Title("结束", "the end")
        if name == SENDER:
            return Title("派单方", "the team that asked")
        team = self.rulebook.teams.get(name)
        return self._coded(team.title, name) if team else Title(name, name)

    def finding(self, name: str) -> Title:
        """The finding's title in this rulebook; its name where the rulebook has no such finding."""
        finding = self.rulebook.findings.get(name)
        return self._coded(finding.title, name) if finding else Title(name, name)

    def fact(self, name: str) -> Title:
        """The title of a ticket's fact or of a piece of evidence."""
        evidence = evidence_of(self.rulebook).get(name)
        return evidence.title if evidence else _OF_TICKETS.get(name, Title(name, name))

    def value(self, fact: str, value: Value) -> Title:
        """A value with its title or its unit."""
        if isinstance(value, bool):
            return _YES if value else _NO
        if title := self._choices(fact).get(str(value)):
            return self._coded(title, str(value))
        evidence = evidence_of(self.rulebook).get(fact)
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        shown += f" {evidence.unit}" if evidence and evidence.unit else ""
        return Title(shown, shown)

    def condition(self, condition: Condition) -> Title:
        """`优先级 = 1、2`. Values with titles stand alone: the titles name the fact."""
        fact = self.fact(condition.fact)
        if condition.least is not None:
            return Title(f"{fact.zh} ≥ {condition.least:g}", f"{fact.en} ≥ {condition.least:g}")
        titled = [name for name in self._choices(condition.fact) if name in condition.allowed]
        others = sorted(condition.allowed - set(titled), key=str)
        said = [self.value(condition.fact, each) for each in (*titled, *others)]
        zh, en = "、".join(each.zh for each in said), ", ".join(each.en for each in said)
        return Title(f"{fact.zh} = {zh}", f"{fact.en} = {en}") if others else Title(zh, en)

    def case(self, case: Occasion) -> Wording:
        """The case in which something is required: `电源为“是”时`, `when Power is yes`."""
        fact = self.fact(case.fact)
        titled = [name for name in self._choices(case.fact) if name in case.values]
        others = sorted(case.values - set(titled), key=str)
        said = [self.value(case.fact, each) for each in (*titled, *others)]
        zh, en = "或".join(f"“{each.zh}”" for each in said), " or ".join(each.en for each in said)
        if case.not_:
            return Wording(f"{fact.zh}不为{zh}时", f"unless {fact.en} is {en}")
        return Wording(f"{fact.zh}为{zh}时", f"when {fact.en} is {en}")

    def lacks(self, considered: Considered, known: Mapping[str, Value], *, shown: bool = True) -> Iterator[Title]:
        """The conditions of a rule that did not hold, and, if `shown`, what was known instead."""
        for condition in considered.rule.when:
            if condition.holds(known):
                continue
            wanted, value = self.condition(condition), known.get(condition.fact)
            if not shown:
                yield Title(f"须{wanted.zh}", f"needs {wanted.en}")
                continue
            found = Title("未知", "unknown") if value is None else self.value(condition.fact, value)
            yield Title(f"须{wanted.zh}，实为{found.zh}", f"needs {wanted.en}, is {found.en}")

    def _choices(self, fact: str) -> Mapping[str, Title]:
        match fact:
            case "category":
                return self.rulebook.categories
            case "channel":
                return {each.value: each.label for each in Channel}
            case "symptom":
                return {**self.symptoms, **OWN_SYMPTOMS}
        evidence = evidence_of(self.rulebook).get(fact)
        return evidence.choices if evidence else {}

    def _coded(self, title: Title, code: str) -> Title:
        if not self.codes or title.en == code:
            return title
        return Title(f"{title.zh}（{code}）", f"{title.en} ({code})")


def evidence_of(rulebook: Rulebook) -> dict[str, Evidence]:
    """Every piece of evidence that a finding may have, by its name."""
    return {each.name: each for finding in rulebook.findings.values() for each in finding.evidence}

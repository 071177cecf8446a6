"""派单依据: why a hop went to its team, by the version of the rules that decided it and the facts stored with it.

`explain` makes the decision again. `as_json` gives it in the rules' names, for programs; `in_words` gives it in plain
words, for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from dispatch.domain.numbers import hop_number
from dispatch.domain.title import Title
from dispatch.routing.rulebook import AGAIN, END, NO_SENDER, Considered, Decision, Facts, Rulebook
from dispatch.routing.wording import Words
from dispatch.rules_in_force import RulesInForce
from dispatch.storage.database import Tx
from dispatch.storage.rows import HopRow

Said = list[tuple[Title, Title]]
"""Names with their values."""

_FROM, _FINDING, _ASKED_BY = Title("来自", "From"), Title("结论", "Finding"), Title("派单方", "Asked by")
_UNREADABLE = Title(
    "这一版规则由早先的程序采用，本程序读不出", "an earlier release took these rules, this one can't read them"
)
_HOPS, _REOPENED = Title("计入上限的派单", "Counted visits (towards the limit)"), Title("重派次数", "Reopened")


class UnmatchedInWords(NamedTuple):
    """A rule that did not match, the team that it leads to, and its conditions that did not hold."""

    rule: str
    to: Title
    lacked: list[Title]


class ReasonInWords(NamedTuple):
    """An explanation for people. `place` is where the rule stands in the text that was in force: name@version:line."""

    rule: str
    place: str
    because: Title
    facts: Said
    missed: list[UnmatchedInWords]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A hop's decision made again. `decision` is None where a person passed on or handed back, for no rule decided, and
    where this release can't read the rules that decided: `version` is theirs, and `rulebook` the one in force."""

    number: str
    to: str
    rule: str
    file: str
    version: str
    rulebook: Rulebook
    facts: Facts
    decision: Decision | None
    considered: Sequence[Considered]

    @property
    def place(self) -> str:
        """name@version, and the line of the rule that decided."""
        place = f"{self.file}@{self.version}"
        return place if self.decision is None else f"{place}:{self.decision.line}"

    @property
    def is_unreadable(self) -> bool:
        """Whether the rules that decided were taken by an earlier release and can't be read by this one."""
        return self.version != self.rulebook.version

    def as_json(self) -> dict[str, Any]:
        """`hop`, `to`, `rule`, `rules_version`, `file` (name@version:line), `facts`, `because`; and for every rule that
        `did_not_match`: `rule`, `to`, `because` (the conditions that did not hold)."""
        facts = {
            "from": self.facts.team or "start",
            "finding": self.facts.finding,
            "asked by": self.facts.sender,
            **self.facts.known,
            "hops": self.facts.hops,
            "reopened": self.facts.reopened,
        }
        return {
            "hop": self.number,
            "to": self.to,
            "rule": self.rule,
            "rules_version": self.version,
            "facts": {name: value for name, value in facts.items() if value is not None},
            "did_not_match": [
                {"rule": each.rule.name, "to": each.rule.to, "because": each.missed}
                for each in self.considered
                if each.missed
            ],
            "file": self.place,
            "because": self._because(),
        }

    def _because(self) -> str:
        if self.is_unreadable:
            return _UNREADABLE.en
        if self.rule == AGAIN:
            return "not fixed: back to those who had it last"
        if self.decision is None:
            return "handed back to the team that asked" if self.rule == "hand back" else "passed on by hand"
        matched = self.considered[-1].rule
        if self.decision.rule == NO_SENDER:
            return f"{matched.name} leads back, but the rules have no team that asked"
        if self.decision.rule != matched.name:
            return f"{matched.name} would lead to {matched.to}, but a limit was reached"
        only = "the only rule" if len(self.considered) == 1 else "the default, last in its list"
        why = " and ".join(map(str, matched.when)) or only
        return f"{why}; sender is the team that asked: {self.decision.to}" if self.decision.returns else why

    def in_words(
        self, *, shown: bool, symptoms: Mapping[str, Title] | None = None, codes: bool = False
    ) -> ReasonInWords:
        """The explanation for people. Facts and evidence are left out unless `shown`: the reader may see customers'
        data. `symptoms` and `codes` as in `Words`."""
        words, facts = Words(self.rulebook, symptoms or {}, codes), self.facts
        if self.is_unreadable:
            because = _UNREADABLE
        elif self.rule == AGAIN:
            because = Title("未修复，先回到原处理人", "not fixed: back to those who had it last")
        elif self.decision is None:
            because = _by_hand(words, self.rule, facts)
        else:
            because = _because(words, self.decision, self.considered)
        missed = [
            UnmatchedInWords(
                each.rule.name, words.team(each.rule.to), list(words.lacks(each, facts.known, shown=shown))
            )
            for each in self.considered
            if each.missed
        ]
        return ReasonInWords(self.rule, self.place, because, _facts(words, facts, shown=shown), missed)


def explain(tx: Tx, rules: RulesInForce, hop: HopRow) -> Explanation:
    """Make the decision on `hop` again. Raises NotFound when its version of the rules is unknown."""
    rulebook, facts = rules.words_of(tx, hop.rulebook), Facts(**hop.facts)
    number = hop_number(facts.flow, hop.ticket_id, hop.seq)
    known = (number, hop.team, hop.rule, rules.file.name, hop.rulebook, rulebook, facts)
    by_hand = facts.team is not None and facts.finding is None
    if rulebook.version != hop.rulebook or by_hand or hop.rule == AGAIN:
        return Explanation(*known, None, ())  # not to be read, or no rule decided
    decision, considered = rulebook.explain(facts)
    assert decision.to in (hop.team, END)
    return Explanation(*known, decision, considered)


def _by_hand(words: Words, rule: str, facts: Facts) -> Title:
    if rule == "hand back":
        return Title("退回给派单方", "handed back to the team that asked")
    source = words.team(facts.team or "")
    return Title(f"由{source.zh}转派", f"passed on by {source.en}, by hand")


def _because(words: Words, decision: Decision, considered: Sequence[Considered]) -> Title:
    matched = considered[-1].rule
    if decision.rule == NO_SENDER:
        return Title("应回到派单方，但现行规则中没有这个班组", "it leads back, but the rules have no team that asked")
    if decision.rule != matched.name:
        there = words.team(matched.to)
        return Title(
            f"本应去{there.zh}，但已达次数上限", f"the rule leads to {there.en}, but a limit was reached before that"
        )
    conditions = [words.condition(each) for each in matched.when]
    if conditions:
        because = Title("，且".join(c.zh for c in conditions), " and ".join(c.en for c in conditions))
    elif len(considered) == 1:
        because = Title("只有这一条规则", "the only rule")
    else:
        because = Title("前面的规则都不符合", "none of the rules before it holds")
    if decision.returns:
        return Title(f"{because.zh}；回到派单方", f"{because.en}; back to the team that asked")
    return because


def _facts(words: Words, facts: Facts, *, shown: bool) -> Said:
    said: Said = []
    if facts.team is not None:
        said.append((_FROM, words.team(facts.team)))
    if facts.finding is not None:
        said.append((_FINDING, words.finding(facts.finding)))
    if facts.sender is not None:
        said.append((_ASKED_BY, words.team(facts.sender)))
    if shown:
        said += [(words.fact(name), words.value(name, value)) for name, value in facts.known.items()]
    said.append((_HOPS, Title(str(facts.hops), str(facts.hops))))
    if facts.reopened:
        said.append((_REOPENED, Title(str(facts.reopened), str(facts.reopened))))
    return said

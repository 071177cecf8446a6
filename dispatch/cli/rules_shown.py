"""The rules, the verdict on their cases, and the explanation of a ticket's hops, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.text import Text
from rich.tree import Tree

from dispatch.cli.language import language, text
from dispatch.cli.output import said
from dispatch.domain.title import Title
from dispatch.routing.cases import CaseOutcome, CasesVerdict
from dispatch.routing.rulebook import Rule, Rulebook
from dispatch.routing.wording import Words
from dispatch.tickets.explanation import Explanation


def explained_tree(number: str, explained: Iterable[Explanation], symptoms: Mapping[str, Title]) -> Tree:
    """Hop by hop: the rule that chose it, those that didn't match, and the facts."""
    tree = Tree(Text(f"{number} {text('派单依据', 'why each hop went where it went')}", "bold"))
    for hop in explained:
        reason = hop.in_words(shown=True, symptoms=symptoms, codes=True)
        team = said(Words(hop.rulebook, codes=True).team(hop.to))
        branch = tree.add(Text.assemble((f"{hop.number}  {team}", "bold"), f"  ← {reason.rule}"))
        for missed in reason.missed:
            lacked = text("；", "; ").join(map(said, missed.lacked))
            branch.add(Text(f"✗ {missed.rule} → {said(missed.to)}{text('：', ': ')}{lacked}", style="dim"))
        branch.add(Text.assemble(("✓ ", "green"), said(reason.because), (f"  {reason.place}", "dim")))
        facts = text("，", "; ").join(f"{said(name)}{text(' ', ': ')}{said(value)}" for name, value in reason.facts)
        branch.add(Text(f"{text('依据：', 'facts  ')}{facts}", style="dim"))
    return tree


def verdict_json(verdict: CasesVerdict) -> dict[str, Any]:
    return {
        "good": verdict.good,
        "cases": [
            {
                "name": outcome.case.name,
                "line": outcome.case.line,
                "good": outcome.good,
                "expected": {
                    "to": outcome.case.to,
                    "rule": outcome.case.rule,
                    "unmet": None if outcome.case.unmet is None else sorted(outcome.case.unmet),
                },
                "decided": {"to": outcome.decision.to, "rule": outcome.decision.rule, "line": outcome.decision.line},
                "missed": outcome.missed,
                "unmet": [each.name for each in outcome.unmet],
            }
            for outcome in verdict.outcomes
        ],
        "uncovered": [{"rule": name, "line": line} for name, line in verdict.uncovered],
    }


def verdict_shown(verdict: CasesVerdict, rulebook: Rulebook, file: Path) -> Group:
    """The cases that go elsewhere, the rules without a case, and how many of each there are."""
    words = Words(rulebook, codes=True)
    parts: list[Any] = [_mismatch(outcome, words, file) for outcome in verdict.mismatches]
    for name, line in verdict.uncovered:
        head, tail = (
            text("没有用例的规则：", "no case covers rule "),
            text(f"，规则文件第{line}行", f", line {line} of the rules"),
        )
        parts.append(Text.assemble((head, "red"), (name, "bold"), tail))
    good, count, bare = len(verdict.outcomes) - len(verdict.mismatches), len(verdict.outcomes), len(verdict.uncovered)
    told = text(
        f"{count} 个用例中 {good} 个相符，{bare} 条规则没有用例",
        f"{good} of {count} cases good, {bare} {'rule' if bare == 1 else 'rules'} without a case",
    )
    parts.append(Text(told, "green" if verdict.good else "red"))
    return Group(*parts)


def _mismatch(outcome: CaseOutcome, words: Words, file: Path) -> Tree:
    """A case, the team that it names, the team that the rules choose, and why the rules before did not match."""
    case, decision = outcome.case, outcome.decision
    tree = Tree(Text.assemble(("✗ ", "red"), (case.name, "bold"), (f"  {file}:{case.line}", "dim")), guide_style="dim")
    if case.unmet is not None and {each.name for each in outcome.unmet} != case.unmet:
        tree.add(Text.assemble(text("应不符 ", "expected unmet "), (", ".join(sorted(case.unmet)) or "—", "green")))
        told = text("；", " ").join(each.said.text(language()) for each in outcome.unmet) or "—"
        tree.add(Text.assemble(text("实不符 ", "found unmet "), (told, "red")))
    if case.to is None:
        return tree
    by = text(f"，规则 {case.rule}", f", by {case.rule}") if case.rule else ""
    tree.add(Text.assemble(text("应派 ", "expected "), (said(words.team(case.to)), "green"), by))
    place = text(f"，规则 {decision.rule}，第{decision.line}行", f", by {decision.rule}, line {decision.line}")
    decided = tree.add(Text.assemble(text("实派 ", "decided "), (said(words.team(decision.to)), "red"), place))
    for each in outcome.considered:
        if each.missed:
            lacked = text("；", "; ").join(map(said, words.lacks(each, case.facts.known)))
            decided.add(Text(f"✗ {each.rule.name}{text('：', ': ')}{lacked}", style="dim"))
    return tree


def flow_tree(rulebook: Rulebook, flow: str) -> Tree:
    """The flow team by team: each finding, and where it leads under which condition."""
    words = Words(rulebook)
    tree = Tree(Text(f"{flow}  {rulebook.version}", "bold"))
    start = tree.add(Text(text("受理", "Reported"), "bold cyan"))
    for rule in rulebook.starts[flow]:
        start.add(_way(words, rule))
    for team, findings in rulebook.flows[flow].items():
        branch = tree.add(Text.assemble((said(words.team(team)), "bold cyan"), (f"  {team}", "dim")))
        for finding, listed in findings.items():
            for rule in listed:
                branch.add(Text.assemble(f"{said(words.finding(finding))} ", _way(words, rule)))
    return tree


def _way(words: Words, rule: Rule) -> Text:
    conditions = text("，", ", ").join(said(words.condition(each)) for each in rule.when)
    when = f"[{conditions}] " if conditions else ""
    return Text.assemble((when, "yellow"), "→ ", (said(words.team(rule.to)), "green"))

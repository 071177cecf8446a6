"""Values in conditions, compared as the facts are written: a rule that can never match is a fault. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from dispatch.domain.folding import one_line
from dispatch.domain.title import Wording, same
from dispatch.routing.checks import NUMBERS, Found, unknown
from dispatch.routing.rulebook import Rulebook
from dispatch.routing.schema import AtLeast, RuleModel, RulesFile
from dispatch.routing.strict_yaml import Path

SYMPTOM = Wording("故障现象", "symptom")


def check_values(file: RulesFile, raw: Mapping[Path, str]) -> Found:
    """Values that no fact can have, as (path in the file, message): numbers for a fact that is text, text written
    otherwise than facts are. `raw`: values that aren't text, as the file has them."""
    for path, rule in _all_rules(file):
        for fact, wanted in rule.when.items():
            if isinstance(wanted, AtLeast):
                continue
            for i, value in enumerate(wanted if isinstance(wanted, list) else [wanted]):
                here: Path = (*path, "when", fact, i) if isinstance(wanted, list) else (*path, "when", fact)
                message = _unwritten(file, fact, value, raw.get(here, str(value)))
                if message is not None:
                    yield here, message


def _unwritten(file: RulesFile, fact: str, value: str | int | bool, written: str) -> Wording | None:
    evidence = file.evidence.get(fact)
    if fact in NUMBERS or (evidence is not None and evidence.kind == "number"):
        if isinstance(value, int) and not isinstance(value, bool):
            return None
        hint = Wording("；写作不带引号的数", "; write it without quotes") if str(value).strip().isdigit() else same("")
        return Wording(f"“{fact}”是数，不能是 {value!r}{hint.zh}", f"'{fact}' is a number, not {value!r}{hint.en}")
    if fact not in ("area", "symptom") and (evidence is None or evidence.kind != "text"):
        return None
    if not isinstance(value, str):
        return Wording(f"“{fact}”是文字：写作 '{written}'", f"'{fact}' is text: write '{written}'")
    normal = one_line(value)
    if normal != value:
        return Wording(
            f"“{fact}”的值不会这样书写（全角、组合字符或多余空格）：写作 '{normal}'",
            f"no '{fact}' is written so (full width, combining marks or space): write '{normal}'",
        )
    return None


def _all_rules(file: RulesFile) -> Iterator[tuple[Path, RuleModel]]:
    for flow, model in file.flows.items():
        for i, rule in enumerate(model.start):
            yield ("flows", flow, "start", i), rule
        for team, findings in model.teams.items():
            for finding, rules in findings.items():
                for i, rule in enumerate(rules):
                    yield ("flows", flow, "teams", team, finding, i), rule


def unknown_symptoms(file: Rulebook, known: Collection[str]) -> Iterator[tuple[int, Wording]]:
    """The symptoms in the conditions of rules and requirements that aren't `known`, each with its line."""
    lists = [*file.starts.values()]
    lists += [rules for flow in file.flows.values() for team in flow.values() for rules in team.values()]
    for rule in (rule for rules in lists for rule in rules):
        for condition in rule.when:
            for value in sorted(map(str, condition.allowed)) if condition.fact == "symptom" else ():
                if value not in known:
                    yield rule.line, unknown(SYMPTOM, value, known)
    required = [*file.everybodys.values()]
    required += [
        asked for teams in file.requires.values() for findings in teams.values() for asked in findings.values()
    ]
    for each in (each for asked in required for each in asked):
        for case in each.cases:
            for value in sorted(map(str, case.values)) if case.fact == "symptom" else ():
                if value not in known:
                    yield each.line, unknown(SYMPTOM, value, known)

"""Faults of meaning in `requires` of a rules file: what can't be asked, or could never be met. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from dispatch.domain.finding import Value
from dispatch.domain.requirement import CIRCUMSTANCES
from dispatch.domain.title import Wording
from dispatch.routing.checks import FACT, OWN_FACTS, TEAM, Found, unknown, vocabulary
from dispatch.routing.schema import NotModel, RequirementModel, Requires, RulesFile
from dispatch.routing.strict_yaml import Path

SUBJECT = Wording("佐证或系统所知", "evidence or circumstance")


def check_requires(file: RulesFile) -> Found:
    """Every fault of what findings require, as (path in the file, message)."""
    reported = _reported_by_people(file)
    for name, its in file.findings.items():
        path: Path = ("findings", name, "requires")
        if its.requires and name not in reported:
            yield path[:2], _nobody_reports(name)
        yield from _requires(file, path, name, its.requires)
    for flow, model in file.flows.items():
        for team, findings in model.requires.items():
            at: Path = ("flows", flow, "requires", team)
            if team not in model.teams:
                yield at, unknown(TEAM, team, model.teams)
                continue
            for finding, asked in findings.items():
                if finding not in model.teams[team]:
                    of_team = Wording(f"{team} 的结论", f"finding of {team}")
                    yield (*at, finding), unknown(of_team, finding, model.teams[team])
                elif team in file.teams and file.teams[team].automatic:
                    yield (*at, finding), _nobody_reports(finding)
                if finding in file.findings:
                    yield from _requires(file, (*at, finding), finding, asked)


def _reported_by_people(file: RulesFile) -> set[str]:
    return {
        finding
        for flow in file.flows.values()
        for team, findings in flow.teams.items()
        if team not in file.teams or not file.teams[team].automatic
        for finding in findings
    }


def _nobody_reports(finding: str) -> Wording:
    return Wording(
        f"“{finding}”由系统回单，没有人填佐证：不能有 requires",
        f"'{finding}' is reported by workers, and nobody gives evidence: it can't have requires",
    )


def _requires(file: RulesFile, path: Path, finding: str, asked: Requires) -> Found:
    evidence = file.findings[finding].evidence
    for name, model in asked.items():
        here: Path = (*path, name)
        if name in evidence and name in CIRCUMSTANCES:
            yield (
                here,
                Wording(
                    f"“{name}”是系统所知的名称：请给这项佐证另取名称",
                    f"'{name}' is what the system knows by itself: call this evidence otherwise",
                ),
            )
        elif name not in evidence and name not in CIRCUMSTANCES:
            yield here, unknown(SUBJECT, name, [*evidence, *CIRCUMSTANCES])
        elif name in CIRCUMSTANCES or name in file.evidence:
            yield from _bounds(file, here, name, model)
        yield from _when(file, here, finding, model)


def _bounds(file: RulesFile, path: Path, name: str, model: RequirementModel) -> Found:
    kind = _kind(file, name)
    if kind != "number" and (model.least is not None or model.most is not None):
        yield (
            path,
            Wording(f"“{name}”不是数，不能有 least 和 most", f"'{name}' is no number: it can't have least and most"),
        )
    if kind != "text" and model.letters is not None:
        yield path, Wording(f"“{name}”不是文字，不能有 letters", f"'{name}' is no text: it can't have letters")
    if model.of is not None and name in CIRCUMSTANCES:
        yield path, Wording(f"“{name}”与签约速率无关，不能有 of", f"'{name}' is no speed: it can't have `of`")
    yield from _values(file, path, name, model.one_of, "one_of")
    yield from _values(file, path, name, model.none_of, "none_of")
    if kind == "number" and model.of is None and name in file.evidence and _is_out_of_reach(file, name, model):
        yield (
            path,
            Wording(
                f"永远达不到：“{name}”只接受 {_range(file, name)}",
                f"can never be met: '{name}' takes only {_range(file, name)}",
            ),
        )


def _values(file: RulesFile, path: Path, name: str, values: Collection[Value] | None, key: str) -> Found:
    """Values that the thing can't have. They stand at the requirement where the file has the short form."""
    known, kind = _known_values(file, name), _kind(file, name)
    for i, value in enumerate(values or ()):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if known is not None and value not in known:
            yield (
                (*path, key, i),
                unknown(Wording(f" {name} 的值", f"value of {name}"), str(value), [_written(each) for each in known]),
            )
        elif kind == "number" and not is_number:
            yield (*path, key, i), Wording(f"“{name}”是数，不能是 {value!r}", f"'{name}' is a number, not {value!r}")
        elif kind == "text" and not isinstance(value, str):
            yield (*path, key, i), Wording(f"“{name}”是文字，不能是 {value!r}", f"'{name}' is text, not {value!r}")


def _when(file: RulesFile, path: Path, finding: str, model: RequirementModel) -> Iterator[tuple[Path, Wording]]:
    evidence = file.findings[finding].evidence
    for fact, wanted in model.when.items():
        here: Path = (*path, "when", fact)
        if fact not in OWN_FACTS and fact not in evidence:
            yield here, unknown(FACT, fact, [*OWN_FACTS, *evidence])
            continue
        known = vocabulary(file, fact)
        for value in wanted.none_of if isinstance(wanted, NotModel) else wanted:
            if known is not None and value not in known:
                yield here, unknown(Wording(f" {fact} 的值", f"value of {fact}"), str(value), [str(k) for k in known])


def _kind(file: RulesFile, name: str) -> str:
    if name in CIRCUMSTANCES:
        return "choice" if CIRCUMSTANCES[name].values else "number"
    return file.evidence[name].kind


def _known_values(file: RulesFile, name: str) -> Collection[Value] | None:
    if name in CIRCUMSTANCES:
        return list(CIRCUMSTANCES[name].values) or None
    return vocabulary(file, name)


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_out_of_reach(file: RulesFile, name: str, model: RequirementModel) -> bool:
    of = file.evidence[name]
    low = max(-math.inf if bound is None else bound for bound in (of.least, model.least))
    high = min(math.inf if bound is None else bound for bound in (of.most, model.most))
    return low > high


def _range(file: RulesFile, name: str) -> str:
    of = file.evidence[name]
    least, most = ("…" if bound is None else f"{bound:g}" for bound in (of.least, of.most))
    return f"{least} … {most}"

"""`routing_rules.yaml` → Rulebook, strictly: all faults at once, each `FILE:LINE:COLUMN: message`."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path as FilePath
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dispatch.domain.finding import Evidence, Finding, Value
from dispatch.domain.model_faults import model_fault
from dispatch.domain.requirement import Occasion, Requirement
from dispatch.domain.service_level import ServiceLevel
from dispatch.domain.title import Title, Wording, same
from dispatch.routing.checks import check
from dispatch.routing.faults import Fault, Faults, read_text
from dispatch.routing.requirement_checks import check_requires
from dispatch.routing.rulebook import END, Condition, Limits, Rule, Rulebook, Rules, Team
from dispatch.routing.schema import (
    AtLeast,
    EvidenceModel,
    NotModel,
    RequirementModel,
    RuleModel,
    RulesFile,
    TeamModel,
    TitleModel,
)
from dispatch.routing.strict_yaml import Path, YamlDocument, read
from dispatch.routing.written_values import check_values

M = TypeVar("M", bound=BaseModel)


def load(file: FilePath) -> Rulebook:
    """The file as a Rulebook. Raises BadRules with every fault; also when the file can't be read."""
    return parse(read_text(file), str(file))


def parse(text: str, name: str) -> Rulebook:
    """`text` as a Rulebook; `name` stands before each fault. Raises BadRules."""
    faults = Faults(name)
    document, model, wrong = read_model(text, RulesFile, faults)
    if wrong is not None:
        model = _repaired(document, wrong)
    if model is not None:
        found = chain(check_values(model, document.raw), check(model), check_requires(model))
        faults.extend_elsewhere(document.fault(path, message, at_key=_is_key(path)) for path, message in found)
    faults.raise_any()
    assert model is not None
    return _rulebook(model, text, document)


def read_model(
    text: str,
    shape: type[M],
    faults: Faults,
    fault_of: Callable[[YamlDocument, ErrorDetails], Fault] | None = None,
) -> tuple[YamlDocument, M | None, ValidationError | None]:
    """`text` as YAML and as a `shape`, with the faults of both added to `faults`; `fault_of` says a pydantic error in
    the file's own words (`shape_fault` unless given). The model, or what pydantic refused; neither without YAML."""
    document = read(text)
    faults.extend(document.faults)
    if document.data is None:
        return document, None, None
    try:
        return document, shape.model_validate(document.data), None
    except ValidationError as wrong:
        faults.extend_elsewhere((fault_of or shape_fault)(document, error) for error in wrong.errors())
        return document, None, wrong


def shape_fault(document: YamlDocument, error: ErrorDetails) -> Fault:
    """A pydantic error in the rules' words, at its place in the file."""
    path = tuple(part for part in error["loc"] if part != "[key]")
    if "requires" in path and (place := _end_of_requirement(path)) is not None:
        return document.fault(
            path[:place],
            Wording(
                "要求的值应为文字、数、true 或 false，或它们的列表；条件还可写作 {none_of: […]}",
                "what is required must be a text, a number, true or false, or a list of them; a condition may also "
                "be {none_of: […]}",
            ),
        )
    for block, allowed in _ONE_OF.items():
        place = path.index(block) + 2 if block in path else len(path)
        if len(path) > place:  # behind the entry's name stand the types that pydantic tried
            return document.fault(
                path[:place],
                Wording(f"“{path[place - 1]}”应为{allowed.zh}", f"'{path[place - 1]}' must be {allowed.en}"),
            )
    last = next((part for part in reversed(path) if isinstance(part, str)), "file")
    match error["type"]:
        case "extra_forbidden":
            return document.fault(path, Wording(f"没有键“{last}”", f"unknown key '{last}'"), at_key=True)
        case "missing":
            return document.fault(path[:-1], Wording(f"缺少“{last}”", f"'{last}' is missing"), at_key=True)
        case "value_error":
            return document.fault(path, model_fault(error))
        case "string_pattern_mismatch":
            message = Wording(
                f"“{error['input']}”不能作名称：只用小写字母、数字和单个短横",
                f"'{error['input']}' is no name: small letters, digits and single dashes",
            )
            return document.fault(path, message, at_key="[key]" in error["loc"])
        case "literal_error":
            expected = error["ctx"]["expected"]
            choices = Wording(f" {expected} ".replace(", ", "、").replace(" or ", " 或 ").rstrip(), expected)
            return document.fault(path, _must_be(last, choices, error["input"]))
        case "dict_type" | "model_type" | "model_attributes_type":
            return document.fault(path, _must_be(last, Wording("一组键值", "a block of keys"), error["input"]))
        case "list_type" if last != "start" and ("flows" not in path or "requires" in path):
            return document.fault(path, _must_be(last, Wording("列表", "a list"), error["input"]))
        case "list_type":
            shown = _shown(error["input"])
            nowhere = Wording(
                f"“{last}”没有去向：请写一个班组，或列出规则，不能是{shown.zh}",
                f"'{last}' leads nowhere: name a team or list rules, not {shown.en}",
            )
            return document.fault(path, nowhere)
        case kind:
            return document.fault(path, _misfit(last, kind, error), at_key="[key]" in error["loc"])


def _must_be(name: str, wanted: Wording, given: object) -> Wording:
    shown = _shown(given)
    return Wording(f"“{name}”应为{wanted.zh}，不能是{shown.zh}", f"'{name}' must be {wanted.en}, not {shown.en}")


def _misfit(name: str, kind: str, error: ErrorDetails) -> Wording:
    """The fault of a wrong value, in the rules' words if there are any, else in pydantic's."""
    if kind in _WANTED:
        limits = error.get("ctx", {})
        wanted = Wording(_WANTED[kind].zh.format(**limits), _WANTED[kind].en.format(**limits))
        return _must_be(name, wanted, error["input"])
    told, shown = model_fault(error), _shown(error["input"])
    en = f"{told.en[0].lower()}{told.en[1:]}"
    return Wording(f"“{name}”{told.zh}，不能是{shown.zh}", f"'{name}': {en}, not {shown.en}")


_WANTED = {
    "int_type": Wording("整数", "a whole number"),
    "float_type": Wording("数", "a number"),
    "bool_type": Wording("true 或 false", "true or false"),
    "greater_than_equal": Wording("不小于 {ge} 的值", "at least {ge}"),
    "less_than_equal": Wording("不大于 {le} 的值", "at most {le}"),
    "string_too_long": Wording("最多 {max_length} 个字的文字", "text of at most {max_length} letters"),
    "too_short": Wording("至少有 {min_length} 项", "a block of at least {min_length} entry"),
}
"""pydantic's kinds of faults in the rules' words."""


def _end_of_requirement(path: Path) -> int | None:
    """The length of the path to a value in a requirement that may have several types; behind it pydantic names those
    that it tried. None where the fault isn't in one."""
    for block in ("one_of", "none_of", "when"):
        if block in path and len(path) > path.index(block) + 1:
            return path.index(block) + 2
    return None


_ONE_OF = {
    "when": Wording("一个值、一列值或 {at_least: 数}", "a value, a list of values or {at_least: NUMBER}"),
    "facts": Wording("文字、数、true 或 false", "a text, a number, true or false"),
}
"""Blocks whose entries may have several types, and those types."""


def _shown(value: object) -> Wording:
    if isinstance(value, str | int | float):
        return same(repr(value))
    return Wording("这个", "this") if value else Wording("空", "nothing")


def _is_key(path: Path) -> bool:
    """A fault about a named entry stands at its name; one about a list's item or a part of it stands at the value."""
    of_an_item = any(isinstance(part, int) for part in path[-2:])
    return not of_an_item and path[-1] not in ("then", "start")


def _repaired(document: YamlDocument, wrong: ValidationError) -> RulesFile | None:
    """The file with harmless values in place of ill-shaped ones, so that the same run finds faults of meaning too."""
    data = _copy(document.data)
    for error in wrong.errors():
        path: Path = tuple(part for part in error["loc"] if part != "[key]")
        if "requires" in path:
            _put(data, path[: path.index("requires") + 1], None)
        elif error["type"] == "extra_forbidden":
            _put(data, path, None)
        elif "when" in path:
            _put(data, path[: path.index("when") + 2], None)
            _put(
                data, (*path[: path.index("when") + 1], "symptom"), "?"
            )  # still conditional, so that it shadows nothing
        elif error["type"] == "value_error" and len(path) == 2 and path[0] in ("teams", "evidence"):
            _put(data, path, {**_HARMLESS_ENTRY, **_kind_of_entry(path, error["input"])})
        else:
            _put(data, path, _HARMLESS.get(str(path[-1]) if path else "", [{"to": END}]))
    try:
        return RulesFile.model_validate(data)
    except ValidationError:
        return None


def _kind_of_entry(path: Path, given: object) -> dict[str, object]:
    """The kind of a harmless entry: an automatic team stays one."""
    if path[0] == "evidence":
        return {"kind": "text"}
    automatic = isinstance(given, Mapping) and given.get("automatic") is True
    return {"automatic": True} if automatic else {**_HARMLESS_TEAM}


_HARMLESS_ENTRY = {"title": {"zh": "?", "en": "?"}}
_HARMLESS_TEAM = {"members": ["noc"], "respond_within": "1h", "finish_within": "1h"}
_HARMLESS: dict[str, object] = {
    **_HARMLESS_ENTRY, **_HARMLESS_TEAM,
    "zh": "?", "en": "?", "kind": "text", "optional": False, "automatic": False, "assigned": False,
    "unit": None, "least": None, "most": None, "choices": None, "filed_by": None,
    "passes_on_to": None, "evidence": None, "unverified": False,
    "version": 1, "hops": 2, "reopens": 0, "then": "", "hold": "1h", "every": "1h", "at_most": 1, "attempts": 1,
    "urges": {"at_most": 1, "every": "1h"}, "survey": {"attempts": 1, "every": "1h"}, "name": None, "to": END,
}  # fmt: skip
"""Values that replace ill-shaped ones while the rest of the file is checked; None removes the entry."""


def _copy(data: object) -> object:
    if isinstance(data, Mapping):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(item) for item in data] if isinstance(data, list) else data


def _put(data: object, path: Path, value: object) -> None:
    """Set the value at `path`, or remove it when `value` is None. An unknown path is left alone."""
    for part in path[:-1]:
        match data:
            case dict() if part in data:
                data = data[part]
            case list() if isinstance(part, int) and part < len(data):
                data = data[part]
            case _:
                return
    if isinstance(data, dict) and path:
        data.pop(path[-1], None)
        if value is not None:
            data[path[-1]] = _copy(value)


def _rulebook(file: RulesFile, text: str, document: YamlDocument) -> Rulebook:
    limits = file.limits
    flows = {
        name: {
            team: {
                finding: _rules(document, ("flows", name, "teams", team, finding), rules)
                for finding, rules in findings.items()
            }
            for team, findings in flow.teams.items()
        }
        for name, flow in file.flows.items()
    }
    return Rulebook(
        version=hashlib.sha256(text.encode()).hexdigest()[:12],
        text=text,
        teams={name: _team(name, team) for name, team in file.teams.items()},
        findings={
            name: Finding(
                name,
                _title(finding.title),
                tuple(_evidence(each, file.evidence[each]) for each in finding.evidence),
                finding.unverified,
            )
            for name, finding in file.findings.items()
        },
        everybodys={
            name: _requirements(file, document, ("findings", name, "requires"), name, finding.requires)
            for name, finding in file.findings.items()
        },
        requires={
            flow: {
                team: {
                    finding: _requirements(file, document, ("flows", flow, "requires", team, finding), finding, asked)
                    for finding, asked in findings.items()
                }
                for team, findings in model.requires.items()
            }
            for flow, model in file.flows.items()
        },
        categories={name: _title(title) for name, title in file.categories.items()},
        flows=flows,
        starts={name: _rules(document, ("flows", name, "start"), flow.start) for name, flow in file.flows.items()},
        limits=Limits(
            hops=limits.hops,
            reopens=limits.reopens,
            then=limits.then,
            urges=limits.urges.at_most,
            urge_every=limits.urges.every,
            hold=limits.hold,
            survey_attempts=limits.survey.attempts,
            survey_every=limits.survey.every,
            survey_give_up=limits.survey.give_up or limits.survey.attempts * limits.survey.every,
            lines={key: document.keys[("limits", key)][0] for key in ("hops", "reopens")},
        ),
    )


def _title(model: TitleModel) -> Title:
    return Title(model.zh, model.en)


def _team(name: str, model: TeamModel) -> Team:
    level = None
    if model.respond_within and model.finish_within:
        level = ServiceLevel(model.respond_within, model.finish_within)
    return Team(
        name=name,
        title=_title(model.title),
        automatic=model.automatic,
        members=tuple(model.members),
        filed_by=tuple(model.filed_by),
        level=level,
        passes_on_to=tuple(model.passes_on_to),
        assigned=model.assigned,
    )


def _evidence(name: str, model: EvidenceModel) -> Evidence:
    bounds = {"least": model.least, "most": model.most}
    return Evidence(
        name=name,
        title=_title(model.title),
        kind=model.kind,
        choices={choice: _title(title) for choice, title in model.choices.items()},
        unit=model.unit,
        optional=model.optional,
        devices=tuple(model.devices),
        **{bound: value for bound, value in bounds.items() if value is not None},
    )


def _requirements(
    file: RulesFile, document: YamlDocument, path: Path, finding: str, asked: Mapping[str, RequirementModel]
) -> tuple[Requirement, ...]:
    of_finding = file.findings[finding].evidence
    return tuple(
        Requirement(
            name=name,
            evidence=_evidence(name, file.evidence[name]) if name in of_finding else None,
            one_of=tuple(model.one_of or ()),
            none_of=tuple(model.none_of or ()),
            least=-math.inf if model.least is None else model.least,
            most=math.inf if model.most is None else model.most,
            share=model.of is not None,
            letters=model.letters or 0,
            cases=tuple(_case(fact, wanted) for fact, wanted in model.when.items()),
            told=Wording(model.do.zh, model.do.en) if model.do else None,
            line=document.keys[(*path, name)][0],
        )
        for name, model in asked.items()
    )


def _case(fact: str, wanted: NotModel | list[str | int | float | bool]) -> Occasion:
    if isinstance(wanted, NotModel):
        return Occasion(fact, frozenset(wanted.none_of), not_=True)
    return Occasion(fact, frozenset(wanted))


def _rules(document: YamlDocument, path: Path, rules: list[RuleModel]) -> Rules:
    place = ".".join(str(part) for part in path if part != "teams")
    return Rules(
        Rule(
            name=_rule_name(place, i, rule, len(rules)),
            line=document.fault((*path, i), same("")).line,
            when=tuple(_condition(fact, wanted) for fact, wanted in rule.when.items()),
            to=rule.to,
        )
        for i, rule in enumerate(rules)
    )


def _rule_name(place: str, index: int, rule: RuleModel, rules: int) -> str:
    if rule.name is not None:
        return f"{place}.{rule.name}"
    return place if rules == 1 else f"{place}[{index}]"


def _condition(fact: str, wanted: Value | AtLeast | list[str | int | bool]) -> Condition:
    match wanted:
        case AtLeast():
            return Condition(fact, least=wanted.at_least)
        case list():
            return Condition(fact, allowed=frozenset(wanted))
        case _:
            return Condition(fact, allowed=frozenset([wanted]))

"""The shape of `routing_rules.yaml`, as pydantic models: what editors check, and the loader's first pass."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from dispatch.domain.finding import DEVICES
from dispatch.domain.time import read_duration
from dispatch.domain.title import WrongValue

_NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
Name = Annotated[str, StringConstraints(pattern=_NAME, max_length=40)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=80)]


def _duration(raw: Any) -> timedelta:
    if not isinstance(raw, str):
        raise WrongValue(
            f"{raw!r} 不是时长：应写作 90s、15m、2h、1h30m 或 7d",
            f"{raw!r} is no duration: write 90s, 15m, 2h, 1h30m or 7d",
        )
    duration = read_duration(raw)
    if duration > LONGEST:
        raise WrongValue(f"“{raw:.40}”超过十年", f"{raw!r:.40} is longer than ten years")
    return duration


LONGEST = timedelta(days=3660)
Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+[smhd])+$", "description": "90s, 15m, 2h, 1h30m or 7d"}),
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TitleModel(Strict):
    """A thing's name, Chinese first."""

    zh: Text
    en: Text


class EvidenceModel(Strict):
    """One piece of evidence 佐证. A choice lists its choices; a number may have a unit and bounds, a device kinds."""

    title: TitleModel
    kind: Literal["text", "choice", "number", "yes-no", "new-device", "old-device"]
    choices: dict[Name, TitleModel] = Field(default_factory=dict)
    unit: str = ""
    least: float | None = None
    most: float | None = None
    optional: bool = False
    devices: list[Literal["ont", "set-top-box", "router"]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> EvidenceModel:
        if (self.kind == "choice") != bool(self.choices):
            raise WrongValue(
                "choices 只属于 kind 为 'choice' 的佐证", "choices belong to kind 'choice', and to no other"
            )
        if self.kind != "number" and (self.unit or self.least is not None or self.most is not None):
            raise WrongValue(
                "unit、least、most 只属于 kind 为 'number' 的佐证", "unit, least and most belong to kind 'number'"
            )
        if self.kind not in DEVICES and self.devices:
            raise WrongValue(
                "devices 只属于 kind 为 'new-device' 或 'old-device' 的佐证",
                "devices belong to kinds 'new-device' and 'old-device'",
            )
        if self.least is not None and self.most is not None and self.least > self.most:
            raise WrongValue("least 大于 most", "least is above most")
        return self


_Scalar = str | int | float | bool
_Values = Annotated[list[_Scalar], Field(min_length=1)]


class DoModel(Strict):
    """What to do about something, Chinese first."""

    zh: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    en: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class NotModel(Strict):
    """A condition that holds for all values but these."""

    none_of: _Values


def _one_value(raw: Any) -> Any:
    """A bare value is short for a list of it."""
    return [raw] if isinstance(raw, str | int | float) else raw


class RequirementModel(Strict):
    """What a piece of evidence, or a circumstance, must be before a report is taken: a value, one of several, a bound.

    Asked only while every condition in `when` holds. `of: speed`: `least` and `most` are shares of the plan's speed.
    """

    one_of: _Values | None = None
    none_of: _Values | None = None
    least: float | None = None
    most: float | None = None
    of: Literal["speed"] | None = None
    letters: Annotated[int, Field(ge=1, le=2000)] | None = None
    when: dict[str, NotModel | Annotated[_Values, BeforeValidator(_one_value)]] = Field(default_factory=dict)
    do: DoModel | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> RequirementModel:
        given = (self.one_of, self.none_of, self.least, self.most, self.letters)
        if all(each is None for each in given):
            raise WrongValue(
                "没有要求：请写一个值、一列值、least、most、none_of 或 letters",
                "asks nothing: write a value, a list of values, least, most, none_of or letters",
            )
        if self.least is not None and self.most is not None and self.least > self.most:
            raise WrongValue("least 大于 most", "least is above most")
        if self.of is not None and self.least is None and self.most is None:
            raise WrongValue("of 只用于 least 和 most", "of belongs to least and most")
        return self


def _asked(raw: Any) -> Any:
    """A bare value is short for {one_of: [it]}, a list for {one_of: the list}."""
    if isinstance(raw, str | int | float):
        return {"one_of": [raw]}
    return {"one_of": raw} if isinstance(raw, list) else raw


_REQUIREMENT_JSON = {
    "anyOf": [
        {"type": ["string", "number", "boolean"], "description": "the only value that is taken"},
        {"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean"]}},
        {"$ref": "#/$defs/RequirementModel"},
    ]
}
_Requirement = Annotated[RequirementModel, BeforeValidator(_asked)]
Requires = dict[Name, _Requirement]
"""Requirements by the name of the evidence or the circumstance."""


class FindingModel(Strict):
    """One finding 定位结论, the evidence that it needs, and what that must be.

    `unverified`: every report of it is marked as one that no test confirms."""

    title: TitleModel
    evidence: list[Name] = Field(default_factory=list)
    requires: Requires = Field(default_factory=dict)
    unverified: bool = False


class TeamModel(Strict):
    """One team 班组: who works in it, how quick it must be, to whom it may pass work on."""

    title: TitleModel
    automatic: bool = False
    members: list[Name] = Field(default_factory=list)
    filed_by: list[Name] = Field(default_factory=list)
    respond_within: Duration | None = None
    finish_within: Duration | None = None
    passes_on_to: list[Name] = Field(default_factory=list)
    assigned: bool = False

    @model_validator(mode="after")
    def _has_people_or_none(self) -> TeamModel:
        if not self.automatic and not (self.members and self.respond_within and self.finish_within):
            raise WrongValue(
                "有人的班组须有 members、respond_within 和 finish_within",
                "a team of people needs members, respond_within and finish_within",
            )
        if self.automatic and (self.respond_within or self.finish_within or self.passes_on_to or self.assigned):
            raise WrongValue(
                "自动班组没有 respond_within、finish_within、passes_on_to 和 assigned",
                "an automatic team has no respond_within, finish_within, passes_on_to or assigned",
            )
        return self


class AtLeast(Strict):
    at_least: float


class RuleModel(Strict):
    """A rule leads to `to` when every condition in `when` holds. A `name` identifies it wherever it is in its list."""

    name: Name | None = None
    when: dict[str, str | int | bool | AtLeast | Annotated[list[str | int | bool], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    to: str


def _listed(raw: Any) -> Any:
    """A bare team name is short for one rule without conditions."""
    if isinstance(raw, str):
        return [{"to": raw}]
    return [raw] if isinstance(raw, dict) else raw


_RULE_JSON = {
    "anyOf": [
        {"type": "string", "description": "a team, `sender` or `end`"},
        {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/RuleModel"}},
        {"$ref": "#/$defs/RuleModel"},
    ]
}
Rules = Annotated[list[RuleModel], BeforeValidator(_listed)]


class UrgesModel(Strict):
    at_most: Annotated[int, Field(ge=1)]
    every: Duration


class SurveyModel(Strict):
    """How often a customer is sent the survey. `give_up`: after the first message; without it when the time of the last
    one is over."""

    attempts: Annotated[int, Field(ge=1, le=10)]
    every: Duration
    give_up: Duration | None = None


class LimitsModel(Strict):
    """The limits that end a case."""

    hops: Annotated[int, Field(ge=2)]
    reopens: Annotated[int, Field(ge=0)]
    then: Name
    urges: UrgesModel
    hold: Duration
    survey: SurveyModel


class FlowModel(Strict):
    """A flow: the rules that start a ticket, those for each finding of each team, and what a finding requires of a team
    beside what it requires of everybody."""

    start: Rules
    teams: dict[Name, dict[Name, Rules]]
    requires: dict[Name, dict[Name, Requires]] = Field(default_factory=dict)


class RulesFile(Strict):
    """routing_rules.yaml — the operator's law: teams, findings, evidence, flows, limits."""

    version: Literal[1]
    categories: dict[Name, TitleModel]
    limits: LimitsModel
    teams: dict[Name, TeamModel]
    evidence: dict[Name, EvidenceModel] = Field(default_factory=dict)
    findings: dict[Name, FindingModel]
    flows: Annotated[dict[Name, FlowModel], Field(min_length=1)]


def json_schema() -> dict[str, Any]:
    """The JSON Schema for editors (draft 2020-12), with the short form of a rule list allowed."""
    schema = RulesFile.model_json_schema()
    flow = schema["$defs"]["FlowModel"]["properties"]
    flow["start"] = _RULE_JSON
    findings = flow["teams"]["patternProperties"][_NAME]
    findings["patternProperties"][_NAME] = _RULE_JSON
    everybodys = schema["$defs"]["FindingModel"]["properties"]["requires"]
    a_teams = flow["requires"]["patternProperties"][_NAME]["patternProperties"][_NAME]
    for requires in (everybodys, a_teams):
        requires["patternProperties"][_NAME] = _REQUIREMENT_JSON
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}

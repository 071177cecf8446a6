"""派单规则: the rules in force, as text and as a drawing, and their decision on given facts."""

from __future__ import annotations

import functools
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field as Of
from starlette.responses import Response

from dispatch.domain.finding import Value
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NotFound
from dispatch.routing import drawing
from dispatch.routing.rulebook import SENDER, Facts, Rulebook
from dispatch.storage import rulebooks
from dispatch.web.api.schemas import RequestBody, ResponseBody, TitleBody, Word, title
from dispatch.web.policy import GuardedField
from dispatch.web.problems import language_of_request
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/rules", "rules")

Version = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", description="Version of the rules, as shown with a hop.")]


class SvgResponse(Response):
    media_type = "image/svg+xml"


class RulesBody(ResponseBody):
    """The rules in force."""

    version: str
    """Version, from the text's SHA-256."""
    text: str
    """Text of the file."""
    flows: list[str]
    """Names of the flows."""
    categories: dict[str, TitleBody]
    """Fault categories by name."""
    refused: list[str] | None
    """Faults for which the file as it stands is not in force; empty when it is, null when not the caller's to see."""


class EarlierRules(ResponseBody):
    """Rules that are or were in force."""

    version: str
    """Version, from the text's SHA-256."""
    text: str
    """Text of the file."""


class CaseRequest(RequestBody):
    """Facts to try the rules on. Without a team and a finding they are those of a new ticket."""

    flow: Word
    """Flow."""
    known: Annotated[dict[Word, Value], Of(max_length=50)] = Of(default_factory=dict)
    """Facts of the ticket and evidence of the finding, by name."""
    team: Word | None = None
    """Team that reports."""
    finding: Word | None = None
    """Finding that it reports."""
    sender: Word | None = None
    """Team that asked for the visit."""
    hops: Annotated[int, Of(ge=0, le=10_000)] = 0
    """Visits to people so far."""
    reopened: Annotated[int, Of(ge=0, le=10_000)] = 0
    """Number of times that the ticket came back after its archive."""
    archived: bool = False
    """True when the visit comes after the archive."""


class ConsideredRule(ResponseBody):
    """A rule that was looked at."""

    rule: str
    """Name of the rule."""
    line: int
    """Line of the rule in the file."""
    to: str
    """Team to which the rule leads, `sender` or `end`."""
    missed: list[str]
    """Conditions that did not hold; empty for the rule that matched."""


class DecisionBody(ResponseBody):
    """The decision of the rules."""

    to: str
    """Team, or `end`."""
    rule: str
    """Name of the rule that decides."""
    line: int
    """Line of the rule in the file."""
    returns: bool
    """True when it leads back to the team that asked."""
    looked_at: list[ConsideredRule]
    """Rules that were looked at, the one that matched last."""


@api.read("", "see rules")
def see_rules(context: RequestContext) -> RulesBody:
    """Shows the rules in force, and why the file as it stands is refused, if it is."""
    refused = context.installation.rules.refused
    lines = (
        None
        if not context.shows(GuardedField.REFUSED)
        else ([] if refused is None else list(refused.lines_in(language_of_request(context.visitor.request))))
    )
    return RulesBody(
        version=context.rulebook.version,
        text=context.rulebook.text,
        flows=list(context.rulebook.flows),
        categories={name: title(each) for name, each in context.rulebook.categories.items()},
        refused=lines,
    )


@api.read("/drawing", "see rules", raises=[NotFound])
def draw_rules(
    context: RequestContext,
    flow: Annotated[str, Query(pattern=r"^[a-z][a-z0-9-]{0,39}$", description="Flow to draw.")] = "fault",
) -> SvgResponse:
    """Draws a flow of the rules in force as SVG."""
    if flow not in context.rulebook.flows:
        raise NotFound(what=Wording("流程", "flow"), which=flow)
    return SvgResponse(_drawn(_Known(context.rulebook), flow))


@api.read("/{version}", "see rules", raises=[NotFound], summary="See rules version")
def see_version(context: RequestContext, version: Version) -> EarlierRules:
    """Shows rules that are or were in force, also those that only an earlier release can read."""
    text = rulebooks.text_of_version(context.tx, version)
    if text is None:
        raise NotFound(what=Wording("规则版本", "rules of version"), which=version)
    return EarlierRules(version=version, text=text)


@api.read("/try", "try rules", method="POST", raises=[BadInput, NotFound], summary="Try rules on facts")
def try_facts(context: RequestContext, asked: CaseRequest) -> DecisionBody:
    """Tells what the rules in force decide on these facts, and why earlier rules did not match. Nothing is changed."""
    rulebook = context.rulebook
    facts = _facts(rulebook, asked)
    if facts.sender is None and any(rule.to == SENDER for rule in rulebook.rules_for(facts)):
        raise BadInput(
            what=Wording(
                "这个结论可能回到派单方：请在 `sender` 中写明是哪个班组",
                "this finding may lead back to the team that asked: say which, as `sender`",
            )
        )
    decision, considered = rulebook.explain(facts)
    return DecisionBody(
        to=decision.to,
        rule=decision.rule,
        line=decision.line,
        returns=decision.returns,
        looked_at=[
            ConsideredRule(rule=each.rule.name, line=each.rule.line, to=each.rule.to, missed=list(each.missed))
            for each in considered
        ],
    )


def _facts(rulebook: Rulebook, asked: CaseRequest) -> Facts:
    """The facts of a request. Raises NotFound for names that the rules don't know, BadInput for half a report."""
    if asked.flow not in rulebook.flows:
        raise NotFound(what=Wording("流程", "flow"), which=asked.flow)
    if (asked.team is None) != (asked.finding is None):
        raise BadInput(
            what=Wording(
                "回单有班组也有结论：请两项都给；查开单时的去向则都不给",
                "a report is of a team and has a finding: give both, or neither for a ticket's start",
            )
        )
    if asked.team is not None and asked.finding not in rulebook.flows[asked.flow].get(asked.team, {}):
        raise NotFound(
            what=Wording("结论", "finding"),
            which=Wording(f"{asked.finding}（班组 {asked.team}）", f"{asked.finding} of team {asked.team}"),
        )
    if asked.sender is not None and asked.sender not in rulebook.teams:
        raise NotFound(what=Wording("班组", "team"), which=asked.sender)
    return Facts(**asked.model_dump())


class _Known:
    """A rulebook by its version, so that its drawing is made once."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and other.rulebook.version == self.rulebook.version

    def __hash__(self) -> int:
        return hash(self.rulebook.version)


@functools.lru_cache(maxsize=8)
def _drawn(known: _Known, flow: str) -> str:
    return drawing.svg(known.rulebook, flow)

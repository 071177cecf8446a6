"""`marketing_plans.yaml` → Plans, strictly: all faults at once, each `FILE:LINE:COLUMN: message`.

An accepted file has a fallback for every plan that can be voided, and no fallback needs a mobile number itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from dispatch.domain.money import read_yuan
from dispatch.domain.plans import (
    CHARGES,
    LINES_PER_DOCUMENT,
    MOVE_FEE,
    AfterTerm,
    Charge,
    Customers,
    Fallback,
    Holder,
    Plan,
    Plans,
)
from dispatch.domain.title import Title, Wording, WrongValue
from dispatch.routing.checks import unknown
from dispatch.routing.faults import Fault, read_text
from dispatch.routing.schema import Name, Strict, TitleModel
from dispatch.routing.strict_file import block, model_of, version_of
from dispatch.routing.strict_yaml import Path, YamlDocument

PLAN = Wording("营销案", "plan")

FASTEST = 100_000
"""Mbit/s."""

LONGEST_TERM = 60
"""Months."""

MOST_LINES = 100_000
"""The largest limit of lines of one document."""


def _amount(raw: Any) -> int:
    if not isinstance(raw, str):
        raise WrongValue(
            f"{_shown(raw)} 不是金额：请以元为单位写在引号内，如 '600.00'",
            f"{_shown(raw)} is no amount: write yuan in quotes, as '600.00'",
        )
    try:
        return read_yuan(raw)
    except ValueError:
        raise WrongValue(
            f"{raw!r} 不是金额：请以元为单位写作 '600.00'", f"{raw!r} is no amount: write yuan as '600.00'"
        ) from None


def _shown(raw: Any) -> str:
    return "nothing" if raw is None else repr(raw)


def _day(raw: Any) -> date:
    try:
        if isinstance(raw, str) and _DAY.fullmatch(raw):
            return date.fromisoformat(raw)
    except ValueError:
        pass
    raise WrongValue(f"{_shown(raw)} 不是日期：应写作 2026-01-31", f"{_shown(raw)} is no day: write 2026-01-31")


def _areas(raw: Any) -> Any:
    """`all` means no limit; in the models it is an empty list."""
    if raw != "all" and not (isinstance(raw, list) and raw):
        raise WrongValue("'areas' 应为 all，或一列片区", "'areas' must be all, or a list of areas")
    return [] if raw == "all" else raw


_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
Amount = Annotated[int, BeforeValidator(_amount)]
Day = Annotated[date, BeforeValidator(_day)]
Area = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class ToPayModel(Strict):
    """The charges of opening, each 0 when left out."""

    installation: Amount = 0
    deposit: Amount = 0
    prepaid: Amount = 0


class OfferedModel(Strict):
    """The first and the last day on which it is offered."""

    since: Day = Field(alias="from")
    until: Annotated[date | None, BeforeValidator(_day)] = None


class VoidedModel(Strict):
    """The terms once the bound number is gone: a plan or a fee."""

    plan: Name = ""
    monthly_fee: Annotated[int | None, BeforeValidator(_amount)] = None


class PlanModel(Strict):
    title: TitleModel
    speed: Annotated[int, Field(ge=1, le=FASTEST)]
    monthly_fee: Amount
    to_pay: ToPayModel
    term: Annotated[int, Field(ge=0, le=LONGEST_TERM)]
    offered: OfferedModel
    areas: Annotated[list[Area], BeforeValidator(_areas)]
    customers: Customers
    holders: Annotated[list[Holder], Field(min_length=1)]
    needs_mobile: bool
    when_voided: VoidedModel | None = None
    penalty: Annotated[int, Field(ge=0, le=100)] = 0
    when_over: Name = ""


class LinesModel(Strict):
    """The most living lines of one document."""

    person: Annotated[int, Field(ge=1, le=MOST_LINES)] = LINES_PER_DOCUMENT["person"]
    unit: Annotated[int, Field(ge=1, le=MOST_LINES)] = LINES_PER_DOCUMENT["unit"]


class PlansFile(Strict):
    """marketing_plans.yaml — what a line costs, and to whom it is offered."""

    version: Literal[1]
    move_fee: Amount = MOVE_FEE
    lines_per_document: LinesModel = LinesModel()
    plans: dict[Name, PlanModel]


def load(file: FilePath) -> Plans:
    """The file as Plans. Raises BadRules with every fault, also when it can't be read."""
    return parse(read_text(file), str(file))


def parse(text: str, name: str) -> Plans:
    """`text` as Plans; `name` stands before each fault. Raises BadRules."""
    return _plans(model_of(text, name, PlansFile, _meaning), version_of(text))


# -- faults of meaning ------------------------------------------------------------------------------


def _meaning(document: YamlDocument) -> Iterator[Fault]:
    plans = block(document.data, "plans")
    if "plans" in block(document.data) and not plans:
        yield document.fault(("plans",), Wording("没有营销案", "there are no plans"), at_key=True)
    titles: dict[str, str] = {}
    for name, plan in plans.items():
        path: Path = ("plans", name)
        zh = block(plan, "title").get("zh")
        if isinstance(zh, str) and titles.setdefault(zh, name) != name:
            yield document.fault(
                (*path, "title", "zh"),
                Wording(f"营销案“{titles[zh]}”已用这个名称", f"plan '{titles[zh]}' has this title already"),
            )
        yield from _offered(document, path, plan)
        yield from _twice(document, path, plan)
        yield from _voided(document, path, plan, plans)
        yield from _over(document, path, plan, plans)


def _offered(document: YamlDocument, path: Path, plan: object) -> Iterator[Fault]:
    offered = block(plan, "offered")
    since, until = (str(offered.get(key)) for key in ("from", "until"))
    if _DAY.fullmatch(since) and _DAY.fullmatch(until) and until < since:
        yield document.fault(
            (*path, "offered", "until"),
            Wording(f"until {until} 早于 from {since}", f"until {until} is before from {since}"),
        )


def _twice(document: YamlDocument, path: Path, plan: object) -> Iterator[Fault]:
    for key in ("areas", "holders"):
        listed = block(plan).get(key)
        items = listed if isinstance(listed, list) else []
        for i, item in enumerate(items):
            if item in items[:i]:
                yield document.fault((*path, key, i), Wording(f"“{item}”列了两次", f"'{item}' is listed twice"))


def _voided(document: YamlDocument, path: Path, plan: object, plans: Mapping[str, Any]) -> Iterator[Fault]:
    """A plan needs `when_voided` if and only if it needs a mobile number."""
    needs, here = block(plan).get("needs_mobile"), (*path, "when_voided")
    if "when_voided" not in block(plan):
        if needs is True:
            yield document.fault(
                (*path, "needs_mobile"),
                Wording(
                    "须绑定手机号码的营销案还须有 'when_voided'",
                    "a plan that needs a mobile number needs 'when_voided' too",
                ),
            )
        return
    if needs is False:
        yield document.fault(
            here,
            Wording(
                "'when_voided' 只属于 needs_mobile: true 的营销案",
                "'when_voided' belongs to plans with needs_mobile: true",
            ),
            at_key=True,
        )
    voided = block(plan, "when_voided")
    if ("plan" in voided) == ("monthly_fee" in voided):
        yield document.fault(
            here,
            Wording(
                "'when_voided' 只写 plan 或 monthly_fee 之一", "'when_voided' names either a plan or a monthly_fee"
            ),
            at_key=True,
        )
    if isinstance(target := voided.get("plan"), str):
        for message in _no_fallback(str(path[-1]), target, plans):
            yield document.fault((*here, "plan"), message)


def _over(document: YamlDocument, path: Path, plan: object, plans: Mapping[str, Any]) -> Iterator[Fault]:
    """Only a plan with a term has a penalty, and a plan that follows it."""
    for key in ("penalty", "when_over"):
        if key in block(plan) and block(plan).get("term") == 0:
            yield document.fault(
                (*path, key),
                Wording(f"'{key}' 只属于有合约期的营销案", f"'{key}' belongs to plans with a term"),
                at_key=True,
            )
    if isinstance(target := block(plan).get("when_over"), str) and target:
        if target == path[-1]:
            message = Wording(f"营销案“{target}”不能接续自身", f"plan '{target}' can't follow itself")
            yield document.fault((*path, "when_over"), message)
            return
        for message in _no_fallback(str(path[-1]), target, plans):
            yield document.fault((*path, "when_over"), message)


def _no_fallback(name: str, target: str, plans: Mapping[str, Any]) -> Iterator[Wording]:
    """The reasons why `target` can't be in force after the plan `name`."""
    if target not in plans:
        yield unknown(PLAN, target, plans)
    elif target == name:
        yield Wording(f"营销案“{target}”不能退回到自身", f"plan '{target}' can't fall back to itself")
    elif block(plans[target]).get("needs_mobile") is True:
        yield Wording(f"营销案“{target}”本身也须绑定手机号码", f"plan '{target}' needs a mobile number itself")
    else:
        for key in ("areas", "holders"):
            own, its = block(plans[name]).get(key), block(plans[target]).get(key)
            wide = own == "all" or (isinstance(own, list) and isinstance(its, list) and any(x not in its for x in own))
            if wide and isinstance(its, list):
                yield Wording(
                    f"营销案“{target}”不含“{name}”的全部 {key}",
                    f"plan '{target}' isn't offered to all {key} of '{name}'",
                )


# -- from models to plans ---------------------------------------------------------------------------


def _plans(file: PlansFile, version: str) -> Plans:
    plans = {name: _plan(name, model, file) for name, model in file.plans.items()}
    lines = file.lines_per_document
    return Plans(version, plans, file.move_fee, {"person": lines.person, "unit": lines.unit})


def _plan(name: str, model: PlanModel, file: PlansFile) -> Plan:
    charges = (Charge(each, title, getattr(model.to_pay, each)) for each, title in CHARGES.items())
    return Plan(
        name=name,
        title=Title(model.title.zh, model.title.en),
        speed=model.speed,
        monthly_fee=model.monthly_fee,
        charges=tuple(charge for charge in charges if charge.amount),
        term=model.term,
        since=model.offered.since,
        until=model.offered.until,
        areas=tuple(model.areas) or None,
        customers=model.customers,
        holders=tuple(model.holders),
        fallback=_fallback_of(model.when_voided, file),
        penalty=model.penalty,
        when_over=_following(model.when_over, file),
    )


def _following(name: str, file: PlansFile) -> AfterTerm | None:
    if not name:
        return None
    follows = file.plans[name]
    return AfterTerm(name, Title(follows.title.zh, follows.title.en), follows.speed, follows.monthly_fee)


def _fallback_of(voided: VoidedModel | None, file: PlansFile) -> Fallback | None:
    if voided is None:
        return None
    if voided.plan:
        return Fallback(voided.plan, file.plans[voided.plan].monthly_fee)
    assert voided.monthly_fee is not None
    return Fallback(None, voided.monthly_fee)

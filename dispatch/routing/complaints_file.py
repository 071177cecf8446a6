"""`complaints.yaml` → ComplaintTerms, strictly: all faults at once, each `FILE:LINE:COLUMN: message`.

An accepted file has times for every kind of complaint; each reply is no sooner than the contact and within what the
authority allows, and no time is zero."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from dispatch.domain.compensation import CompensationTerms
from dispatch.domain.complaint import LONGEST_REPLY, ComplaintKind, ComplaintSource, ComplaintTerms, TimeLimits
from dispatch.domain.money import read_yuan
from dispatch.domain.time import read_duration
from dispatch.domain.title import Wording, WrongValue
from dispatch.routing.checks import unknown
from dispatch.routing.faults import Fault, read_text
from dispatch.routing.schema import Duration, Strict
from dispatch.routing.strict_file import block, model_of, version_of
from dispatch.routing.strict_yaml import Path, YamlDocument

KIND, SOURCE = Wording("投诉类别", "kind of complaint"), Wording("投诉来源", "source of complaints")


def _fen(raw: Any) -> int:
    if not isinstance(raw, str):
        raise WrongValue(f"{raw!r} 不是金额：应写作 '50.00'", f"{raw!r} is no amount: write '50.00'")
    return read_yuan(raw)


Yuan = Annotated[int, BeforeValidator(_fen)]


class TimesModel(Strict):
    """How soon the customer hears from us, and has our reply."""

    contact: Duration
    reply: Duration


class RepairModel(Strict):
    """How long a repair may take before the days cost no fee."""

    town: Duration
    country: Duration
    country_areas: list[str]


class BuildingModel(Strict):
    """How long building a line may take, and what each day after that costs."""

    within: Duration
    percent: Annotated[int, Field(ge=1, le=100)]


class CompensationModel(Strict):
    """What customers are compensated with."""

    desk: Yuan
    repair: RepairModel
    building: BuildingModel


class ComplaintsFile(Strict):
    """complaints.yaml — how soon complaints are answered, and what customers are compensated with."""

    version: Literal[1]
    kinds: dict[str, TimesModel]
    sources: dict[str, TimesModel]
    compensation: CompensationModel


def load(file: FilePath) -> ComplaintTerms:
    """The file as ComplaintTerms. Raises BadRules with every fault, also when it can't be read."""
    return parse(read_text(file), str(file))


def parse(text: str, name: str) -> ComplaintTerms:
    """`text` as ComplaintTerms; `name` stands before each fault. Raises BadRules."""
    model = model_of(text, name, ComplaintsFile, _meaning)
    paid = model.compensation
    terms = CompensationTerms(
        desk=paid.desk,
        repair_town=paid.repair.town,
        repair_country=paid.repair.country,
        country=frozenset(paid.repair.country_areas),
        building=paid.building.within,
        building_percent=paid.building.percent,
    )
    return ComplaintTerms(
        version_of(text),
        {kind: _limits(model.kinds[kind]) for kind in ComplaintKind},
        {ComplaintSource(name): _limits(each) for name, each in model.sources.items()},
        terms,
    )


def _limits(model: TimesModel) -> TimeLimits:
    return TimeLimits(model.contact, model.reply)


# -- faults of meaning ------------------------------------------------------------------------------


def _meaning(document: YamlDocument) -> Iterator[Fault]:
    kinds, sources = block(document.data, "kinds"), block(document.data, "sources")
    if "kinds" in block(document.data):
        for missing in [kind for kind in ComplaintKind if kind not in kinds]:
            yield document.fault(
                ("kinds",),
                Wording(f"缺少“{missing}”（{missing.label.zh}）", f"'{missing}' ({missing.label.en}) is missing"),
                at_key=True,
            )
    for section, names, what, bodies in (
        ("kinds", tuple(ComplaintKind), KIND, kinds),
        ("sources", tuple(ComplaintSource), SOURCE, sources),
    ):
        for name, body in bodies.items():
            path: Path = (section, name)
            if name not in names:
                yield document.fault(path, unknown(what, name, names), at_key=True)
            elif isinstance(body, Mapping):
                yield from _times(document, path, body)


def _times(document: YamlDocument, path: Path, body: Mapping[str, Any]) -> Iterator[Fault]:
    contact, reply = _span(body.get("contact")), _span(body.get("reply"))
    for name, limit in (("contact", contact), ("reply", reply)):
        if limit == timedelta(0):
            yield document.fault((*path, name), Wording("期限不能为零", "nobody can keep a time of zero"))
    if reply is not None and reply > LONGEST_REPLY:
        days = LONGEST_REPLY.days
        yield document.fault(
            (*path, "reply"),
            Wording(f"答复期限超过 {days} 天", f"a customer who waits longer than {days} days complains elsewhere"),
        )
    if contact is not None and reply is not None and contact > reply:
        yield document.fault((*path, "contact"), Wording("联系期限晚于答复期限", "the contact is later than the reply"))


def _span(raw: object) -> timedelta | None:
    """A duration, or None for what is a fault elsewhere."""
    try:
        return read_duration(raw) if isinstance(raw, str) else None
    except WrongValue:
        return None

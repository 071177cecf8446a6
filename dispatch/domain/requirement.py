"""佐证要求 What a finding's evidence must show before the report is taken: `requires` of the rules file. Pure.

A requirement is asked of a piece of evidence, or of a circumstance that the system knows by itself: what the line's
test shows, how many photos the hop has, in what state the account is. A supervisor may override a requirement; the
form of the evidence (`Finding.read`) nobody may.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dispatch.domain.account import AccountState
from dispatch.domain.finding import NEW_DEVICE, OLD_DEVICE, Evidence, Value
from dispatch.domain.line_state import LineState
from dispatch.domain.title import Title, Wording
from dispatch.errors.base import Language

SPEED = "speed"
"""The only thing of which a bound can be a share: the speed that the account's plan promises, in Mbit/s."""

PASSED, FAILED, NO_TEST = "passed", "failed", "not-possible"
CONFIRMED, UNCONFIRMED = "confirmed", "unconfirmed"
FREE, FULL = "free", "full"

LINE_TEST, NEWEST_TEST, PHOTOS, ACCOUNT, EFFECTS, PORT = (
    "line-test",
    "newest-test",
    "photos",
    "account",
    "effects",
    "port",
)


NO_UNIT = Title("", "")


@dataclass(frozen=True, slots=True)
class Circumstance:
    """Something that the system itself knows of a report. `values`: its possible values; none for a number.

    `do`: what to do where it isn't as required, unless the rules say it.
    """

    title: Title
    do: Wording
    values: Mapping[str, Title] = field(default_factory=dict)
    unit: Title = NO_UNIT


CIRCUMSTANCES: Mapping[str, Circumstance] = {
    LINE_TEST: Circumstance(
        Title("回单时的线路测试", "Line test at the report"),
        Wording("请处理到测试通过，或回其他结论。", "Work until it passes, or report another finding."),
        {
            PASSED: Title("通过", "passed"),
            FAILED: Title("未通过", "failed"),
            NO_TEST: Title("测试不可用", "not possible"),
        },
    ),
    NEWEST_TEST: Circumstance(
        Title("最近一次线路测试", "Newest line test"),
        Wording("请复测，或回其他结论。", "Test again, or report another finding."),
        {**{state: state.label for state in LineState}, NO_TEST: Title("测试不可用", "not possible")},
    ),
    PHOTOS: Circumstance(
        Title("照片", "Photos"), Wording("请先上传照片。", "Upload a photo first."), unit=Title("张", "")
    ),
    ACCOUNT: Circumstance(
        Title("账号状态", "State of the account"),
        Wording("请先处理账号，再回单。", "Put the account right first."),
        {state: state.label for state in AccountState},
    ),
    EFFECTS: Circumstance(
        Title("账号的外部动作", "Outside effects of the account"),
        Wording("请等对方系统确认，或放行后再回单。", "Wait until the other system confirms them, or release them."),
        {CONFIRMED: Title("已确认", "confirmed"), UNCONFIRMED: Title("未确认", "unconfirmed")},
    ),
    PORT: Circumstance(
        Title("账号的端口", "Port of the account"),
        Wording("端口尚有空位：请回其他原因。", "The port has a free place: report another cause."),
        {FREE: Title("有空位", "with a free place"), FULL: Title("已满", "full"), NO_TEST: Title("未知", "unknown")},
    ),
}
"""Every circumstance that `requires` may name beside the finding's own evidence."""

DO: Mapping[str, Wording] = {
    "number": Wording("请复核，或回其他结论。", "Measure again, or report another finding."),
    "text": Wording("请写清楚。", "Say more."),
    "choice": Wording("请回其他结论。", "Report another finding."),
    "yes-no": Wording("请先办到，或回其他结论。", "See to it first, or report another finding."),
    NEW_DEVICE: Wording("请核对序列号；未领用的先领用。", "Check the number; have the device handed out first."),
    OLD_DEVICE: Wording("请核对序列号。", "Check the serial number."),
}
"""What to do about evidence of each kind, unless the rules say it."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """A case in which a requirement holds: the fact has one of these values, or with `not_` none of them."""

    fact: str
    values: frozenset[Value]
    not_: bool = False

    def holds(self, known: Mapping[str, Value]) -> bool:
        return (known.get(self.fact) in self.values) is not self.not_


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement. Exactly the bounds that are given are asked: `one_of`, `none_of`, `least` and `most` (`of` the
    plan's speed if `share`), at least `letters` characters. `cases`: all of them must hold, else nothing is asked.

    Evidence that a requirement names must be given where the requirement holds, optional or not.
    """

    name: str
    evidence: Evidence | None  # None: a circumstance
    one_of: tuple[Value, ...] = ()
    none_of: tuple[Value, ...] = ()
    least: float = -math.inf
    most: float = math.inf
    share: bool = False
    letters: int = 0
    cases: tuple[Occasion, ...] = ()
    told: Wording | None = None  # what the rules say is to be done
    line: int = 0  # its place in the rules file

    @property
    def title(self) -> Title:
        return self.evidence.title if self.evidence else CIRCUMSTANCES[self.name].title

    @property
    def do(self) -> Wording:
        """What to do where it isn't met."""
        return self.told or (DO[self.evidence.kind] if self.evidence else CIRCUMSTANCES[self.name].do)

    def asked(self, known: Mapping[str, Value]) -> bool:
        return all(case.holds(known) for case in self.cases)

    def met(self, value: Value | None, speed: float | None) -> bool:
        """Return whether `value` is as required. A share of a speed that isn't known can't be asked for."""
        if value is None:
            return False
        if self.one_of and value not in self.one_of:
            return False
        if value in self.none_of:
            return False
        if self.letters and len(str(value).strip()) < self.letters:
            return False
        least, most = self._bounds(speed)
        return (math.isinf(least) and math.isinf(most)) or (isinstance(value, int | float) and least <= value <= most)

    def bound(self, speed: float | None = None) -> Wording:
        """What is required, to stand behind `应` in Chinese and behind a colon in English."""
        parts = [*self._said(speed)]
        return Wording("且".join(part.zh for part in parts), " and ".join(part.en for part in parts))

    def shown(self, value: Value) -> Title:
        """A value of the thing that this is about, for people."""
        if isinstance(value, bool):
            return Title("是", "yes") if value else Title("否", "no")
        titles = self.evidence.choices if self.evidence else CIRCUMSTANCES[self.name].values
        if known := titles.get(str(value)):
            return known
        text = _minus(value) if isinstance(value, int | float) else _clipped(str(value))
        unit = self._unit()
        return Title(f"{text} {unit.zh}".rstrip(), f"{text} {unit.en}".rstrip())

    def _said(self, speed: float | None) -> Iterator[Wording]:
        if self.one_of:
            zh, en = _listed([self.shown(value) for value in self.one_of])
            yield Wording(f"为{zh}", f"must be {en}")
        if self.none_of:
            zh, en = _listed([self.shown(value) for value in self.none_of])
            yield Wording(f"不为{zh}", f"must not be {en}")
        if self.letters:
            yield Wording(f"不少于 {self.letters} 个字", f"at least {self.letters} characters")
        if not (math.isinf(self.least) and math.isinf(self.most)):
            yield self._range(speed)

    def _range(self, speed: float | None) -> Wording:
        unit = self._unit()
        if self.share:
            zh, en = _between(_percent(self.least), _percent(self.most), Title("%", "%"))
            if speed is None:
                return Wording(f"{zh}（按签约速率）", f"{en} of the plan's speed")
            of = Wording(*_between(*self._bounds(speed), unit))
            return Wording(f"{of.zh}（签约速率 {speed:g} {unit.zh}）", f"{of.en} ({en} of the plan's {speed:g})")
        return Wording(*_between(self.least, self.most, unit))

    def _bounds(self, speed: float | None) -> tuple[float, float]:
        if not self.share:
            return self.least, self.most
        return (-math.inf, math.inf) if speed is None else (self.least * speed, self.most * speed)

    def _unit(self) -> Title:
        if self.evidence is not None:
            return Title(self.evidence.unit, self.evidence.unit)
        return CIRCUMSTANCES[self.name].unit


def _clipped(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:29]}…"


def _percent(share: float) -> float:
    return round(share * 100, 6)


def _between(least: float, most: float, unit: Title) -> tuple[str, str]:
    low, high = _minus(least), _minus(most)
    if math.isinf(most):
        return f"不小于 {low} {unit.zh}".rstrip(), f"at least {low} {unit.en}".rstrip()
    if math.isinf(least):
        return f"不大于 {high} {unit.zh}".rstrip(), f"at most {high} {unit.en}".rstrip()
    return f"在 {low} … {high} {unit.zh} 之间".replace("  ", " "), f"{low} … {high} {unit.en}".rstrip()


def _minus(number: float) -> str:
    return f"{number:g}".replace("-", "−")


def _listed(titles: Sequence[Title]) -> tuple[str, str]:
    return "或".join(f"“{title.zh}”" for title in titles), " or ".join(title.en for title in titles)


@dataclass(frozen=True, slots=True)
class Unmet:
    """A requirement that a report doesn't meet, as people are told."""

    name: str
    said: Wording

    def text(self, language: Language) -> str:
        return self.said.text(language)

    def stored(self) -> dict[str, str]:
        """As a history keeps it."""
        return {"name": self.name, "zh": self.said.zh, "en": self.said.en}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the system knows of one report: the circumstances' values, and how each is told where that is more than the
    value's name (what was measured). `speed`: of the account's plan, Mbit/s; None: not known."""

    values: Mapping[str, Value] = field(default_factory=dict)
    told: Mapping[str, Wording] = field(default_factory=dict)
    speed: float | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """`unmet`: what isn't as required. `unverified`: names of what could not be judged, and passes with a mark."""

    unmet: tuple[Unmet, ...]
    unverified: tuple[str, ...]


def judge(
    requirements: Collection[Requirement],
    evidence: Mapping[str, Value],
    circumstances: Circumstances,
    known: Mapping[str, Value],
) -> Judgement:
    """Judge a report by all that is required of it. `known`: the ticket's facts."""
    facts = {**known, **evidence}
    unmet, unverified = [], []
    for each in requirements:
        if not each.asked(facts):
            continue
        value = evidence.get(each.name) if each.evidence else circumstances.values.get(each.name)
        if _not_to_be_judged(each, value, circumstances):
            unverified.append(each.name)
        elif not each.met(value, circumstances.speed):
            unmet.append(Unmet(each.name, sentence(each, value, circumstances)))
    return Judgement(tuple(unmet), tuple(dict.fromkeys(unverified)))


def _not_to_be_judged(each: Requirement, value: Value | None, circumstances: Circumstances) -> bool:
    """Return whether nothing is there to judge by: the test is away, the port or the plan's speed isn't known."""
    if each.evidence is None:
        return value in (None, NO_TEST) and NO_TEST not in each.none_of
    return value is not None and each.share and circumstances.speed is None


def sentence(each: Requirement, value: Value | None, circumstances: Circumstances) -> Wording:
    """`佐证不符` said of one requirement: what it is, what is required, what is there instead, what to do."""
    bound = each.bound(circumstances.speed)
    found = circumstances.told.get(each.name)
    if found is None and value is not None:
        shown = each.shown(value)
        found = Wording(shown.zh, shown.en)
    is_ = Wording("", "") if found is None else Wording(f"，实为 {found.zh}", f", is {found.en}")
    if value is None:
        is_ = Wording("，未填", ", is missing")
    return Wording(
        f"{each.title.zh}应{bound.zh}{is_.zh}。{each.do.zh}", f"{each.title.en}: {bound.en}{is_.en}. {each.do.en}"
    )


def stated(each: Requirement, speed: float | None = None) -> Wording:
    """The requirement as a form states it before anything is sent."""
    bound = each.bound(speed)
    return Wording(f"{each.title.zh}应{bound.zh}", f"{each.title.en}: {bound.en}")

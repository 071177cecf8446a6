"""Findings 定位结论: the possible results of a team's report, and the evidence 佐证 that each needs. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.domain.device import read_serial
from dispatch.domain.text import LONGEST_TEXT, read_yes_no, unreadable
from dispatch.domain.title import Title, Wording, WrongValue

Value = str | int | float | bool

NEW_DEVICE, OLD_DEVICE = "new-device", "old-device"
"""Kinds of evidence: the serial number of a device that the reporter put in, or took out. The register moves it."""
DEVICES = (NEW_DEVICE, OLD_DEVICE)

SUSPECTS: Mapping[str, Title] = {
    "inside-plant": Title("疑似局内障碍", "Inside plant suspected"),
    "outside-plant": Title("疑似局外障碍", "Outside plant suspected"),
    "system": Title("疑似系统故障", "System suspected"),
    "none": Title("测试未见异常", "Nothing suspicious"),
}
"""Guesses of the line test."""

UNAVAILABLE = "unavailable"
UNTESTED = Title("测试不可用", "Test not possible")
"""What a hop shows whose line could not be tested."""
TESTED_AGAIN = Title("线路测试系统不可用，再测时间", "The line test system is away; tested again at")
"""The same while the line is to be tested again; the time follows."""
TESTED_AT = "tested_at"
TESTED_LATE = Title("线路补测于", "Line tested at")
"""The time at which a line was tested that could not be tested before."""


def time_first(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a worker found, beginning with the time of a late test: PostgreSQL keeps no order of a document's keys."""
    return sorted(found.items(), key=lambda entry: entry[0] != TESTED_AT)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence that a finding asks for, and the values that are valid for it.

    `kind` is `text`, `choice`, `number`, `yes-no` or one of `DEVICES`. A number lies in [`least`, `most`], in `unit`;
    a device is of one of the kinds `devices`, or of any if there are none.
    """

    name: str
    title: Title
    kind: str
    choices: Mapping[str, Title]
    unit: str = ""
    least: float = -math.inf
    most: float = math.inf
    optional: bool = False
    devices: tuple[str, ...] = ()

    def read(self, raw: Value) -> Value:
        """`raw`, maybe text typed at a terminal, as a value of this kind. Raises WrongValue."""
        match self.kind:
            case "choice":
                if str(raw) not in self.choices:
                    listed = ", ".join(self.choices)
                    raise self._wrong(f"没有“{raw}”；可选：{listed}", f"{raw!r} is none of {listed}")
                return str(raw)
            case "number":
                return self._number(raw)
            case "yes-no":
                answer = read_yes_no(raw)
                if answer is None:
                    raise self._wrong(f"“{raw}”既不是“是”也不是“否”", f"{raw!r} is neither yes nor no")
                return answer
            case "new-device" | "old-device":
                try:
                    return read_serial(str(raw))
                except WrongValue as wrong:
                    raise self._wrong(wrong.what.zh, wrong.what.en) from None
            case _:
                text = str(raw).strip()
                if not text:
                    raise self._wrong("是空的", "is empty")
                if len(text) > LONGEST_TEXT:
                    raise self._wrong(
                        f"有 {len(text)} 个字符，最多 {LONGEST_TEXT} 个",
                        f"{len(text)} characters, at most {LONGEST_TEXT}",
                    )
                if fault := unreadable(text):
                    raise self._wrong(fault.zh, fault.en)
                return text

    def _number(self, raw: Value) -> float:
        try:
            number = float(raw)
        except ValueError:
            raise self._wrong(f"“{raw}”不是数", f"{raw!r} is no number") from None
        if isinstance(raw, bool) or not math.isfinite(number):
            raise self._wrong(f"“{raw}”不是数", f"{raw!r} is no number")
        if not self.least <= number <= self.most:
            bounds = f"{self.least:g} … {self.most:g} {self.unit}"
            raise self._wrong(f"{raw} {self.unit} 不在 {bounds} 之间", f"{raw} {self.unit} is outside {bounds}")
        return number

    def _wrong(self, zh: str, en: str) -> WrongValue:
        return WrongValue(f"{self.name}（{self.title.zh}）{zh}", f"{self.name}: {en}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One result that a team may report. `unverified`: every report of it is marked as one that no test confirms."""

    name: str
    title: Title
    evidence: tuple[Evidence, ...]
    unverified: bool = False

    def read(self, given: Mapping[str, Value]) -> tuple[dict[str, Value], list[Wording]]:
        """The valid evidence, and every fault of the rest (missing, unknown, of the wrong kind)."""
        good: dict[str, Value] = {}
        asked = {wanted.name for wanted in self.evidence}
        faults = [
            Wording(f"{self.name}（{self.title.zh}）不需要佐证 {name}", f"{name}: not asked for by {self.name}")
            for name in given
            if name not in asked
        ]
        for wanted in self.evidence:
            if wanted.name not in given:
                if not wanted.optional:
                    faults.append(
                        Wording(
                            f"缺少 {wanted.name}（{wanted.title.zh}）", f"{wanted.name} ({wanted.title.en}) is missing"
                        )
                    )
                continue
            try:
                good[wanted.name] = wanted.read(given[wanted.name])
            except WrongValue as wrong:
                faults.append(wrong.what)
        return good, faults

"""Findings 定位结论: what a team may say when it reports, and the evidence 佐证 that each needs. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dispatch.domain.text import LONGEST_TEXT, has_control_characters
from dispatch.domain.title import Title

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence and what a valid one looks like.

    `kind` is `text`, `choice`, `number` or `yes-no`. A number lies in [`least`, `most`], in `unit`.
    """

    name: str
    title: Title
    kind: str
    choices: Mapping[str, Title]
    unit: str = ""
    least: float = -math.inf
    most: float = math.inf
    optional: bool = False

    def read(self, raw: Value) -> Value:
        """`raw`, maybe text typed at a terminal, as a value of this kind. Raises ValueError saying what is wrong."""
        match self.kind:
            case "choice":
                if str(raw) not in self.choices:
                    raise ValueError(f"{self.name}: {raw!r} is none of {', '.join(self.choices)}")
                return str(raw)
            case "number":
                return self._number(raw)
            case "yes-no":
                if isinstance(raw, bool):
                    return raw
                if str(raw).lower() not in ("yes", "no"):
                    raise ValueError(f"{self.name}: {raw!r} is neither yes nor no")
                return str(raw).lower() == "yes"
            case _:
                text = str(raw).strip()
                if not text:
                    raise ValueError(f"{self.name}: is empty")
                if len(text) > LONGEST_TEXT:
                    raise ValueError(f"{self.name}: {len(text)} characters, at most {LONGEST_TEXT}")
                if has_control_characters(text):
                    raise ValueError(f"{self.name}: has control characters in it")
                return text

    def _number(self, raw: Value) -> float:
        try:
            number = float(raw)
        except ValueError:
            raise ValueError(f"{self.name}: {raw!r} is no number") from None
        if isinstance(raw, bool) or not math.isfinite(number):
            raise ValueError(f"{self.name}: {raw!r} is no number")
        if not self.least <= number <= self.most:
            raise ValueError(f"{self.name}: {raw} {self.unit} is outside {self.least:g} … {self.most:g} {self.unit}")
        return number


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a team may report."""

    name: str
    title: Title
    evidence: tuple[Evidence, ...]

    def read(self, given: Mapping[str, Value]) -> tuple[dict[str, Value], list[str]]:
        """The evidence that holds, and every fault of the rest (missing, unknown, of the wrong kind)."""
        good: dict[str, Value] = {}
        asked = {wanted.name for wanted in self.evidence}
        faults = [f"{name}: not asked for by {self.name}" for name in given if name not in asked]
        for wanted in self.evidence:
            if wanted.name not in given:
                if not wanted.optional:
                    faults.append(f"{wanted.name} ({wanted.title.zh}) is missing")
                continue
            try:
                good[wanted.name] = wanted.read(given[wanted.name])
            except ValueError as wrong:
                faults.append(str(wrong))
        return good, faults

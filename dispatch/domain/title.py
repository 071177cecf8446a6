"""Names and sentences in Chinese and English. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol, Self


@dataclass(frozen=True, slots=True)
class Title:
    """A thing's name."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} {self.en}"

    def text(self, language: Literal["zh", "en"]) -> str:
        """The name in one language."""
        return self.zh if language == "zh" else self.en

    def stored(self) -> dict[str, str]:
        """The name as rows keep it: `Title(**stored)` is the name again."""
        return {"zh": self.zh, "en": self.en}


LOOKED_UP = Title("", "")
"""Type checkers read `Kind("fault")`, which finds a member, as a call of `__new__`: so its parameters have defaults."""


class TitledEnum(StrEnum):
    """An enumeration whose members have a name for people: `FAULT = "fault", Title("故障单", "Fault")`."""

    label: Title

    def __new__(cls, value: str, label: Title = LOOKED_UP, *_: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    @classmethod
    def label_of(cls, value: str) -> Title:
        """The name of a stored value; one that this release doesn't know is shown as it is."""
        return cls(value).label if value in tuple(cls) else Title(value, value)


@dataclass(frozen=True, slots=True, order=True)
class Wording:
    """A sentence or a part of one: a fault, a reason, a remedy. `str` gives the English, for logs."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en

    def text(self, language: Literal["zh", "en"]) -> str:
        """The wording in one language."""
        return self.zh if language == "zh" else self.en

    def at(self, place: str) -> Wording:
        """The wording with a place before it: `FILE:LINE:COLUMN: …`."""
        return Wording(f"{place}: {self.zh}", f"{place}: {self.en}")


class WrongValue(ValueError):
    """A value can't be read as one of its kind; `what` says why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.what = Wording(zh, en)


def same(text: str) -> Wording:
    """A wording that is the same in both languages: a number, a path, another program's message."""
    return Wording(text, text)


class _Sentenced(Protocol):
    def sentence(self, language: Literal["zh", "en"]) -> str: ...


def sentences(wrong: _Sentenced) -> Wording:
    """An error's message in both languages."""
    return Wording(wrong.sentence("zh"), wrong.sentence("en"))

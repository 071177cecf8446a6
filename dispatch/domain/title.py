"""A thing's name, or what is said of it, in Chinese and English. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence or a part of one: a fault, a reason, a remedy. Its string is the English one, as logs have it."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en

    def text(self, language: Literal["zh", "en"]) -> str:
        """The wording in one language."""
        return self.zh if language == "zh" else self.en


def same(text: str) -> Wording:
    """What reads the same in both languages: a number, a path, what another program said."""
    return Wording(text, text)

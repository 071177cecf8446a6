"""A thing's name in Chinese and English. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Title:
    """A thing's name, Chinese first."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} {self.en}"

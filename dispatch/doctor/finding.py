"""What an examination finds: in both languages, with what is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    GOOD = "good"
    DOUBTFUL = "doubtful"  # it works, and somebody should look at it
    BAD = "bad"  # something won't work, or something could be lost


class Said(NamedTuple):
    zh: str
    en: str


@dataclass(frozen=True)
class Finding:
    """`check` names what was looked at, `found` says how it is; `remedy` is there unless all is good."""

    check: Said
    verdict: Verdict
    found: str
    remedy: Said | None = None


def good(check: Said, found: str) -> Finding:
    return Finding(check, Verdict.GOOD, found)


def doubtful(check: Said, found: str, zh: str, en: str) -> Finding:
    return Finding(check, Verdict.DOUBTFUL, found, Said(zh, en))


def bad(check: Said, found: str, zh: str, en: str) -> Finding:
    return Finding(check, Verdict.BAD, found, Said(zh, en))

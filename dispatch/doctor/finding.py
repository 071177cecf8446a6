"""The result of one check: what was found, and the remedy, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dispatch.domain.title import Title, Wording
from dispatch.errors import Worded


class Grade(StrEnum):
    """Severity of a result."""

    GOOD = "good"
    DOUBTFUL = "doubtful"  # it works, and somebody should look at it
    BAD = "bad"  # something won't work, or something could be lost


@dataclass(frozen=True)
class CheckResult:
    """`check` names the thing examined, `found` says its condition; `remedy` is None when it is good."""

    check: Title
    verdict: Grade
    found: Worded
    remedy: Wording | None = None


def good(check: Title, found: Worded) -> CheckResult:
    return CheckResult(check, Grade.GOOD, found)


def doubtful(check: Title, found: Worded, zh: str, en: str) -> CheckResult:
    return CheckResult(check, Grade.DOUBTFUL, found, Wording(zh, en))


def bad(check: Title, found: Worded, zh: str, en: str) -> CheckResult:
    return CheckResult(check, Grade.BAD, found, Wording(zh, en))

"""The result of one check: what was found, and the remedy, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dispatch.domain.title import Title, Wording
from dispatch.errors import Worded

MOST_NAMED = 3
"""Things of a kind that a result names."""


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


def all_differ(check: Title, twins: Sequence[Sequence[str]], alike: Wording, zh: str, en: str) -> CheckResult:
    """`twins`: groups of names that should differ more; `alike` says how far they do. `zh`, `en`: the remedy."""
    if not twins:
        return good(check, Wording("各不相同", "all differ"))
    listed = some([" = ".join(group) for group in twins], "; ")
    return doubtful(check, Wording(f"{alike.zh}：{listed}", f"{alike.en}: {listed}"), zh, en)


def some(named: Sequence[str], between: str = ", ") -> str:
    """The first few of them, and whether there are more."""
    return between.join(named[:MOST_NAMED]) + (" …" if len(named) > MOST_NAMED else "")

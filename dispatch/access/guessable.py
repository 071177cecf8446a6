"""Passwords that are easy to guess: common ones, keys beside each other, names, dates, repetitions.

The lists of common passwords and names, and the estimate of how many guesses a password withstands, are zxcvbn's.
Source: D. Wheeler, zxcvbn: Low-Budget Password Strength Estimation, USENIX Security 2016; NIST SP 800-63B-4, 3.1.1.2.
"""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.domain.title import Wording

FEWEST_GUESSES = 10**8
"""Guesses that a password must withstand: what zxcvbn calls `safely unguessable`."""
LOOKED_AT = 40
"""Characters that are looked at. The time grows with their square, and a password isn't weaker than its beginning."""
PRODUCT = ("paidan", "派单")
SHORTEST_WORD = 4
"""Characters of the shortest word of the operator's name that a password must not have in it; two in Chinese."""

_WHY: Mapping[str, Wording] = {
    "dictionary": Wording("常用密码或常见的词", "a common password or word"),
    "spatial": Wording("键盘上相邻的键", "keys beside each other"),
    "repeat": Wording("重复的字符", "repeated characters"),
    "sequence": Wording("连续的字符", "characters in a row"),
    "regex": Wording("年份", "a year"),
    "date": Wording("日期", "a date"),
    "bruteforce": Wording("太少的字符", "too few characters"),
}


def why_guessable(new: str, operator: str = "") -> Wording | None:
    """The reason why a password is easy to guess; None when it isn't. `operator` is the operator's name."""
    for word in (*PRODUCT, *operator.lower().split()):
        shortest = SHORTEST_WORD if word.isascii() else 2
        if len(word) >= shortest and word in new.lower():
            return Wording("含运营商或本系统的名称", "the operator's or this program's name in it")
    from zxcvbn import zxcvbn  # its lists take 30 ms and 14 MB, for a new password alone

    found = zxcvbn(new[:LOOKED_AT])
    if found["guesses"] >= FEWEST_GUESSES:
        return None
    longest = max(found["sequence"], key=lambda part: len(part["token"]))
    return _WHY[longest["pattern"]]

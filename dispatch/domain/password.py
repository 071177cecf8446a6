"""Rules for a broadband account's password: it must be hard to guess. Pure; hashing is elsewhere."""

from __future__ import annotations

from itertools import groupby, pairwise

from dispatch.domain.title import Title
from dispatch.errors import BadPassword

SHORTEST, LONGEST = 8, 16
LONGEST_RUN = 4
"""Length of a run of equal or consecutive characters, such as 1111 and 4321."""

FEWEST_DIFFERENT = 4
LONGEST_SHARED = 5
"""Length of a piece that a password may share with known facts about its holder."""


def check_password(new: str, *known: str) -> None:
    """Raises BadPassword when `new` is easy to guess, by itself or from `known`: account, document, mobile number."""
    if not SHORTEST <= len(new) <= LONGEST:
        raise BadPassword(
            why=Title(f"应为{SHORTEST}至{LONGEST}个字符", f"{SHORTEST} to {LONGEST} characters are needed")
        )
    if not all("!" <= character <= "~" for character in new):
        raise BadPassword(why=Title("只能用字母、数字和半角符号", "only letters, digits and signs of a plain keyboard"))
    if len(set(new)) < FEWEST_DIFFERENT or _longest_run(new) > LONGEST_RUN:
        raise BadPassword(why=Title("重复或连续的字符太多", "too many of its characters are the same or in a row"))
    if any(_shared(new.lower(), each.lower()) > LONGEST_SHARED for each in known):
        raise BadPassword(
            why=Title(
                "不得含账号、证件号码或手机号码的片段", "it has part of the account, document or mobile number in it"
            )
        )


def _longest_run(text: str) -> int:
    """The length of the longest run of equal, ascending or descending characters."""
    steps = [ord(other) - ord(one) for one, other in pairwise(text)]
    runs = (len(list(run)) for step, run in groupby(steps) if abs(step) <= 1)
    return 1 + max(runs, default=0)


def _shared(one: str, other: str) -> int:
    """The length of the longest common substring."""
    most = 0
    for start in range(len(one)):
        while one[start : start + most + 1] in other and start + most < len(one):
            most += 1
    return most

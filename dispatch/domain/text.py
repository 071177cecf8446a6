"""Typed text: what nobody could read or see is found and refused. Pure; `folding` makes one form of it."""

from __future__ import annotations

import re
import unicodedata

from dispatch.domain.folding import half_width
from dispatch.domain.title import Wording
from dispatch.errors import BadInput

LONGEST_TEXT = 2_000
"""Characters in one piece of written evidence: the most that a slip and a board can show."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


_NEVER = ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")
"""Controls, formats (they turn the direction of writing, or join unseen), halves of characters, private and unassigned
ones, line ends."""

_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
"""Letters and marks that are invisible: with them two different texts would look the same. Source: Unicode, property
Default_Ignorable_Code_Point; all others with that property are in `_NEVER` or variation selectors."""


def unprintable(text: str) -> tuple[int, str] | None:
    """The first character that no name or address may have: its place, from 1, and its code point as `U+202E`.

    Characters of any script pass, and 生僻字 of every extension: planes 2 and 3 are all for ideographs, also those that
    this Python's Unicode (14.0) doesn't know yet.
    """
    for place, character in enumerate(text, start=1):
        if _is_never_printed(character):
            return place, f"U+{ord(character):04X}"
    return None


def _is_never_printed(character: str) -> bool:
    code = ord(character)
    if 0x20000 <= code < 0x40000:
        return code & 0xFFFF >= 0xFFFE
    selector = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
    return selector or character in _UNSEEN or unicodedata.category(character) in _NEVER


def has_control_characters(text: str) -> bool:
    """Return whether a text has characters that databases refuse: controls except newline and tab, and surrogates."""
    return _CONTROL.search(text) is not None


_YES, _NO = frozenset(("yes", "y", "true", "是", "对")), frozenset(("no", "n", "false", "否", "错", "不是"))


def read_yes_no(raw: object) -> bool | None:
    """Read a yes or a no as people type it, in Chinese or English, also full-width; None for anything else."""
    if isinstance(raw, bool):
        return raw
    answer = half_width(str(raw)).strip().lower()
    return True if answer in _YES else False if answer in _NO else None


_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Unicode's explicit directional controls (UAX #9): with them a text is read as another than it is."""


def _is_unseen(character: str) -> bool:
    """Return whether nobody sees the character: space, a format such as zero width, or an invisible letter."""
    return character.isspace() or _is_never_printed(character) or character == "\u2800"


def is_seen(text: str) -> bool:
    """Return whether a text has a character that somebody sees."""
    return not all(map(_is_unseen, text))


def unreadable(text: str) -> Wording | None:
    """Why nobody can read this text, as the rest of a sentence about it; None for a readable or an empty one."""
    if has_control_characters(text):
        return Wording("含控制字符", "has control characters in it")
    if _TURNS.search(text):
        return Wording("含改变书写方向的字符", "has characters that turn the direction of writing")
    if text and not is_seen(text):
        return Wording("没有看得见的字符", "has no character that can be seen")
    return None


REASON, NOTE, DESCRIPTION = Wording("原因", "reason"), Wording("备注", "note"), Wording("描述", "description")


def clean(raw: str, what: Wording, least: int = 1) -> str:
    """`raw` without surrounding space. Raises BadInput when it is unreadable, empty or too long; characters that nobody
    sees don't count as text."""
    text = unicodedata.normalize("NFC", raw.strip())
    if fault := unreadable(text):
        raise BadInput(what=Wording(f"{what.zh}{fault.zh}", f"the {what.en} {fault.en}"))
    if sum(not _is_unseen(character) for character in text) < least:
        raise BadInput(
            what=Wording(
                f"{what.zh}是空的：请用几个字说明情况",
                f"the {what.en} is empty: say in a few words what is the matter",
            )
        )
    if len(text) > LONGEST_TEXT:
        raise BadInput(
            what=Wording(
                f"{what.zh}有 {len(text)} 个字符，最多 {LONGEST_TEXT} 个",
                f"the {what.en} has {len(text)} characters, at most {LONGEST_TEXT} are kept",
            )
        )
    return text

"""What people type, brought to one way of writing, so that the same thing typed twice is the same text. Pure."""

from __future__ import annotations

import unicodedata

_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
"""Full-width ASCII and its space, as a Chinese input method types them."""


def half_width(raw: str) -> str:
    """`raw` with full-width letters, digits and signs as plain ones."""
    return raw.translate(_HALF)


def one_line(raw: str) -> str:
    """`raw` composed (NFC), without surrounding space, every inner run of spaces as one; other white space is kept."""
    parts = unicodedata.normalize("NFC", raw).replace("\u3000", " ").split(" ")
    return " ".join(part for part in parts if part).strip()


def unprintable(text: str) -> tuple[int, str] | None:
    """The first character that no name or address holds: its place from 1 and its code point.

    Refused are controls, line ends, formats (they turn the direction of writing or join unseen), halves of characters
    and what Unicode hasn't assigned. Characters of any script pass, 生僻字 of every CJK extension among them.
    """
    for place, character in enumerate(text, start=1):
        if unicodedata.category(character) in _UNPRINTABLE:
            return place, f"U+{ord(character):04X}"
    return None


_UNPRINTABLE = ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")

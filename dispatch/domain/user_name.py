"""Names of users as they are compared: two names that people can't tell apart are one. Pure.

Width, case and compatibility forms are folded by Unicode (NFKC, case folding). Letters of other alphabets that look
like Latin ones are read as these: those lower-case letters of Unicode's confusables (UTS 39) that a keyboard gives.
Digits stay: `noc1` and `nocl` are two names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

LOOK_ALIKE: Mapping[int, str] = str.maketrans(
    dict(
        zip(
            "аеорсухіјѕһԁԛԝӏԍ" + "αινορυχγκϲηωτϳ" + "ıɑɡ",
            "aeopcyxijshdqwlg" + "aivopuxykcnwtj" + "iag",
            strict=True,
        )
    )
)
"""Cyrillic, Greek and rare Latin letters, each with the plain Latin letter that it looks like."""

_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "COPTIC", "CHEROKEE")
"""Alphabets whose letters are taken for one another."""


def normalised(typed: str) -> str:
    """A typed name in the form that is stored: NFKC, lower case, without spaces around it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed.strip()).lower())


def folded(name: str) -> str:
    """The form by which names are compared; the same for names that people can't tell apart.

    Marks that aren't seen (joiners, direction) don't count.
    """
    seen = "".join(letter for letter in name.strip() if unicodedata.category(letter) != "Cf")
    plain = unicodedata.normalize("NFKC", seen).casefold().translate(LOOK_ALIKE)
    return unicodedata.normalize("NFKC", plain)


def alphabets(name: str) -> frozenset[str]:
    """The alphabets of a name's letters, of those that can be taken for one another. More than one is a disguise."""
    named = {unicodedata.name(letter, "").partition(" ")[0] for letter in name if letter.isalpha()}
    return frozenset(named & set(_ALPHABETS))

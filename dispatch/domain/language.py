"""The reader's language, Chinese or English, from a request's header or from the environment. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from dispatch.domain.title import same
from dispatch.errors import BadSettings

Language = Literal["zh", "en"]

LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
DEFAULT: Final[Language] = "zh"
SETTING: Final = "DISPATCH_LANG"

_POSIX = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The locale variables that choose the language of messages, the strongest first; an empty one counts as unset.
Source: POSIX.1-2017, Base Definitions, 8.2."""


def from_environment(environment: Mapping[str, str]) -> Language:
    """The language of the person at a terminal: `DISPATCH_LANG`, else the POSIX locale, else Chinese.

    Without a locale, and in the locales C and POSIX, it is Chinese; in a locale of any other language English.
    Raises BadSettings when DISPATCH_LANG names neither language.
    """
    chosen = environment.get(SETTING, "")
    match primary(chosen):
        case "":
            return _of_locale(next((found for name in _POSIX if (found := environment.get(name))), ""))
        case "zh" | "en" as language:
            return language
        case _:  # in both languages: the reader's is what is unknown here
            fault = f"{SETTING}：没有“{chosen:.20}”这种语言，请写 zh 或 en; there is no such language: write zh or en"
            raise BadSettings(same(fault))


def primary(name: str) -> str:
    """The language in a name such as `zh_CN.UTF-8`, `en-US` or `EN`: its first part, in small letters."""
    return re.split(r"[-_.@]", name.strip(), maxsplit=1)[0].lower()


def _of_locale(locale: str) -> Language:
    """The language of a locale such as `zh_CN.UTF-8`, `en_US` or `C.UTF-8`."""
    return "zh" if primary(locale) in ("", "c", "posix", "zh") else "en"


def from_header(accept_language: str | None) -> Language:
    """The language that an `Accept-Language` header prefers; Chinese without a header, and where it names neither.

    Of two languages with the same weight the first one wins. Weights are read as RFC 9110 (12.4.2) writes them; a range
    with a weight that can't be read is left out, as is one of weight 0. `*` stands for Chinese.
    """
    best, heaviest = DEFAULT, 0.0
    for given in (accept_language or "").split(","):
        name, _, parameter = given.partition(";")
        weight = _weight(parameter)
        language = _of_range(name.strip().lower())
        if language is not None and weight > heaviest:
            best, heaviest = language, weight
    return best


def _of_range(name: str) -> Language | None:
    match name.partition("-")[0]:
        case "zh" | "*":
            return "zh"
        case "en":
            return "en"
        case _:
            return None


def _weight(parameter: str) -> float:
    """The weight in `q=0.8`, 1 without one, 0 where it can't be read."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0

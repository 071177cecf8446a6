"""The language of the person at the terminal: help texts and output are in it."""

from __future__ import annotations

import os

from dispatch.defaults import environment
from dispatch.domain.language import SETTING, Language, from_environment
from dispatch.errors import BadSettings


def language() -> Language:
    """The process's language; with a wrong DISPATCH_LANG, which `main` refuses before any command, the locale's."""
    try:
        return from_environment(environment())
    except BadSettings:
        return from_environment({name: value for name, value in os.environ.items() if name != SETTING})


def text(zh: str, en: str) -> str:
    """The one of the two that is in the process's language."""
    return zh if language() == "zh" else en

"""The language of the person at the terminal: help texts and output are in it."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping

from dispatch import defaults
from dispatch.domain.language import SETTING, Language, from_environment
from dispatch.errors import BadSettings


def language() -> Language:
    """The process's language; with a wrong DISPATCH_LANG, which `main` refuses before any command, the locale's."""
    environment = os.environ if os.environ.get(SETTING) else _with_the_folders_file()
    try:
        return from_environment(environment)
    except BadSettings:
        return from_environment({name: value for name, value in os.environ.items() if name != SETTING})


@functools.cache
def _with_the_folders_file() -> Mapping[str, str]:
    """The environment with what `paidan.env` sets, read once: every text asks for the language."""
    try:
        return defaults.environment()
    except BadSettings:  # `main` tells it
        return os.environ


def text(zh: str, en: str) -> str:
    """The one of the two that is in the process's language."""
    return zh if language() == "zh" else en

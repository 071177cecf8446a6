"""The base of all errors: facts, a message in two languages, a code and a heading."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import ClassVar, Literal, Protocol, runtime_checkable

Language = Literal["zh", "en"]
"""The same as `dispatch.domain.language.Language`: this module imports nothing of the project."""


@runtime_checkable
class Worded(Protocol):
    """A fact with a wording in each language: a `Title`, a `Wording`."""

    def text(self, language: Language) -> str: ...


class DispatchError(Exception):
    """出现错误。
    Something went wrong."""

    code: ClassVar[str] = "error"
    heading: ClassVar[str] = "出错"
    between: ClassVar[Mapping[Language, str]] = {"zh": "、", "en": ", "}
    """Separator between the items of a fact that is a list."""

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.sentence("en"))

    def __str__(self) -> str:
        return self.sentence("en")

    @classmethod
    def template(cls, language: Language) -> str:
        """The message with names of facts in braces."""
        zh, _, en = (inspect.getdoc(cls) or "").partition("\n")
        return zh if language == "zh" else en.replace("\n", " ")

    @classmethod
    def title(cls, language: Language) -> str:
        """The kind of error in a few words."""
        return cls.heading if language == "zh" else cls.code.replace("-", " ").capitalize()

    def sentence(self, language: Language) -> str:
        """The message in one language."""
        facts = {name: _say(fact, language, self.between[language]) for name, fact in self.facts.items()}
        return self.template(language).format(**facts)


def _say(fact: object, language: Language, between: str) -> object:
    match fact:
        case list() | tuple() | set() | frozenset():
            return between.join(str(_say(item, language, between)) for item in fact)
        case Worded():
            return fact.text(language)
        case _:
            return fact


SENTENCES: Mapping[Language, str] = {"zh": "；", "en": "; "}
ALTERNATIVES: Mapping[Language, str] = {"zh": "、", "en": " or "}
LINES: Mapping[Language, str] = {"zh": "\n", "en": "\n"}
INDENTED: Mapping[Language, str] = {"zh": "\n  ", "en": "\n  "}

"""`messages.yaml` → Messages, strictly: all faults at once, each `FILE:LINE:COLUMN: message`.

An accepted file has a text for every event, names nothing that its event doesn't know, and no text is longer than one
message, whatever is filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import time
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from dispatch.domain.language import LANGUAGES, Language
from dispatch.domain.messages import (
    PROMISED,
    VALUES,
    Event,
    Messages,
    MessageText,
    QuietHours,
    Value,
    length,
    named,
)
from dispatch.domain.title import Title, Wording, WrongValue
from dispatch.routing.checks import unknown
from dispatch.routing.faults import Fault, read_text
from dispatch.routing.schema import Duration, Strict
from dispatch.routing.strict_file import block, model_of, version_of
from dispatch.routing.strict_yaml import Path, YamlDocument

EVENT, VALUE = Wording("事件", "event"), Wording("内容", "value")
LONGEST_LINK = "http://127.0.0.1:8000/s/0123456789abcdef"
"""A link to a survey where none is set: as long as the ones of a first start."""

_TIME = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")


def _time(raw: Any) -> time:
    if isinstance(raw, str) and _TIME.fullmatch(raw):
        return time.fromisoformat(raw)
    raise WrongValue(f"{raw!r} 不是时刻：应写作 '21:00'", f"{raw!r} is no time of the day: write '21:00'")


TimeOfDay = Annotated[time, BeforeValidator(_time)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class QuietModel(Strict):
    since: TimeOfDay = Field(alias="from")
    until: TimeOfDay


class MessageModel(Strict):
    """An event's text, in both languages."""

    zh: Sentence
    en: Sentence
    on: bool = True
    any_hour: bool = Field(False, alias="any-hour")
    within: Duration | None = None


class MessagesFile(Strict):
    """messages.yaml — what customers are told, and when."""

    version: Literal[1]
    language: Language
    quiet: QuietModel | Literal["none"]
    messages: dict[str, MessageModel]


def load(file: FilePath, link: str = LONGEST_LINK, plans: tuple[Title, ...] = ()) -> Messages:
    """The file as Messages. `link`: a link as long as the installation's; `plans`: the titles of its plans.

    Raises BadRules with every fault, also when it can't be read.
    """
    return parse(read_text(file), str(file), link, plans)


def parse(text: str, name: str, link: str = LONGEST_LINK, plans: tuple[Title, ...] = ()) -> Messages:
    """`text` as Messages; `name` stands before each fault. Raises BadRules."""
    model = model_of(text, name, MessagesFile, lambda document: _meaning(document, link, plans))
    quiet = None if model.quiet == "none" else QuietHours(model.quiet.since, model.quiet.until)
    texts = {
        event: MessageText(each.zh, each.en, each.on, each.any_hour, each.within)
        for event in Event
        for each in (model.messages[event],)
    }
    return Messages(version_of(text), model.language, quiet, texts)


# -- faults of meaning ------------------------------------------------------------------------------


def _meaning(document: YamlDocument, link: str, plans: tuple[Title, ...]) -> Iterator[Fault]:
    messages = block(document.data, "messages")
    quiet = block(document.data, "quiet")
    if quiet.get("from") is not None and quiet.get("from") == quiet.get("until"):
        yield document.fault(("quiet",), Wording("静默时段的起止相同", "the quiet hours end when they begin"))
    if "messages" in block(document.data):
        for missing in [event for event in Event if event not in messages]:
            yield document.fault(
                ("messages",),
                Wording(f"缺少“{missing}”（{missing.label.zh}）", f"'{missing}' ({missing.label.en}) is missing"),
                at_key=True,
            )
    for name, body in messages.items():
        path: Path = ("messages", name)
        if name not in tuple(Event):
            yield document.fault(path, unknown(EVENT, name, tuple(Event)), at_key=True)
        elif isinstance(body, Mapping):
            yield from _texts(document, path, Event(name), body, link, plans)


def _texts(
    document: YamlDocument, path: Path, event: Event, body: Mapping[str, Any], link: str, plans: tuple[Title, ...]
) -> Iterator[Fault]:
    says_due = False
    for language in LANGUAGES:
        text = body.get(language)
        if not isinstance(text, str):
            continue
        names = named(text)
        says_due = says_due or Value.DUE in names
        strange = [each for each in names if each not in VALUES[event]]
        for each in strange:
            yield document.fault((*path, language), unknown(VALUE, each, sorted(VALUES[event])))
        if not strange and any(bracket in _without(text, names) for bracket in "{}"):
            yield document.fault((*path, language), Wording("花括号不成对", "a brace has no partner: write {name}"))
        elif not strange:
            has, most = length(text, language, link, plans)
            if has > most:
                yield document.fault(
                    (*path, language),
                    Wording(
                        f"填满后有 {has} 个字符，一条短信最多 {most} 个",
                        f"has {has} characters when it is filled in, and one message has room for {most}",
                    ),
                )
    yield from _promise(document, path, event, body, says_due=says_due)


def _without(text: str, names: list[str]) -> str:
    for name in names:
        text = text.replace(f"{{{name}}}", "")
    return text


def _promise(
    document: YamlDocument, path: Path, event: Event, body: Mapping[str, Any], *, says_due: bool
) -> Iterator[Fault]:
    promised = bool(PROMISED.get(event))
    if promised and says_due and body.get("within") is None:
        yield document.fault(
            path,
            Wording("写了 {due}，须用 within 写明多久", "names {due}: say with `within` how long it takes"),
            at_key=True,
        )
    if "within" in body and not (promised and says_due):
        yield document.fault(
            (*path, "within"),
            Wording("within 只用于由本文件承诺、且写有 {due} 的短信", "`within` belongs to texts that promise {due}"),
            at_key=True,
        )

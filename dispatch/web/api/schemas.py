"""Types that many requests and answers share."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from dispatch.domain.numbers import TICKET_PATTERN
from dispatch.domain.text import LONGEST_TEXT, has_control_characters, unreadable
from dispatch.domain.title import Title, Wording, WrongValue
from dispatch.errors import BadInput

LARGEST_BATCH = 200
"""Entries of one bulk request or one page at most."""


class RequestBody(BaseModel):
    """The body of a request. Unknown fields and values of a wrong type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class ResponseBody(BaseModel):
    """The body of an answer."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class TitleBody(ResponseBody):
    """A name for people, in both languages."""

    zh: str
    """Chinese."""
    en: str
    """English."""


def title(of: Title) -> TitleBody:
    return TitleBody(zh=of.zh, en=of.en)


class _Secret:
    """The mark of a field that holds a secret."""


Secret = Annotated[str | None, _Secret(), Field(json_schema_extra={"x-secret": True})]
"""A secret in an answer. It is told once: an answer that is kept for repetitions is kept without it."""

WITHHELD = Title(
    "密码或令牌只在第一次答复中给出，系统不留存；没有收到的，请重置密码，或吊销令牌后另发",
    "The first answer alone holds the password or token, which is kept nowhere. Who didn't receive it resets the "
    "password, or revokes the token and makes another",
)


class SecretBody(ResponseBody):
    """The body of an answer with a secret."""

    withheld: TitleBody | None = None
    """Reason why the secret is missing from the answer to a repeated request; null in the first answer."""


def without_secrets(body: BaseModel) -> BaseModel:
    """The body as it may be kept: secrets of this model and of those in it are null, and `withheld` says why."""
    changed: dict[str, Any] = {}
    for name, field in type(body).model_fields.items():
        value = getattr(body, name)
        if any(isinstance(mark, _Secret) for mark in field.metadata):
            changed |= {} if value is None else {name: None, "withheld": title(WITHHELD)}
        elif (stripped := _stripped(value)) is not value:
            changed[name] = stripped
    return body.model_copy(update=changed) if changed else body


def _stripped(value: Any) -> Any:
    """The value itself when nothing in it is secret."""
    match value:
        case BaseModel():
            return without_secrets(value)
        case list() | tuple():
            parts = [_stripped(each) for each in value]
            return value if all(new is old for new, old in zip(parts, value, strict=True)) else type(value)(parts)
        case dict():
            inner = {name: _stripped(each) for name, each in value.items()}
            return value if all(inner[name] is value[name] for name in value) else inner
    return value


def _seen(text: str) -> str:
    if has_control_characters(text):
        raise WrongValue("含控制字符", "has control characters in it")
    return text


def readable(text: str) -> str:
    """Check a name that people will read. Raises WrongValue."""
    if fault := unreadable(text):
        raise WrongValue(fault.zh, fault.en)
    return text


_SEEN = Field(json_schema_extra={"pattern": r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"})
"""The same check as a pattern, for the OpenAPI description."""
Word = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(readable), _SEEN]
"""A name on one line, of at most a column's length."""
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), AfterValidator(_seen), _SEEN]
"""Free text of several lines. Whoever keeps it uses `domain.text.clean`, which also refuses what nobody can read."""

TicketName = Annotated[str, Path(pattern=rf"^{TICKET_PATTERN}$", description="Ticket number, such as F00000042.")]
HOP_PATTERN = rf"^{TICKET_PATTERN}(-[0-9]{{1,6}})?$"
HopName = Annotated[
    str,
    Path(
        pattern=HOP_PATTERN,
        description="Hop number, such as F00000042-3; F00000042 means the ticket's live hop.",
    ),
]
TeamName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,39}$", description="Team, by its name in /api/v1/teams.")]
Limit = Annotated[int, Query(ge=1, le=LARGEST_BATCH, description="Number of entries at most.")]
Cursor = Annotated[
    str | None, Query(max_length=200, description="The `next` of the page before; absent: the first page.")
]

T = TypeVar("T")


class Page(ResponseBody, Generic[T]):
    """One page of a list."""

    items: list[T]
    """Entries of this page."""
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


def page(items: Sequence[T], limit: int, key: Any) -> Page[T]:
    """A page of `items`, of which one more than `limit` means a next page; `key` is the last key of this page."""
    return Page(items=list(items[:limit]), next=write_cursor(key) if len(items) > limit else None)


def write_cursor(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def read_cursor(text: str | None, kind: type[T]) -> T | None:
    """The key after which the page begins. Raises BadInput for a text that is no cursor."""
    if text is None:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        key = None
    if not isinstance(key, kind) or isinstance(key, bool) or (isinstance(key, int) and abs(key) >= 2**63):
        raise BadInput(what=Wording("这不是本列表的 cursor", "that is no cursor of this list"))
    return key

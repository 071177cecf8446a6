"""A request's fields, derived from its pydantic model, for command-line options and for forms on pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import MaxLen
from pydantic import BaseModel, SecretStr

from dispatch.accounts.secret import Prompt
from dispatch.domain.title import Wording


class InputKind(Enum):
    """The way in which an option's text becomes a JSON value."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    SECRET = "secret"  # noqa: S105
    LIST = "list"
    FILES = "files"  # KIND=FILE, a list of {kind, content in base 64}
    PARTS = "parts"  # METHOD=AMOUNT=REFERENCE, a list of objects with these values


@dataclass(frozen=True, slots=True)
class FormEntry:
    """One field of a request: its `path` in the JSON, and how an option gives it.

    `needed`: the object that holds the field requires it. `required`: so does the whole request. `parts`: the fields
    of each object in a list of parts, of which there are at most `most`.
    """

    path: tuple[str, ...]
    way: InputKind
    needed: bool
    required: bool
    help: str
    metavar: str
    asked: Prompt
    parts: tuple[FormEntry, ...] = ()
    most: int = 0

    @property
    def parameter(self) -> str:
        return "_".join(self.path)

    @property
    def option(self) -> str:
        name = "-".join(self.path).replace("_", "-")
        return "--" + (name.removesuffix("s") if self.is_list else name)

    @property
    def is_list(self) -> bool:
        """Whether the option may be given more than once."""
        return self.way in (InputKind.LIST, InputKind.FILES, InputKind.PARTS)


def form_entries(model: type[BaseModel]) -> list[FormEntry]:
    """All fields of the request, nested ones included. The model's own fields come before those that it inherits."""
    return list(_entries(model, (), True))


def _entries(model: type[BaseModel], path: tuple[str, ...], required: bool) -> Iterator[FormEntry]:
    fields = model.model_fields
    if not path:
        own = [name for each in model.__mro__ for name in vars(each).get("__annotations__", ())]
        fields = {name: fields[name] for name in own if name in fields}
    for name, field in fields.items():
        kind = plain_type(field.annotation)
        needed = field.is_required()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _entries(kind, (*path, name), required and needed)
            continue
        way, metavar = _way(kind)
        asked = next((each for each in field.metadata if isinstance(each, Prompt)), Prompt())
        entry = FormEntry((*path, name), way, needed, required and needed, field.description or "", metavar, asked)
        if way is InputKind.PARTS:
            most = next((each.max_length for each in field.metadata if isinstance(each, MaxLen)), 1)
            entry = replace(entry, parts=tuple(_entries(plain_type(get_args(kind)[0]), (), False)), most=most)
        yield entry


def plain_type(annotation: Any) -> Any:
    """A field's type without `Annotated` and without `| None`."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        annotation = next(each for each in get_args(annotation) if each is not NoneType)
    return annotation


def _way(kind: Any) -> tuple[InputKind, str]:
    if get_origin(kind) is tuple:
        item = plain_type(get_args(kind)[0])
        if not (isinstance(item, type) and issubclass(item, BaseModel)):
            return InputKind.LIST, "TEXT"
        if "content" in item.model_fields:
            return InputKind.FILES, "KIND=FILE"
        return InputKind.PARTS, "=".join(name.upper() for name in item.model_fields)
    if get_origin(kind) is Literal:
        return InputKind.TEXT, "|".join(get_args(kind))
    ways = {SecretStr: (InputKind.SECRET, "TEXT"), int: (InputKind.NUMBER, "NUMBER"), bool: (InputKind.FLAG, "")}
    return ways.get(kind, (InputKind.TEXT, {"date": "YYYY-MM-DD", "datetime": "TIME"}.get(kind.__name__, "TEXT")))


def find_unwritable(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Wording]]:
    """Find texts with surrogates or NUL, which neither a database nor a printer takes: (path, fault) of each."""
    if isinstance(value, str):
        if any(0xD800 <= ord(c) <= 0xDFFF or c == "\0" for c in value):
            yield path, Wording("含无效字符", "has a character in it that can't be written")
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from find_unwritable(each, (*path, name))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from find_unwritable(each, (*path, place))

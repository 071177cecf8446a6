"""A command from a request: its options are made from the request's own model, which reads them too (`reading`)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel, SecretStr

from dispatch.accounts.secret import Asked

PANEL, REQUIRED = "内容 Request", " [bold red]*[/]"
"""Of the help: what the request's options stand under, and how those that must be there are marked."""

JSON_FILE = "json_file"
"""The parameter that names the JSON; `-` is standard input."""

JsonFile = Annotated[
    str, typer.Option("--json", metavar="FILE|-", help="the request as JSON, from a file or standard input (-)")
]


class Way(Enum):
    """How an option's words become a value of JSON."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    SECRET = "secret"  # noqa: S105
    LIST = "list"
    FILES = "files"  # KIND=FILE, a list of {kind, content in base 64}


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a request: where it stands in the JSON, and how it is given as an option.

    It is `needed` when its part of the request can't do without it, `required` when that part is too.
    """

    path: tuple[str, ...]
    way: Way
    needed: bool
    required: bool
    help: str
    metavar: str
    asked: Asked

    @property
    def parameter(self) -> str:
        return "_".join(self.path)

    @property
    def option(self) -> str:
        name = "-".join(self.path).replace("_", "-")
        return "--" + (name.removesuffix("s") if self.way in (Way.LIST, Way.FILES) else name)


def entries(model: type[BaseModel]) -> list[Entry]:
    """Every value of the request, those of its parts among them; what the model has of its own comes first."""
    return list(_entries(model, (), True))


def _entries(model: type[BaseModel], path: tuple[str, ...], required: bool) -> Iterator[Entry]:
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
        asked = next((each for each in field.metadata if isinstance(each, Asked)), Asked())
        yield Entry((*path, name), way, needed, required and needed, field.description or "", metavar, asked)


def plain_type(annotation: Any) -> Any:
    """A field's type without what only annotates it, and without None beside it."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        annotation = next(each for each in get_args(annotation) if each is not NoneType)
    return annotation


def _way(kind: Any) -> tuple[Way, str]:
    if get_origin(kind) is tuple:
        item = plain_type(get_args(kind)[0])
        is_part = isinstance(item, type) and issubclass(item, BaseModel)
        return (Way.FILES, "KIND=FILE") if is_part else (Way.LIST, "TEXT")
    if get_origin(kind) is Literal:
        return Way.TEXT, "|".join(get_args(kind))
    ways = {SecretStr: (Way.SECRET, "TEXT"), int: (Way.NUMBER, "NUMBER"), bool: (Way.FLAG, "")}
    return ways.get(kind, (Way.TEXT, {"date": "YYYY-MM-DD", "AwareDatetime": "TIME"}.get(kind.__name__, "TEXT")))


def command(model: type[BaseModel], name: str, help: str, run: Callable[..., None]) -> Callable[..., None]:
    """A function with an option for each value of `model`, for Typer to make a command of.

    It calls `run(given, **others)`: `given` are the options of the request and its JSON, for `read`; the others are
    the parameters that `run` has itself.
    """
    own = [p for p in inspect.signature(run, eval_str=True).parameters.values() if p.kind is p.KEYWORD_ONLY]
    listed = entries(model)
    assert not {entry.parameter for entry in listed} & {JSON_FILE, *(p.name for p in own)}

    def made(**given: Any) -> None:
        others = {p.name: given.pop(p.name) for p in own}
        run(given, **others)

    parameters = [_keyword(JSON_FILE, JsonFile, ""), *map(_parameter, listed), *own]
    made.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    made.__name__, made.__doc__, made.__annotations__ = name.replace("-", "_"), help, {}
    return made


def _keyword(name: str, annotation: Any, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _parameter(entry: Entry) -> inspect.Parameter:
    zh, _, en = entry.help.partition(" · ")  # a line each: they are easier to read, and wrap where they should
    help = f"{zh}{REQUIRED if entry.required else ''}\n\n{en}"
    names = (entry.option, "--no-" + entry.option[2:]) if entry.way is Way.FLAG else (entry.option,)
    shown: dict[str, Any] = {"help": help, "rich_help_panel": PANEL, "show_default": False}
    if entry.way is Way.FLAG:
        option = typer.Option("/".join(names), **shown)
        return _keyword(entry.parameter, Annotated[bool | None, option], None)
    option = typer.Option(*names, metavar=entry.metavar, **shown)
    if entry.way in (Way.LIST, Way.FILES):
        return _keyword(entry.parameter, Annotated[list[str] | None, option], None)
    return _keyword(entry.parameter, Annotated[str | None, option], None)

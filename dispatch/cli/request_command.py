"""A command from a request: its options are made from the request's model, by which `request_reader` reads them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from dispatch.accounts.form_fields import FormEntry, InputKind, form_entries
from dispatch.cli import json_option
from dispatch.cli.language import text
from dispatch.cli.options import option

PANEL, REQUIRED = text("业务内容", "Request"), " [bold red]*[/]"
"""The heading of the request's options in the help, and the mark of required ones."""

JSON_FILE = "json_file"
"""The parameter that names the request's JSON; `-` is standard input."""

JsonFile = Annotated[
    str,
    option(
        json_option.INPUT,
        zh="从文件或标准输入（-）读请求，JSON格式",
        en="read the request as JSON, from a file or standard input (-)",
        metavar="FILE|-",
    ),
]


def command(model: type[BaseModel], name: str, help: str, run: Callable[..., None]) -> Callable[..., None]:
    """Return a function with an option for each value of `model`, for Typer to make a command of.

    It calls `run(given, **others)`: `given` are the options of the request and its JSON, for `request_reader.read`; the
    others are the parameters that `run` has itself.
    """
    own = [p for p in inspect.signature(run, eval_str=True).parameters.values() if p.kind is p.KEYWORD_ONLY]
    listed = form_entries(model)
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


def _parameter(entry: FormEntry) -> inspect.Parameter:
    zh, _, en = entry.help.partition(" · ")
    help = f"{text(zh, en)}{REQUIRED if entry.required else ''}"
    names = (entry.option, "--no-" + entry.option[2:]) if entry.way is InputKind.FLAG else (entry.option,)
    shown: dict[str, Any] = {"help": help, "rich_help_panel": PANEL, "show_default": False}
    if entry.way is InputKind.FLAG:
        option = typer.Option("/".join(names), **shown)
        return _keyword(entry.parameter, Annotated[bool | None, option], None)
    option = typer.Option(*names, metavar=entry.metavar, **shown)
    if entry.is_list:
        return _keyword(entry.parameter, Annotated[list[str] | None, option], None)
    return _keyword(entry.parameter, Annotated[str | None, option], None)

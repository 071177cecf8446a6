"""Parts of all commands: their class, their help in one language, and the root that imports a command when it is run.

Typer's own words on a help page (Usage, Options, …) are constants of `typer.rich_utils`; they are set to the reader's
language when a page is shown. Its messages about a wrong command line are told in `cli.usage`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from dispatch.cli.commands import BY_NAME, TABLE, Row
from dispatch.cli.language import language, text
from dispatch.domain.title import Title

F = TypeVar("F", bound=Callable[..., Any])


class _InWords:
    """The parts of a help page that Typer makes, in the reader's language."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _translate_help()
        super().format_help(ctx, formatter)  # type: ignore[misc]

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=text("用法: ", "Usage: "))

    def get_params(self, ctx: Any) -> Any:
        params: Any = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            _show_plainly(param)
        return params

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        pieces = super().collect_usage_pieces(ctx)  # type: ignore[misc]
        plain = [piece.strip("{}") for piece in pieces]  # what must be given stands without brackets
        return [_PIECES[piece] if piece in _PIECES and language() == "zh" else piece for piece in plain]

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = text("显示本页后退出", "Show this page and exit.")
        return option


_PIECES = {"[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 [参数]..."}


def _show_plainly(param: Any) -> None:
    """Show what an option takes in the reader's language, nothing beside a flag, and an argument's name in capitals, as
    `usage` tells it."""
    if "display_type_rich" in vars(param):
        return
    is_argument, typed = param.param_type_name == "argument", param.display_type_rich
    plain = {"<bool>": None, "<str>": None if is_argument else text("文字", "TEXT")}
    plain |= {"<int>": text("数字", "NUMBER"), "<path>": text("路径", "PATH")}

    def shown(ctx: Any) -> str | None:
        told: str | None = typed(ctx)
        return plain.get(told, told) if told else told

    param.display_type_rich = shown
    if is_argument and param.metavar is None and param.nargs == 1:
        param.metavar = param.name.upper()


class Command(_InWords, TyperCommand):
    """One command."""


class Group(_InWords, TyperGroup):
    """A group of commands."""


_COMPLETION = {
    "install_completion": Title("为当前shell安装命令补全", "Install completion for the current shell."),
    "show_completion": Title("显示命令补全脚本", "Show the completion script, to copy it or change the installation."),
}


class Root(Group):
    """The commands of the table. Its help needs no module of theirs."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        listed = {row.name: _named(row) for row in TABLE}
        self.commands = {**listed, **self.commands}

    def get_params(self, ctx: Any) -> Any:
        params: Any = super().get_params(ctx)
        for param in params:
            if param.name in _COMPLETION:
                param.help = _COMPLETION[param.name].text(language())
        return params

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if name in BY_NAME:
            command = fetch(BY_NAME[name])
        return name, command, rest


class Commands(typer.Typer):
    """A module's commands, or a group of them when it has a name in the table."""

    def __init__(self, **settings: Any) -> None:
        usual = {"cls": Group, "no_args_is_help": True, "rich_markup_mode": "rich", "add_completion": False}
        super().__init__(**{**usual, **settings})

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        """As Typer's. A function's docstring is for who reads the code; its help is the table's or is given here."""
        return super().command(name, **{"cls": Command, "help": "", **settings})


def fetch(row: Row) -> Any:
    """The command itself, its module imported now. The table's words about it stand on top of its help."""
    gc.disable()  # nothing that is imported becomes garbage, and looking for some takes a tenth of the time
    module = import_module(f"dispatch.cli.{row.module}")
    gc.freeze()
    gc.enable()
    group = typer.main.get_group(getattr(module, row.attribute))
    made: Any = group if row.is_group else group.commands[row.name]
    made.help = "\n\n".join(filter(None, (row.help.text(language()), made.help)))
    return made


def _named(row: Row) -> Any:
    """Return a command as the list of commands shows it."""
    return Command(row.name, help=row.help.text(language()), rich_help_panel=row.panel.text(language()))


def _translate_help() -> None:
    from typer import rich_utils

    rich_utils.ARGUMENTS_PANEL_TITLE = text("参数", "Arguments")
    rich_utils.OPTIONS_PANEL_TITLE = text("选项", "Options")
    rich_utils.COMMANDS_PANEL_TITLE = text("命令", "Commands")
    rich_utils.DEFAULT_STRING = text("[默认：{}]", "[default: {}]")
    rich_utils.REQUIRED_LONG_STRING = text("[必填]", "[required]")
    rich_utils.DEPRECATED_STRING = text("（不再推荐）", "(deprecated) ")

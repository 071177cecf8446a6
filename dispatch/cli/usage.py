"""A wrong command line, told in the reader's language. Typer's own sentences are English."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer._click import exceptions

from dispatch.cli.language import text
from dispatch.domain.model_faults import model_fault

STATUS = 2
"""The exit status of bad input."""

CODE = "bad-usage"


def message(wrong: exceptions.ClickException) -> str:
    """Describe in one sentence the error in the command line."""
    hint = _place(wrong)
    match wrong:
        case exceptions.MissingParameter():
            return text(f"缺少 {hint}", f"Missing {hint}.")
        case exceptions.NoSuchOption():
            close = f" ({', '.join(sorted(wrong.possibilities))}?)" if wrong.possibilities else ""
            return text(f"没有选项 {wrong.option_name}{close}", f"No such option: {wrong.option_name}{close}")
        case exceptions.BadOptionUsage():
            return text(f"选项 {wrong.option_name} 用法有误：缺少值，或不应带值", wrong.message)
        case exceptions.BadParameter():
            return text(
                f"{hint or '参数'} 的值不合要求：{_why(wrong)}",
                f"Invalid value{f' for {hint}' if hint else ''}: {wrong.message}",
            )
    if wrong.message.startswith("No such command"):
        return text(_no_command(wrong.message), wrong.message)
    if wrong.message.startswith("Got unexpected extra"):
        return text(f"多余的参数：{wrong.message.partition('(')[2].rstrip(')')}", wrong.message)
    if wrong.message == "Missing command.":
        return text("缺少命令", wrong.message)
    return wrong.format_message()


def _why(wrong: exceptions.BadParameter) -> str:
    """The fault of a value, in Chinese where pydantic found it."""
    found: Any = wrong.__cause__
    if not hasattr(found, "errors"):
        return wrong.message
    return "；".join(model_fault(each).zh for each in found.errors(include_url=False, include_input=False))


def _no_command(message: str) -> str:
    """Typer's `No such command 'bord'. Did you mean 'board'?` in Chinese."""
    name, *near = re.findall(r"'([^']*)'", message)
    hint = f"是不是 {'、'.join(near)}？" if near else "dispatch --help 列出全部命令"
    return f"没有命令 {name}；{hint}"


def tell(wrong: exceptions.ClickException) -> None:
    """The usage line, where help is, and what is wrong, on standard error."""
    context: Any = getattr(wrong, "ctx", None)
    if isinstance(wrong, exceptions.NoArgsIsHelpError):
        return  # the help page is shown already
    if context is not None:
        typer.echo(context.get_usage(), err=True)
        typer.echo(
            text(f"帮助：{context.command_path} --help", f"Try '{context.command_path} --help' for help."), err=True
        )
    typer.echo(f"{text('错误', 'Error')} {CODE}: {message(wrong)}", err=True)


def _place(wrong: Any) -> str:
    """The option or argument that is meant, as it is written on the command line."""
    if getattr(wrong, "param_hint", None):
        hint = wrong.param_hint
        return hint if isinstance(hint, str) else " / ".join(hint)
    parameter = getattr(wrong, "param", None)
    if parameter is None:
        return ""
    names = [*parameter.opts, *parameter.secondary_opts]
    return (
        " / ".join(names) if parameter.param_type_name == "option" else str(parameter.metavar or parameter.name.upper())
    )

"""`dispatch`: the command."""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Any

import typer
from typer._click.exceptions import ClickException

from dispatch.cli import failure, json_option, version
from dispatch.cli.framework import Root
from dispatch.cli.language import text
from dispatch.defaults import environment
from dispatch.domain.language import from_environment
from dispatch.errors import DispatchError
from dispatch.runtime.private_files import keep_private

cli = typer.Typer(
    name="dispatch",
    cls=Root,
    help=text("派单：家庭宽带故障受理与派单", "Paidan: service desk and fault dispatch of a broadband operator."),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
cli.callback()(version.options)


def main() -> None:
    """Nothing is half done when a command ends with an error: its transaction was rolled back."""
    keep_private()
    _write_every_character()
    arguments, old = json_option.modernised(sys.argv[1:])
    as_json = json_option.wanted(arguments)
    try:
        from_environment(environment())  # a wrong DISPATCH_LANG ends every command, also those that read no settings
        if old:
            failure.warn_of_old_options()
        status = _run(arguments)
        sys.stdout.flush()  # else the interpreter would meet a full disk when it ends
        sys.exit(status)
    except ClickException as wrong:
        sys.exit(failure.tell_usage(wrong, as_json))
    except typer.Abort:
        typer.echo(text("已中止", "Aborted."), err=True)
        sys.exit(1)
    except Exception as wrong:
        known = wrong if isinstance(wrong, DispatchError) else failure.known(wrong)
        if known is None:
            raise
        status = failure.tell(known, as_json)
        _drop_unwritten()
        sys.exit(status)


def _write_every_character() -> None:
    """Let no character of a customer's end a command: what the terminal's encoding lacks is escaped, and a plain ASCII
    locale, which lacks all Chinese, gets UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            ascii_only = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding="utf-8" if ascii_only else None, errors="backslashreplace")


def _drop_unwritten() -> None:
    """Drop what standard output refuses. The interpreter would try again when it ends, and end with status 120."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: list[str]) -> int:
    status: Any = cli(arguments, standalone_mode=False, prog_name="dispatch")
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    main()

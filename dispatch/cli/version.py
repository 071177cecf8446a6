"""`dispatch --version`: the program's version, its schema, and the Python that runs it."""

from __future__ import annotations

import platform
from typing import Annotated

import typer

from dispatch import __version__
from dispatch.cli.language import text


def version() -> str:
    from dispatch.storage.database import (
        SCHEMA,
    )  # SQLAlchemy takes its time; only who asks for the version waits for it

    return f"paidan {__version__} (schema {SCHEMA}, Python {platform.python_version()})"


def _show(wanted: bool) -> None:
    if wanted:
        typer.echo(version())
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version",
        callback=_show,
        is_eager=True,
        help=text("显示版本，然后结束", "Show the version and end."),
    ),
]


def options(version: Version = False) -> None:
    """Options between `dispatch` and a command."""

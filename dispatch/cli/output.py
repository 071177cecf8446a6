"""The outcome of a command: one JSON document for a program, words and tables for a person.

rich is imported when a table is made: most acts print a line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

import typer
from typer._click.globals import get_current_context

from dispatch.cli.language import language, text
from dispatch.domain.title import Title
from dispatch.settings import load_settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


class _Made:
    """A console that is made when it is first used."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def __getattr__(self, name: str) -> Any:
        from rich.console import Console

        made: Console = Console(highlight=False, **self._settings)
        self.__dict__["print"], self.__dict__["rule"] = made.print, made.rule
        return getattr(made, name)


_ZONE = "paidan.zone"

out: Any = _Made()
err: Any = _Made(stderr=True)


def give(as_json: bool, data: Any, shown: str | Callable[[], Any]) -> None:
    """Show a command's outcome: `data` to a program, `shown` to a person; a function prints more than one line."""
    if as_json:
        show_json(data)
    elif callable(shown):
        shown()
    else:
        typer.echo(shown)


def show_json(data: Any) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=_plain))


def said(title: Title | Any) -> str:
    """A title, or another thing with words in both languages, in the reader's."""
    words: str = title.text(language())
    return words


def note(zh: str, en: str) -> None:
    """Tell a person, on standard error, something besides the outcome; work goes on when it can't be written there."""
    with suppress(OSError):
        typer.secho(text(zh, en), dim=True, err=True)


def tell_progress(told: Any) -> None:
    """A line of what takes long, on standard error; work goes on when it can't be written there."""
    with suppress(OSError):
        typer.secho(said(told), dim=True, err=True)


def note_limit(rows: int, limit: int) -> None:
    """Says so where a list may go on."""
    if rows == limit:
        out.print(text(f"只列出前{limit}条，见 --limit", f"the first {limit} only, see --limit"), style="dim")


def table(title: str = "", headed: bool = True) -> Table:
    """A table with as few lines as reading needs: eighty columns hold a board."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        show_header=headed,
    )


def longest_word(cells: Iterable[str], least: int = 8) -> int:
    """The width of a column that tears no word; at least `least`. Chinese may fold anywhere."""
    return max([least, *(len(word) for cell in cells for word in cell.split() if word.isascii())])


def columns(*headings: str) -> Table:
    """A table with these columns, in which long values fold."""
    shown = table()
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    return shown


def print_rows(shown: Table) -> None:
    """A table; a word where it has no row."""
    if shown.row_count:
        out.print(shown)
    else:
        out.print(text("无", "none"), style="dim")


def local(moment: datetime | None, form: str = "%m-%d %H:%M:%S") -> str:
    """A moment in the desk's time zone; empty for None."""
    return "" if moment is None else moment.astimezone(zone()).strftime(form)


def zone() -> tzinfo:
    """The desk's time zone, read once for each command."""
    context = get_current_context(silent=True)
    if context is None:  # not in a command
        return load_settings().zone
    if _ZONE not in context.meta:
        context.meta[_ZONE] = load_settings().zone
    found: tzinfo = context.meta[_ZONE]
    return found


def span(seconds: float) -> str:
    """A time that people can read at a glance: 0.42 s, 12 s, 5 min, 3.4 h, 2.1 d."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    for unit, size in (("min", 60), ("h", 3600), ("d", 86400)):
        if seconds < size * (90 if unit == "min" else 48) or unit == "d":
            return f"{seconds / size:.1f} {unit}"
    raise AssertionError


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")

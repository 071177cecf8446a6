"""Which of the operator's files a command reads, and a note when the current folder has one that nobody reads."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from dispatch import defaults
from dispatch.cli.output import note

Kind = Literal["rules", "prehandling", "plans", "messages", "complaints"]
NAMES: Final[dict[Kind, str]] = {
    "rules": defaults.RULES,
    "prehandling": defaults.PREHANDLING,
    "plans": defaults.PLANS,
    "messages": defaults.MESSAGES,
    "complaints": defaults.COMPLAINTS,
}
"""The setting that names the file, without its prefix, and the file's usual name."""


def chosen(file: Path | None, kind: Kind) -> Path:
    """Return the file to read: `file` if the caller named one, else that of the settings.

    In the second case it notes on standard error if the current folder's file isn't the one. Raises BadSettings.
    """
    if file is not None:
        return file
    from dispatch.settings import load_settings  # only where no file is named: checking one needs no settings

    used: Path = getattr(load_settings(), kind)
    note_unused(kind, used)
    return used


def note_unused(kind: Kind, used: Path) -> None:
    """Note on standard error that the current folder has such a file, and that `used` is another one."""
    here = Path(NAMES[kind]).absolute()
    if not here.exists() or (used.exists() and here.samefile(used)):
        return
    setting = f"DISPATCH_{kind.upper()}"
    if setting in defaults.environment():
        note(f"{here} 未被采用：{setting} 指定了 {used}", f"{here} is not in use: {setting} names {used}")
    else:
        note(
            f"{here} 未被采用：这个目录里没有 {defaults.SETTINGS}；用的是 {used}",
            f"{here} is not in use: there is no {defaults.SETTINGS} in this folder; {used} is in use",
        )

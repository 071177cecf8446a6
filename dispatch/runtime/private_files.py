"""Files that are their owner's alone: a home holds customers' data, and whoever may open the database's files can read
them, or hold their locks."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dispatch.domain.title import Wording

OTHERS = 0o077
"""The permissions of the group and of all others."""

_usual: int | None = None


def keep_private() -> None:
    """Make everything that this process and its children create their owner's alone. Entry points call it first."""
    global _usual
    before = os.umask(OTHERS)
    _usual = before if _usual is None else _usual


@contextmanager
def as_usual() -> Iterator[None]:
    """Create files with the umask that the process began with: what an operator edits, or a drawing for others."""
    if _usual is None:
        yield
        return
    before = os.umask(_usual)
    try:
        yield
    finally:
        os.umask(before)


def open_to_others(home: Path) -> list[Path]:
    """What in the home others may read or write, the home first; nothing when the home itself is closed to them."""
    if not home.is_dir() or not _mode(home) & OTHERS:
        return []
    return [home, *(path for path in sorted(home.rglob("*")) if not path.is_symlink() and _mode(path) & OTHERS)]


def close_to_others(home: Path) -> list[Path]:
    """Take from others what they may do in the home. Returns what was open and this user's to close."""
    closed = []
    for path in open_to_others(home):
        if path.lstat().st_uid == os.geteuid():
            path.chmod(_mode(path) & ~OTHERS)
            closed.append(path)
    return closed


def close_home(home: Path) -> Wording | None:
    """`close_to_others`, and what to tell of it; None when nothing was open. What works on an installation calls it:
    a folder that was made by hand, with the usual permissions, is open until then."""
    closed = close_to_others(home)
    if not closed:
        return None
    return Wording(
        f"{home} 此前对其他用户开放，已收回权限（{len(closed)} 处）",
        f"{home} was open to other users of this machine: it is closed now ({len(closed)} paths)",
    )


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:  # it was a passing file of a running process
        return 0

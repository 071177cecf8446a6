"""A backup's checksum 校验和: SHA-256 of the file, in a line at its end, so that it travels wherever the file goes.

SQLite and `pg_restore` pay no heed to what follows their own content.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_HEAD = b"\npaidan backup sha256 "
LENGTH = len(_HEAD) + 64 + 1
"""Bytes of the line."""
_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Checked:
    """The size of a backup's own content in bytes, and its checksums: as written in it, and as computed anew.
    `written` is None: it carries none, since an earlier release made it, or its end is cut off."""

    size: int
    written: str | None
    computed: str

    @property
    def is_damaged(self) -> bool:
        return self.written is not None and self.written != self.computed


def append(file: Path) -> str:
    """Write the line at the end of the file; return the checksum. Raises OSError."""
    checksum = _computed(file, file.stat().st_size)
    with file.open("ab") as out:
        out.write(_HEAD + checksum.encode() + b"\n")
    return checksum


def check(file: Path) -> Checked:
    """Compute the checksum and compare. Raises OSError."""
    size = file.stat().st_size
    with file.open("rb") as given:
        given.seek(max(0, size - LENGTH))
        line = given.read()
    if len(line) < LENGTH or not line.startswith(_HEAD):
        return Checked(size, None, _computed(file, size))
    return Checked(size - LENGTH, line[len(_HEAD) : -1].decode(errors="replace"), _computed(file, size - LENGTH))


def _computed(file: Path, size: int) -> str:
    seen = hashlib.sha256()
    with file.open("rb") as given:
        while size > 0 and (piece := given.read(min(size, _AT_ONCE))):
            seen.update(piece)
            size -= len(piece)
    return seen.hexdigest()

"""The ledger of effects 效果台账: one line for everything that was done, in a file outside the database.

It has no unique constraint on purpose: a constraint would hide what it is there to show, an effect that came twice.
Lines are written after the commit, so one may be missing where a process died in between; none can be too many.
A process killed while it writes may leave half a line: the next writer strikes it out.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

Effect = tuple[str, str]
"""What was done (`accepted`, `noc.board`, …) and to what (a ticket's number, a hop's id)."""


_STRUCK_OUT = "\t(torn)\n"


class Ledger:
    """An append-only file; one write a batch, so that lines of several processes don't mix."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def write(self, effect: str, things: Iterable[object]) -> None:
        lines = "".join(f"{effect}\t{thing}\n" for thing in things)
        if not lines:
            return
        descriptor = os.open(self.file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            batch = ((_STRUCK_OUT if _is_torn(descriptor) else "") + lines).encode()
            if os.write(descriptor, batch) < len(batch):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.file))
        finally:
            os.close(descriptor)

    def effects(self) -> Iterator[Effect]:
        """Every whole line, in order."""
        if not self.file.exists():
            return
        with self.file.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith(_STRUCK_OUT) or not line.endswith("\n"):
                    continue
                effect, _, thing = line.rstrip("\n").partition("\t")
                yield effect, thing

    def doubled(self) -> list[Effect]:
        """The effects that came more than once, once for every time too many."""
        seen: set[int] = set()  # hashes: a ledger may have millions of lines
        found = []
        for effect in self.effects():
            mark = hash(effect)
            if mark in seen:
                found.append(effect)
            seen.add(mark)
        return found


def _is_torn(descriptor: int) -> bool:
    """Whether the file ends within a line. Another process may be just writing one: striking nothing out is no harm."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"

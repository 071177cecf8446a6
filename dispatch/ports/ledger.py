"""The ledger of effects 效果台账: one line for each effect done, in a file outside the database.

The ledger has no unique constraint on purpose: it must show an effect that was done twice, and a constraint would hide
it. Lines are written after the commit, so a line may be missing when a process died in between, but none is too many.
A process killed while it writes may leave half a line; the next writer marks it as torn.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

Effect = tuple[str, str]
"""(the act, such as `accepted` or `noc.board`; the thing, such as a ticket's number or a hop's id)."""


_STRUCK_OUT = "\t(torn)\n"


class Ledger:
    """An append-only file. Each batch is one write, so that the lines of several processes don't mix."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def write(self, effect: str, things: Iterable[object]) -> None:
        """Append a line for each thing. Raises OSError when the disk is full."""
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
        """Yield every whole line, in order."""
        if not self.file.exists():
            return
        with self.file.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith(_STRUCK_OUT) or not line.endswith("\n"):
                    continue
                effect, _, thing = line.rstrip("\n").partition("\t")
                yield effect, thing

    def doubled(self) -> list[Effect]:
        """Return the effects that were done more than once, each as often as it was done too many times."""
        seen: set[int] = set()  # hashes: a ledger may have millions of lines
        found = []
        for effect in self.effects():
            mark = hash(effect)
            if mark in seen:
                found.append(effect)
            seen.add(mark)
        return found


def _is_torn(descriptor: int) -> bool:
    """Return whether the file ends within a line.

    When another process is just writing that line, the mark ends up on an empty line, which does no harm.
    """
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"

"""On SQLite only one process writes at a time, so a step computes its result before it takes the write lock.

Reading, applying the rules and freezing a record are half of a step's work. The result is used if, under the lock, the
hops and the columns read with them are unchanged and their tickets' histories have no new entry; otherwise the step
computes it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dispatch.storage import history
from dispatch.storage.database import Tx
from dispatch.storage.rows import LockedHop
from dispatch.tickets.next_hop import Changes


@dataclass(frozen=True)
class Precomputed:
    """The changes that a step computed from `rows` before it locked them.

    `newest`: the id of the last entry, at that time, in the histories of the hops' tickets.
    """

    rows: Sequence[LockedHop]
    newest: int | None
    changes: Changes

    @classmethod
    def of(cls, tx: Tx, rows: Sequence[LockedHop], changes: Changes) -> Precomputed:
        """`changes` were computed from `rows`; `tx` is the snapshot in which they were read."""
        return cls(rows, _newest(tx, rows), changes)

    def holds(self, tx: Tx, rows: Sequence[LockedHop]) -> bool:
        """Return whether the result still holds for `rows`, which are now locked."""
        return self.rows == rows and self.newest == _newest(tx, rows)


def _newest(tx: Tx, rows: Sequence[LockedHop]) -> int | None:
    return history.newest(tx, [row.ticket_id for row in rows])

"""Where one writer has all others wait, what a step comes to is worked out before its turn to write has come.

To read, to ask the rules, to freeze a record: that is half of such an act. What was worked out holds if the hops and
what came with them are the same under the lock, and no act has entered their tickets' histories. Else it is worked out
anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from dispatch.storage import history
from dispatch.storage.database import Tx
from dispatch.tickets.next_hop import Changes


@dataclass(frozen=True)
class Ahead:
    """`newest`: the last row in the histories of the hops' tickets."""

    rows: Sequence[Row[Any]]
    newest: int | None
    changes: Changes

    @classmethod
    def of(cls, tx: Tx, rows: Sequence[Row[Any]], changes: Changes) -> Ahead:
        """`changes` come of what `tx` shows, of one moment."""
        return cls(rows, _newest(tx, rows), changes)

    def holds(self, tx: Tx, rows: Sequence[Row[Any]]) -> bool:
        """For these rows, which are locked."""
        return self.rows == rows and self.newest == _newest(tx, rows)


def _newest(tx: Tx, rows: Sequence[Row[Any]]) -> int | None:
    return history.newest(tx, [row.ticket_id for row in rows])

"""What an act on tickets writes: what it changes of hops and tickets, what it enters into their history, and the hops
that it makes."""

from __future__ import annotations

from dispatch.domain.ticket import HopState
from dispatch.storage.bulk import Rows, TableWrite, write_together
from dispatch.storage.database import Tx
from dispatch.storage.tables import tickets as tables
from dispatch.storage.wakeups import DUE


def write_act(tx: Tx, entries: Rows, *, hops: Rows = (), tickets: Rows = (), made: Rows = ()) -> list[int]:
    """Hops and tickets each by their `id`, with the columns that change; hops before tickets, as they are locked.

    In one statement where the database can. Gives the new hops' ids, in their order; wakes the relay, where the
    database can, when this commits.
    """
    ids = write_together(
        tx,
        TableWrite(tables.hop, hops),
        TableWrite(tables.ticket, tickets),
        TableWrite(tables.history, entries, new=True),
        TableWrite(tables.hop, made, new=True),
    )
    if tx.dialect.name == "postgresql" and any(row["state"] == HopState.DUE for row in made):
        tx.exec_driver_sql(f"NOTIFY {DUE}")
    return ids

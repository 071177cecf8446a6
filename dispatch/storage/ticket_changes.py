"""The writes of an act on tickets: changed hops and tickets, history entries, and new hops."""

from __future__ import annotations

from dispatch.domain.ticket import HopState
from dispatch.storage.bulk import Rows, TableWrite, write_together
from dispatch.storage.database import Tx
from dispatch.storage.tables.tickets import history, hop, ticket
from dispatch.storage.wakeups import DUE


def write_act(tx: Tx, entries: Rows, *, hops: Rows = (), tickets: Rows = (), made: Rows = ()) -> list[int]:
    """Write an act and return the ids of the new hops (`made`), in their order.

    `hops` and `tickets` have an `id` and the columns that change; hops are written before tickets, as they are locked.
    PostgreSQL writes it all in one statement, and wakes the relay for due hops when the transaction commits.
    """
    ids = write_together(
        tx,
        TableWrite(hop, hops),
        TableWrite(ticket, tickets),
        TableWrite(history, entries, new=True),
        TableWrite(hop, made, new=True),
    )
    if tx.dialect.name == "postgresql" and any(row["state"] == HopState.DUE for row in made):
        tx.exec_driver_sql(f"NOTIFY {DUE}")
    return ids

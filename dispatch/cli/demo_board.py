"""What the demonstration waits for: a ticket's hop on its board, a ticket's end."""

from __future__ import annotations

from collections.abc import Callable

from dispatch.cli.context import Desk
from dispatch.domain.ticket import HopState
from dispatch.storage import hops, tickets
from dispatch.storage.rows import LockedHop

Wait = Callable[[Callable[[], object]], object]
"""Calls until something is true."""


def waiting_hop(desk: Desk, ticket_id: int, team: str, wait: Wait) -> int:
    """The id of the ticket's hop, once it is on this team's board."""

    def on_board() -> LockedHop | None:
        with desk.database.write() as tx:
            row = hops.lock_one(tx, ticket_id)
        return row if row is not None and row.state == HopState.WAITING and row.team == team else None

    wait(on_board)
    row = on_board()
    assert row is not None  # nobody else is at work in a demonstration
    return row.id


def has_ended(desk: Desk, ticket_id: int) -> bool:
    with desk.database.read() as tx:
        return tickets.get(tx, ticket_id).ended_at is not None

"""Whose turn it is: where places become free, as many customers are told as there are places, the oldest demands first.

A place isn't reserved. Who doesn't come within some days stays on the list to call, and the next one is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dispatch import messages
from dispatch.domain.demand import DemandState
from dispatch.domain.messages import Event
from dispatch.routing.address_file import CoveredAddress
from dispatch.storage import demands, resources
from dispatch.storage.database import Tx
from dispatch.storage.place_rows import DemandRow


def tell_of_loaded(tx: Tx, rows: Sequence[CoveredAddress], now: datetime, turn: timedelta) -> int:
    """Tell those who wait for these addresses, which were just loaded, or for others at their ports; return how many.

    It is called once for a whole file, after the ports: they are locked before the demands.
    """
    found, ports = demands.addresses_by_text(tx, [row.text for row in rows])
    demands.match_addresses(tx, found)
    return sum(tell(tx, port_id, now, turn) for port_id in demands.ports_wanted(tx, ports))


def tell_of_freed(tx: Tx, port_id: int, now: datetime, turn: timedelta) -> int:
    """Tell those who wait for a place of this port, of which one was just freed; return how many."""
    demands.match_addresses(tx, demands.addresses_of_port(tx, port_id))
    return tell(tx, port_id, now, turn)


def tell(tx: Tx, port_id: int, now: datetime, turn: timedelta) -> int:
    """Tell as many of those who wait for the port as it has free places that nobody was told of within `turn`; one for
    each address. Returns how many."""
    free = resources.lock_free(tx, port_id)
    if free <= 0:
        return 0
    waiting = demands.waiting_at(tx, port_id)
    lately = [row for row in waiting if row.state == DemandState.REACHABLE and _was_told_after(row, now - turn)]
    addresses = {row.address_id for row in lately}
    told = 0
    for row in waiting:
        if told >= free - len(lately):
            break
        if row.state == DemandState.OPEN and row.address_id not in addresses:
            addresses.add(row.address_id)
            send(tx, row, now, turn)
            told += 1
    return told


def send(tx: Tx, row: DemandRow, now: datetime, turn: timedelta) -> None:
    """Tell one customer that a place is free for them. `turn` later it is looked who is next."""
    demands.change(tx, [row.id], state=DemandState.REACHABLE, told_at=now, next_at=now + turn)
    messages.tell(tx, now, messages.Told(Event.DEMAND, f"demand/{row.id}", {}, mobile=row.mobile))


def take_turns(tx: Tx, now: datetime, turn: timedelta, limit: int) -> int:
    """Look at most at `limit` demands that are due: who comes too late waits again, and the next one is told. Returns
    at how many."""
    due = demands.due(tx, now, limit)
    demands.looked_at(tx, [id_ for id_, port_id in due if port_id is None], (), now)
    for port_id in sorted({port_id for _, port_id in due if port_id is not None}):
        free = resources.lock_free(tx, port_id)
        can_come = [row.id for row in demands.waiting_at(tx, port_id)] if free > 0 else []
        demands.looked_at(tx, [id_ for id_, at in due if at == port_id], can_come, now)
        tell(tx, port_id, now, turn)
    return len(due)


def _was_told_after(row: DemandRow, since: datetime) -> bool:
    return row.told_at is not None and row.told_at > since

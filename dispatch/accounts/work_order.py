"""施工单: orders to the builders, which travel by rules as a fault does."""

from __future__ import annotations

from dispatch.accounts.operation import Act
from dispatch.domain.kind import Kind
from dispatch.domain.roles import CHANNEL_OF, Role
from dispatch.domain.ticket import TicketState
from dispatch.storage import history, tickets
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.rows import TicketRow
from dispatch.tickets import next_hop


def order_work(act: Act, account: AccountRow, kind: Kind, symptom: str, area: str, description: str) -> TicketRow:
    """Create an order for the account's line with its first hop, for the builders of this area."""
    row = {
        "kind": kind,
        "state": TicketState.OPEN,
        "account_id": account.id,
        "area": area,
        "customer_id": account.customer_id,
        "address_id": account.address_id,
        "channel": CHANNEL_OF[Role(act.actor.role)],
        "symptom": symptom,
        "category": "network",
        "description": description,
        "priority": 3,
        "script": [],
        "made_at": act.now,
    }
    (order,) = tickets.by_ids(act.tx, tickets.insert_tickets(act.tx, [row]))
    entries = [history.entry(order.id, act.now, "open", act.actor, operation=act.serial)]
    next_hop.create_first_hops(act.tx, act.counter.rulebook, [order], entries, act.now)
    return order

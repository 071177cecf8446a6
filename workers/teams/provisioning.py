"""服务开通 provisioning: the network department's system prepares the line, or says why it can't."""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.kind import Kind
from dispatch.ports.provisioning import LineOrder, Order
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import account_moves, accounts
from dispatch.storage.database import Tx
from dispatch.tickets import construction
from workers.context import Context
from workers.stretch import Hops, Step, Stretch, Write


def prepare(context: Context, rows: Hops) -> Write:
    """Order the preparation under the hop's idempotency key, so that a repeated order is recognised."""
    with context.database.read() as tx:
        lines = accounts.line_data(tx, [row.account_id for row in rows])
        moving = account_moves.new_ports(tx, [row.account_id for row in rows if row.kind == Kind.MOVE])
        keys = construction.effect_keys(tx, [row.id for row in rows])
    orders = {}
    for row in rows:
        line, new = lines[row.account_id], moving.get(row.account_id)
        order = Order.PREPARE if new is None else Order.PREPARE_MOVE
        olt, port = (line.olt, line.port) if new is None else (new.olt, new.port)
        orders[row.id] = LineOrder(f"{keys[row.id]}/{order}", order, line.id, line.number, olt, port, line.speed)
    refused = context.provisioning.carry_out(list(orders.values()))
    answers = {hop_id: refused.get(order.key) for hop_id, order in orders.items()}

    def write(tx: Tx, rulebook: Rulebook, mine: Hops, now: datetime) -> None:
        construction.end_provisioned(tx, rulebook, mine, answers, now)

    return write


STRETCH = Stretch(Step("prepare", look=prepare), board=False)

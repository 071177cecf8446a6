"""施工单: the automatic steps of a construction order between 开户 and 竣工.

The counter creates an order (`accounts.opening`) and cancels a failed one (`accounts.refund`). The routing rules
decide where each finding leads (`flows: construction`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from dispatch import effects
from dispatch.domain.account import AccountState, account_move
from dispatch.domain.numbers import ticket_number
from dispatch.domain.roles import WORKER
from dispatch.domain.title import Wording
from dispatch.effects import Order
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, epoch
from dispatch.storage.database import Tx
from dispatch.storage.rows import LockedHop
from dispatch.tickets import next_hop
from dispatch.tickets.next_hop import Ending

PROVISIONED, NOT_PROVISIONED, ACTIVATED, REFUNDED = "provisioned", "not-provisioned", "activated", "refunded"
REFUND_DESK = "refund-desk"
"""The team on whose board a failed order waits for cancel and refund."""


def effect_keys(tx: Tx, hop_ids: Collection[int]) -> dict[int, str]:
    """By hop id, the idempotency key for the outside effects of an automatic hop: every retry uses the same one."""
    return {id_: f"construction/{name}" for id_, name in epoch.names(tx, epoch.OF_HOPS, hop_ids).items()}


def end_provisioned(
    tx: Tx, rulebook: Rulebook, rows: Sequence[LockedHop], refusals: Mapping[int, str | None], now: datetime
) -> None:
    """End these hops as the provisioning system answered.

    `refusals` holds by hop id why it refused, or None when the line is ready.
    """
    endings = []
    for row in rows:
        refused = refusals[row.id]
        finding, evidence = (NOT_PROVISIONED, {"refused-for": refused}) if refused else (PROVISIONED, {})
        endings.append(Ending(row, "finish", WORKER, finding=finding, evidence=evidence))
    next_hop.end_hops(tx, rulebook, endings, now)


def activate(tx: Tx, rulebook: Rulebook, rows: Sequence[LockedHop], now: datetime) -> None:
    """Put these orders' accounts into service and end the hops, in one transaction.

    Effects for the provisioning system and for the customers are written with it. Raises IllegalMove.
    """
    hop_of = {row.account_id: row for row in rows}
    locked = accounts.lock(tx, list(hop_of))
    lines = accounts.line_data(tx, list(hop_of))  # the plan may have changed since the line was prepared
    keys = effect_keys(tx, [row.id for row in rows])
    for account in locked:
        state = account_move(
            AccountState(account.state),
            "activate",
            Wording(f"编号为 {account.id} 的账号", f"account with id {account.id}"),
        )
        accounts.change(tx, account.id, state=state)
        hop = hop_of[account.id]
        key, number = keys[hop.id], ticket_number(hop.kind, hop.ticket_id)
        line = lines[account.id]
        effects.provision(tx, key, account, Order.ACTIVATE, now, speed=line.speed)
        if line.monthly_fee is not None:
            effects.charge_monthly(tx, key, account, line.monthly_fee, now, now)
        effects.tell(tx, key, account.mobile, f"您的宽带账号{account.number}已开通，可以使用。施工单{number}。", now)
    next_hop.end_hops(tx, rulebook, [Ending(row, "finish", WORKER, finding=ACTIVATED) for row in rows], now)

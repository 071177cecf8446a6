"""施工单: what the automatic stretches of a construction order do between 开户 and 竣工.

Opening submits the order, cancel and refund ends a failed one; both are the counter's. Which findings lead where is
the rules' (`flows: construction`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from dispatch import next_hop
from dispatch.books.life import AccountState, account_move
from dispatch.next_hop import Ending
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts
from dispatch.storage.database import Tx
from dispatch.ticket.roles import WORKER

PROVISIONED, NOT_PROVISIONED, ACTIVATED, REFUNDED = "provisioned", "not-provisioned", "activated", "refunded"
REFUND_DESK = "refund-desk"
"""The team on whose board a failed order waits for cancel and refund."""


def provisioned(
    tx: Tx, rulebook: Rulebook, rows: Sequence[Row[Any]], refusals: Mapping[int, str | None], now: datetime
) -> None:
    """End these hops as the provisioning system answered: by hop id why it refused, or None when the line is ready."""
    endings = []
    for row in rows:
        refused = refusals[row.id]
        finding, evidence = (NOT_PROVISIONED, {"refused-for": refused}) if refused else (PROVISIONED, {})
        endings.append(Ending(row, "finish", WORKER, finding=finding, evidence=evidence))
    next_hop.end(tx, rulebook, endings, now)


def activate(tx: Tx, rulebook: Rulebook, rows: Sequence[Row[Any]], now: datetime) -> None:
    """These orders' accounts go into service, in one transaction with the hops' end. Raises IllegalMove."""
    for line in accounts.lock(tx, [row.account_id for row in rows]):
        state = account_move(AccountState(line.state), "activate", f"account with id {line.id}")
        accounts.change(tx, line.id, state=state)
    next_hop.end(tx, rulebook, [Ending(row, "finish", WORKER, finding=ACTIVATED) for row in rows], now)

"""月费 When the monthly fee of an account's plan is charged: from its activation on, but not during a pause."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch import effects
from dispatch.domain.account import AccountState
from dispatch.domain.suspension import SuspensionKind
from dispatch.storage import suspensions
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx


def charge(tx: Tx, key: str, account: AccountRow, terms: Mapping[str, Any], since: datetime, now: datetime) -> None:
    """Charge the fee of these terms from that day on, in place of the one before.

    Nothing is booked before the activation or during a pause: each books the fee of the plan that is in force at the
    activation, or at the end of the pause. The caller holds the account's lock.
    """
    if account.state != AccountState.INSTALLING and not _is_paused(tx, account, since):
        effects.charge_monthly(tx, key, account, terms["monthly_fee"], since, now)


def _is_paused(tx: Tx, account: AccountRow, at: datetime) -> bool:
    """Return whether an open pause covers this moment, whether or not the relay has begun it."""
    return any(
        row.kind == SuspensionKind.KEEP and row.until is not None and row.from_at <= at
        for row in suspensions.unlifted(tx, account.id)
    )

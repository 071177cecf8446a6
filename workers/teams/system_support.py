"""业务支撑中心 system support: the worker looks the account up, here and in billing; then the hop goes on the board."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from dispatch.domain import billing_check
from dispatch.domain.effect import lane_of
from dispatch.domain.suspension import KNOWN_AS, SuspensionKind
from dispatch.domain.time import local_date
from dispatch.ports.billing import QuotePurpose
from dispatch.routing.rulebook import Rulebook
from dispatch.runtime import metrics
from dispatch.storage import accounts, effects, hops, operations
from dispatch.storage.database import Tx
from workers.context import Context
from workers.stretch import Hops, Step, Stretch, Write

log = structlog.get_logger()

LATEST = 3
"""Number of the account's latest operations that are shown: one of them may have caused the fault."""
PAID_WITHIN = timedelta(days=30)
"""The last payment is looked for so far back."""


def account_check(context: Context, rows: Hops) -> Write:
    """Note the account's state and why it is suspended, the unconfirmed orders for its line, and its latest operations;
    of one suspended for arrears also what billing says of it.

    The note holds no personal data. While billing is out of reach, the hops go on the board and say so.
    """
    said = _ask_billing(context, rows)

    def write(tx: Tx, _rulebook: Rulebook, mine: Hops, _now: datetime) -> None:
        ids = sorted({row.account_id for row in mine})
        states = accounts.states(tx, ids)
        ordered = effects.keys_in_lanes(tx, [lane_of(account_id) for account_id in ids])
        done = operations.latest_kinds(tx, ids, LATEST)
        found = []
        for row in mine:
            state, suspended_for = states[row.account_id]
            checked = {
                "account": state,
                "suspended_for": suspended_for,
                billing_check.BILLING: said.get(row.account_id),
                "unconfirmed": ordered.get(lane_of(row.account_id)),
                "operations": done.get(row.account_id),
            }
            found.append((row.id, {name: value for name, value in checked.items() if value}))
        hops.note_found(tx, found)

    return write


def _ask_billing(context: Context, rows: Hops) -> dict[int, dict[str, object] | str]:
    """What billing says of the accounts that are suspended for arrears, by id."""
    with context.database.read() as tx:
        states = accounts.states(tx, sorted({row.account_id for row in rows}))
    owing = [id_ for id_, (_, why) in states.items() if why == KNOWN_AS[SuspensionKind.ARREARS]]
    said = dict[int, dict[str, object] | str]()
    try:
        for account_id in owing:
            said[account_id] = _asked(context, account_id)
    except (OSError, SoftTimeLimitExceeded) as away:
        metrics.OUT_OF_REACH.labels("system-support.account-check").inc()
        log.warning("billing out of reach, hops go on the board unchecked", error=type(away).__name__)
    return {account_id: said.get(account_id, billing_check.AWAY) for account_id in owing}


def _asked(context: Context, account_id: int) -> dict[str, object]:
    now, zone = context.now(), context.settings.zone
    quote = context.billing.quote(account_id, local_date(now, zone), QuotePurpose.CHECK)
    payments = context.billing.payments(account_id, now - PAID_WITHIN)
    if not payments:
        return billing_check.answer(quote.owed)
    last = payments[0]
    return billing_check.answer(quote.owed, last.at.astimezone(zone), last.fen, last.reference)


STRETCH = Stretch(Step("account-check", look=account_check))

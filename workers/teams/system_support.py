"""业务支撑中心 system support: the worker looks the account up in our own database before the hop goes on the board."""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.effect import lane_of
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, effects, hops, operations
from dispatch.storage.database import Tx
from workers.stretch import Hops, Step, Stretch

LATEST = 3
"""Number of the account's latest operations that are shown: one of them may have caused the fault."""


def account_check(tx: Tx, _rulebook: Rulebook, mine: Hops, _now: datetime) -> None:
    """Note the account's state and why it is suspended, the unconfirmed orders for its line, and its latest operations.

    The note holds no personal data.
    """
    ids = sorted({row.account_id for row in mine})
    states = accounts.states(tx, ids)
    ordered = effects.keys_in_lanes(tx, [lane_of(account_id) for account_id in ids])
    done = operations.latest_kinds(tx, ids, LATEST)
    found = []
    for row in mine:
        state, suspended_for = states[row.account_id]
        said = {
            "account": state,
            "suspended_for": suspended_for,
            "unconfirmed": ordered.get(lane_of(row.account_id)),
            "operations": done.get(row.account_id),
        }
        found.append((row.id, {name: value for name, value in said.items() if value}))
    hops.note_found(tx, found)


STRETCH = Stretch(Step("account-check", account_check))

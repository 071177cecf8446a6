"""留存 Retention: old cases go into the case store, and old outside effects lose their payloads.

No row stores when that is due: it follows from when the case ended or the effect was confirmed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatch.storage import aliases, case_store, effects, seals
from dispatch.storage.database import Tx


def store_ended(tx: Tx, age: timedelta, now: datetime, limit: int) -> int:
    """Move at most `limit` cases that ended so long ago into the case store, the oldest first; returns how many. A case
    whose rows aren't sealed yet waits."""
    ids = seals.wholly_sealed(tx, case_store.lock_ended(tx, now - age, limit))
    if ids:
        case_store.store(tx, ids, now)
    return len(ids)


def forget_confirmed(tx: Tx, age: timedelta, now: datetime, limit: int) -> int:
    """Empty the payloads of at most `limit` effects that were confirmed so long ago; returns how many."""
    return effects.forget(tx, now - age, limit, now)


def forget_aliases(tx: Tx, now: datetime, limit: int) -> int:
    """Delete at most `limit` former names of accounts whose year is over; returns how many."""
    return aliases.forget(tx, now, limit)

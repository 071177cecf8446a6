"""留存 Retention: what nobody works with any more goes into the case store, or is forgotten, by its age.

There is no row with a due time for it: a case's end, and an effect's confirmation, are such times themselves.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatch.storage import case_store, effects
from dispatch.storage.database import Tx


def store_ended(tx: Tx, age: timedelta, now: datetime, limit: int) -> int:
    """Cases that ended so long ago go into the case store, the oldest first; how many, `limit` at most."""
    ids = case_store.ended(tx, now - age, limit)
    if ids:
        case_store.put(tx, ids, now)
    return len(ids)


def forget_confirmed(tx: Tx, age: timedelta, now: datetime, limit: int) -> int:
    """Outside effects that were confirmed so long ago forget what they said; how many, `limit` at most."""
    return effects.forget(tx, now - age, limit, now)

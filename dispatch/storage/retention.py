"""留存 Retention: old cases go into the case store, old outside effects lose their payloads, old demands who asked.

No row stores when that is due: it follows from when the case ended, the effect was confirmed, the demand last asked.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from dispatch.domain.plans import months_later
from dispatch.domain.time import begin_of_day, local_date
from dispatch.storage import aliases, case_store, demands, effects, port_answers, proofs, referrals, seals
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


def forget_answers(tx: Tx, age: timedelta, now: datetime, limit: int) -> int:
    """Delete at most `limit` answers of systems outside of that age; returns how many."""
    return port_answers.forget(tx, now - age, limit)


def forget_codes(tx: Tx, now: datetime, limit: int) -> int:
    """Delete at most `limit` codes of two days ago and more, which no limit counts any more; returns how many."""
    return proofs.forget(tx, now - timedelta(days=2), limit)


def erase_callers(tx: Tx, days: int, now: datetime, limit: int) -> int:
    """Erase who called, of at most `limit` referrals of so many days ago and more; returns of how many."""
    return referrals.erase(tx, now - timedelta(days=days), limit)


def erase_demands(tx: Tx, months: int, zone: tzinfo, now: datetime, limit: int) -> int:
    """End at most `limit` demands that were last asked more than so many months ago, and erase who asked; returns how
    many. Days are the desk's."""
    day = months_later(local_date(now, zone), -months)
    return demands.erase(tx, begin_of_day(day, zone), now, limit)

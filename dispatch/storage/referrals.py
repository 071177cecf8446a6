"""非我方来电: callers who were referred elsewhere, and how many to whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import func, insert, select, update

from dispatch.domain.referral import Whose
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.referrals import referral


class ReferralRow(Protocol):
    """A caller who isn't ours."""

    id: int
    at: datetime
    actor: str
    role: str
    caller: str | None  # None: erased
    said_account: str | None  # None: they named none, or it is erased
    what: str
    whose: str  # one of `domain.referral.Whose`
    told: str


def add(tx: Tx, row: dict[str, object]) -> int:
    """Insert a referral and return its id."""
    return int(tx.execute(insert(referral).values(**row).returning(referral.c.id)).scalar_one())


def listed(tx: Tx, limit: int, before: int | None = None) -> Sequence[ReferralRow]:
    """The newest first; only with smaller ids than `before`."""
    query = select(referral).order_by(referral.c.id.desc()).limit(limit)
    return shaped(ReferralRow, tx.execute(query if before is None else query.where(referral.c.id < before))).all()


def counts(tx: Tx, since: datetime) -> dict[Whose, int]:
    """How many callers were referred since then, by whose they are; nobody's are left out."""
    query = select(referral.c.whose, func.count()).where(referral.c.at >= since).group_by(referral.c.whose)
    found = {row[0]: row[1] for row in tx.execute(query)}
    return {whose: found[whose] for whose in Whose if whose in found}


def erase(tx: Tx, before: datetime, limit: int) -> int:
    """Erase who called at or before then, of at most `limit` referrals; returns of how many."""
    old = select(referral.c.id).where(referral.c.at <= before, referral.c.caller.is_not(None)).limit(limit)
    return tx.execute(update(referral).where(referral.c.id.in_(old)).values(caller=None, said_account=None)).rowcount

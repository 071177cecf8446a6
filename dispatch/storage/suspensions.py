"""Suspensions of accounts, open and lifted; one row per kind is open at most."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import String, cast, exists, insert, literal, select, update

from dispatch.storage.account_rows import EndingPause, SuspensionRow
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account, message, suspension

SUSPENSION = "suspension/"
"""A suspension as the source of messages, before its id."""


def add(tx: Tx, account_id: int, kind: str, from_at: datetime, **columns: object) -> int:
    """Insert an open suspension and return its id. Raises IntegrityError when one of this kind is open already."""
    row = insert(suspension).values(account_id=account_id, kind=kind, from_at=from_at, **columns)
    return int(tx.execute(row.returning(suspension.c.id)).scalar_one())


def unlifted(tx: Tx, account_id: int) -> Sequence[SuspensionRow]:
    """Those that are open, a pause that is yet to begin included, by id."""
    query = select(suspension).where(suspension.c.account_id == account_id, suspension.c.lifted_at.is_(None))
    return shaped(SuspensionRow, tx.execute(query.order_by(suspension.c.id))).all()


def of_account(tx: Tx, account_id: int, kind: str) -> Sequence[SuspensionRow]:
    """All suspensions of this kind that the account ever had, the oldest first."""
    query = select(suspension).where(suspension.c.account_id == account_id, suspension.c.kind == kind)
    return shaped(SuspensionRow, tx.execute(query.order_by(suspension.c.id))).all()


def due(tx: Tx, now: datetime, limit: int) -> list[tuple[int, int]]:
    """(account id, id) of pauses that begin or end by now, in the order of accounts; nothing is locked."""
    query = select(suspension.c.account_id, suspension.c.id).where(suspension.c.wake_at <= now)
    rows = tx.execute(query.order_by(suspension.c.wake_at).limit(limit)).all()
    return sorted((row.account_id, row.id) for row in rows)


def is_due(tx: Tx, now: datetime) -> bool:
    """Return whether a pause is to begin or to end; one index lookup."""
    return tx.execute(select(suspension.c.id).where(suspension.c.wake_at <= now).limit(1)).first() is not None


def ending_untold(tx: Tx, now: datetime, until: datetime, event: str, limit: int) -> Sequence[EndingPause]:
    """At most `limit` pauses under way that end by themselves after the one time and up to the other, and whose
    customer wasn't told of it by a message of this event; the first to end first."""
    told = exists().where(message.c.source == literal(SUSPENSION) + cast(suspension.c.id, String))
    query = select(suspension.c.id, suspension.c.account_id, suspension.c.until, account.c.number)
    query = query.join(account, account.c.id == suspension.c.account_id)
    query = query.where(suspension.c.wake_at == suspension.c.until, ~told.where(message.c.event == event))
    query = query.where(suspension.c.wake_at > now, suspension.c.wake_at <= until)
    return shaped(EndingPause, tx.execute(query.order_by(suspension.c.wake_at).limit(limit))).all()


def get(tx: Tx, suspension_id: int) -> SuspensionRow:
    return shaped(SuspensionRow, tx.execute(select(suspension).where(suspension.c.id == suspension_id))).one()


def wake(tx: Tx, suspension_id: int, at: datetime | None) -> None:
    """Set when the relay looks at the suspension again."""
    tx.execute(update(suspension).where(suspension.c.id == suspension_id).values(wake_at=at))


def lift(tx: Tx, ids: Sequence[int], by: int | None, why: str, now: datetime, reference: str | None = None) -> None:
    """Lift suspensions. `by` is the operation, None: the system; `reference` names what settled them."""
    changed: dict[str, object] = {"lifted_by": by, "lifted_at": now, "lifted_for": why, "wake_at": None}
    if reference is not None:
        changed["settled_by"] = reference
    tx.execute(update(suspension).where(suspension.c.id.in_(ids)).values(**changed))

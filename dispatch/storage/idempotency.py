"""The answers to requests with an idempotency key, kept in the transaction that did what was requested."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, insert, select

from dispatch.storage.access_rows import KeptAnswer
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.access import idempotency


def take(tx: Tx, key: str) -> bool:
    """Lock the key; False while another transaction has it, which can't be on SQLite: it has one writer at a time."""
    if tx.dialect.name == "sqlite":
        return True
    number = int(key[:16], 16) - 2**63  # when two keys collide in it, one request is retried
    return bool(tx.execute(select(func.pg_try_advisory_xact_lock(number))).scalar_one())


def find(tx: Tx, key: str) -> KeptAnswer | None:
    return shaped(KeptAnswer, tx.execute(select(idempotency).where(idempotency.c.key == key))).one_or_none()


def keep(tx: Tx, key: str, fingerprint: str, status: int, headers: dict[str, str], body: str, now: datetime) -> None:
    row = {"key": key, "fingerprint": fingerprint, "status": status, "headers": headers, "body": body, "at": now}
    tx.execute(insert(idempotency).values(row))


def sweep(tx: Tx, before: datetime) -> None:
    tx.execute(delete(idempotency).where(idempotency.c.at <= before))

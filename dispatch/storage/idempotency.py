"""The answers to requests with an idempotency key, kept in the transaction that did what was requested."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select, update

from dispatch.storage.access_rows import KeptAnswer
from dispatch.storage.database import Database, Tx
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


_SECRETS = ("token", "password")
"""The fields of answers in which releases up to 0.2 kept a secret."""


def strip_secrets(database: Database, since: datetime | None = None) -> int:
    """Take secrets out of the answers that processes of an earlier release kept `since` then; return how many.

    They may still run while this release is being rolled out, and a restored backup may hold such answers too.
    """
    holding = or_(*(idempotency.c.body.contains(f'"{name}":"', autoescape=True) for name in _SECRETS))
    query = select(idempotency.c.key, idempotency.c.body).where(holding)
    if since is not None:
        query = query.where(idempotency.c.at >= since)
    with database.read() as tx:
        found = {row.key: row.body for row in tx.execute(query)}
    for key, body in found.items():
        told = json.loads(body)
        stripped = {name: None if name in _SECRETS else value for name, value in told.items()}
        kept = json.dumps(stripped, ensure_ascii=False, separators=(",", ":"))
        with database.write() as tx:
            tx.execute(update(idempotency).where(idempotency.c.key == key).values(body=kept))
    return len(found)

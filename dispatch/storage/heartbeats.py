"""Heartbeats: each relay and worker process updates its own row every few seconds.

They are in the database because the web reaches no broker and a process may run on another machine. When a process
ends, its successor of the same name takes its row over, or the row expires. No decision depends on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from dispatch.storage.database import Tx
from dispatch.storage.rows import ProcessRow, shaped
from dispatch.storage.tables.tickets import process

BEAT_SECONDS = 5
SILENCE = timedelta(seconds=4 * BEAT_SECONDS)
"""A process without a heartbeat for so long counts as dead. A database may keep a writer waiting for ten seconds."""
REMEMBERED = timedelta(hours=1)
"""Time for which a dead process is still listed."""


def beat(tx: Tx, name: str, kind: str, started_at: datetime, now: datetime) -> None:
    """Record that the process is alive, and delete expired rows."""
    seen = {"kind": kind, "started_at": started_at, "seen_at": now}
    if tx.execute(update(process).where(process.c.name == name).values(seen)).rowcount == 0:
        tx.execute(insert(process).values(name=name, **seen))
    tx.execute(delete(process).where(process.c.seen_at < now - REMEMBERED))


def processes(tx: Tx, now: datetime) -> Sequence[ProcessRow]:
    """The processes seen within `REMEMBERED`, in the order of their names."""
    query = select(process).where(process.c.seen_at >= now - REMEMBERED).order_by(process.c.name)
    return shaped(ProcessRow, tx.execute(query)).all()

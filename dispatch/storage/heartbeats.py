"""Signs of life: a row for each relay and worker process, written anew every few seconds by the process itself.

They stand in the database, for the web reaches no broker, and a process may run on another machine than the web. A row
whose process has ended is taken over by its successor of the same name, or grows old; it decides nothing.
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
"""Not seen for so long, a process counts as dead: a database may keep a writer waiting for ten seconds."""
REMEMBERED = timedelta(hours=1)
"""So long a dead one is still told of."""


def beat(tx: Tx, name: str, kind: str, started_at: datetime, now: datetime) -> None:
    """The process is alive. What was forgotten long ago is removed."""
    seen = {"kind": kind, "started_at": started_at, "seen_at": now}
    if tx.execute(update(process).where(process.c.name == name).values(seen)).rowcount == 0:
        tx.execute(insert(process).values(name=name, **seen))
    tx.execute(delete(process).where(process.c.seen_at < now - REMEMBERED))


def processes(tx: Tx, now: datetime) -> Sequence[ProcessRow]:
    """(name, kind, started_at, seen_at) of all that were seen lately, in order of their names."""
    query = select(process).where(process.c.seen_at >= now - REMEMBERED).order_by(process.c.name)
    return shaped(ProcessRow, tx.execute(query)).all()

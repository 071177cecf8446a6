"""Heartbeats: each relay, worker and web process updates its own row every few seconds.

They are in the database because the web reaches no broker and a process may run on another machine. When a process
ends, its successor of the same name takes its row over, or the row expires. Their times are the database's: a process
whose clock is ahead must not let the others look dead. A rotation of keys depends on them: it waits until every
living process has the new key. So does what is kept in a form that only earlier releases need.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, insert, select, update

from dispatch.storage.clock import database_time
from dispatch.storage.database import SCHEMA, Tx
from dispatch.storage.rows import ProcessRow, shaped
from dispatch.storage.tables.tickets import process

BEAT_SECONDS = 5
SILENCE = timedelta(seconds=4 * BEAT_SECONDS)
"""A process without a heartbeat for so long counts as dead. A database may keep a writer waiting for ten seconds."""
REMEMBERED = timedelta(hours=1)
"""Time for which a dead process is still listed."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a process serves. `queues`: of a worker, those it takes work from; of a relay, the teams that it sends to.

    `teams`: those in the rules file with which it started, taken up or not.
    """

    queues: Collection[str] = ()
    teams: Collection[str] = ()


NOTHING = Service()

_said_by_an_older_one = (
    process.c.schema.is_(None) | (process.c.schema < SCHEMA) | (process.c.schema_at != process.c.seen_at)
)
"""The last sign of life came from a process with an earlier schema. Two processes on one machine may share a name, and
one of an earlier release leaves the columns that it doesn't know as they are."""


def process_name(kind: str, which: str = "") -> str:
    """Name a process by its supervised name and its machine, so that it has the same name after a restart. `which`
    tells processes of one kind on one machine apart."""
    return f"{os.environ.get('SUPERVISED_AS', kind + which)}@{socket.gethostname()}"


def beat(
    tx: Tx,
    name: str,
    kind: str,
    started_at: datetime,
    now: datetime,
    clock_ahead: float | None = None,
    keys: Sequence[str] | None = None,
    serves: Service = NOTHING,
) -> None:
    """Record that the process is alive and what it serves, and delete expired rows.

    `now` is the database's time; `clock_ahead`: seconds by which the process's own clock is ahead of it; `keys`: ids of
    the keys that the process has, None when none.
    """
    seen: dict[str, object] = {"kind": kind, "started_at": started_at, "seen_at": now, "clock_ahead": clock_ahead}
    seen["keys"] = None if keys is None else " ".join(keys)
    seen |= {"schema": SCHEMA, "schema_at": now}
    seen |= {"queues": " ".join(sorted(serves.queues)), "teams": " ".join(sorted(serves.teams))}
    older = case((_said_by_an_older_one, process.c.seen_at), else_=process.c.older_seen_at)
    if tx.execute(update(process).where(process.c.name == name).values(**seen, older_seen_at=older)).rowcount == 0:
        tx.execute(insert(process).values(name=name, **seen))
    tx.execute(delete(process).where(process.c.seen_at < now - REMEMBERED))


def processes(tx: Tx, now: datetime) -> Sequence[ProcessRow]:
    """The processes seen within `REMEMBERED`, in the order of their names."""
    query = select(process).where(process.c.seen_at >= now - REMEMBERED).order_by(process.c.name)
    return shaped(ProcessRow, tx.execute(query)).all()


def alive(tx: Tx, now: datetime) -> list[ProcessRow]:
    """The processes that have shown a sign of life just now; `now` is the database's time."""
    return [row for row in processes(tx, now) if row.seen_at >= now - SILENCE]


def an_older_one_lives(tx: Tx) -> bool:
    """Return whether a process of an earlier release, with an earlier schema, is still alive."""
    since = database_time(tx) - SILENCE
    lately = (process.c.seen_at >= since) & _said_by_an_older_one
    query = select(process.c.name).where(lately | (process.c.older_seen_at >= since)).limit(1)
    return tx.execute(query).first() is not None


def served_teams(tx: Tx, now: datetime) -> set[str]:
    """The teams whose hops some living relay sends and some living worker takes."""
    rows = alive(tx, now)
    sent, taken = ({name for row in rows if row.kind == kind for name in _names(row.queues)} for kind in KINDS)
    return sent & taken


def teams_started_with(tx: Tx, now: datetime) -> set[str] | None:
    """The teams in the rules files of the living processes' starts; None when one of them, of an earlier release,
    doesn't say."""
    rows = [row for row in alive(tx, now) if row.kind in KINDS]
    if any(row.teams is None for row in rows):
        return None
    return {name for row in rows for name in _names(row.teams)}


KINDS = ("relay", "worker")


def _names(parted: str | None) -> list[str]:
    return (parted or "").split()

"""A worker's heartbeats in the database, written by a thread of the pool process that does its work.

Celery's main process must not write them: it forks, and a child that inherits the lock file of SQLite's writers' queue
would hold the lock for as long as it lives.
"""

from __future__ import annotations

import threading
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dispatch.settings import load_settings
from dispatch.storage import heartbeats
from dispatch.storage.clock import ClockGuard
from dispatch.storage.database import Database
from dispatch.storage.heartbeats import NOTHING, Service

log = structlog.get_logger()


def start_heartbeat(kind: str, guard: ClockGuard | None = None, serves: Service = NOTHING) -> threading.Event:
    """Write heartbeats in a thread, and compare the clock, until the process ends or the returned event is set."""
    settings = load_settings()
    database, stopped = Database(settings.database), threading.Event()
    known = guard or ClockGuard(settings.clock_limit)
    threading.Thread(target=_beat, args=(database, kind, known, serves, stopped), daemon=True, name="beating").start()
    return stopped


def beat(
    database: Database, kind: str, guard: ClockGuard, started_at: datetime | None, serves: Service = NOTHING
) -> datetime:
    """One heartbeat, with the clock compared. Returns when the process began, by the database's clock."""
    with database.write() as tx:
        was_right = guard.is_right()
        now = guard.measure(tx)
        heartbeats.beat(tx, heartbeats.process_name(kind), kind, started_at or now, now, guard.ahead, serves=serves)
    if guard.is_right() is not was_right or (started_at is None and not guard.is_right()):
        tell(guard)
    return started_at or now


def tell(guard: ClockGuard) -> None:
    """Log that the clock is wrong, or right again."""
    if guard.is_right():
        log.info("the clock is right again, work goes on", ahead=round(guard.ahead, 1))
    else:
        log.error("the clock is wrong, no work is done", ahead=round(guard.ahead, 1), limit=guard.limit)


def _beat(database: Database, kind: str, guard: ClockGuard, serves: Service, stopped: threading.Event) -> None:
    started_at = None
    while not stopped.is_set():
        try:
            started_at = beat(database, kind, guard, started_at, serves)
        except SQLAlchemyError as away:
            log.warning("heartbeat not written", error=type(away).__name__)
        stopped.wait(heartbeats.BEAT_SECONDS)
    database.dispose()

"""A worker's heartbeats in the database, written by a thread of the pool process that does its work.

Celery's main process must not write them: it forks, and a child that inherits the lock file of SQLite's writers' queue
would hold the lock for as long as it lives.
"""

from __future__ import annotations

import os
import socket
import threading
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dispatch.settings import load_settings
from dispatch.storage import heartbeats
from dispatch.storage.database import Database

log = structlog.get_logger()


def process_name(kind: str) -> str:
    """Name a process by its supervised name and its machine, so that it has the same name after a restart."""
    return f"{os.environ.get('SUPERVISED_AS', kind)}@{socket.gethostname()}"


def start_heartbeat(kind: str) -> threading.Event:
    """Write heartbeats in a thread until the process ends or the returned event is set."""
    database, stopped = Database(load_settings().database), threading.Event()
    threading.Thread(target=_beat, args=(database, kind, stopped), daemon=True, name="beating").start()
    return stopped


def _beat(database: Database, kind: str, stopped: threading.Event) -> None:
    started_at = datetime.now(UTC)
    while not stopped.is_set():
        try:
            with database.write() as tx:
                heartbeats.beat(tx, process_name(kind), kind, started_at, datetime.now(UTC))
        except SQLAlchemyError as away:
            log.warning("heartbeat not written", error=type(away).__name__)
        stopped.wait(heartbeats.BEAT_SECONDS)
    database.dispose()

"""A worker's signs of life in the database, from a thread of the process that does its work.

Not from Celery's main process: it forks, and a lock on SQLite's queue of writers that a child inherits is held for as
long as the child lives.
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
    """The same for a process and for its successor: under which name it is supervised, on which machine."""
    return f"{os.environ.get('SUPERVISED_AS', kind)}@{socket.gethostname()}"


def keep_beating(kind: str) -> threading.Event:
    """In a thread, until this process ends, or the event is set that is given back."""
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
            log.warning("no sign of life given", error=type(away).__name__)
        stopped.wait(heartbeats.BEAT_SECONDS)
    database.dispose()

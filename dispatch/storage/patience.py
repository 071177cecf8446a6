"""Waiting at a process's start for a database that is busy, instead of ending."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dispatch.storage.database_faults import STOPPED, database_fault

T = TypeVar("T")

log = structlog.get_logger()

PAUSE_SECONDS = 1.0


def when_free(act: Callable[[], T]) -> T:
    """Call `act`, which may be repeated, until the database is neither busy nor being restarted; return its answer.

    Raises what else `act` raises.
    """
    while True:
        try:
            return act()
        except SQLAlchemyError as refused:
            fault = database_fault(refused)
            if fault is None or not (fault.is_busy or fault is STOPPED):
                raise
            log.warning("waiting for the database", fault=fault.name)
            time.sleep(PAUSE_SECONDS)

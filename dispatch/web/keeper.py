"""A thread of each web process: its heartbeat, with its clock compared and its keys named, and the rotation of keys."""

from __future__ import annotations

import threading
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dispatch.storage import heartbeats
from dispatch.web.installation import Installation

log = structlog.get_logger()


class Keeper:
    """`name` tells this process from others."""

    def __init__(self, installation: Installation, name: str) -> None:
        self.installation, self.name = installation, name
        self.stopped = threading.Event()
        self._started_at: datetime | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True, name="keeper").start()

    def beat(self) -> None:
        """One heartbeat."""
        guard, keys = self.installation.clock_guard, self.installation.keys.known()
        was_right, first = guard.is_right(), self._started_at is None
        with self.installation.database.write() as tx:
            now = guard.measure(tx)
            self._started_at = self._started_at or now
            heartbeats.beat(tx, self.name, "web", self._started_at, now, guard.ahead, keys)
        if not guard.is_right() and (was_right or first):
            log.error("the clock is wrong, changes are refused", ahead=round(guard.ahead, 1), limit=guard.limit)
        elif guard.is_right() and not was_right:
            log.info("the clock is right again", ahead=round(guard.ahead, 1))

    def _run(self) -> None:
        while not self.stopped.is_set():
            try:
                self.beat()
            except SQLAlchemyError as away:
                log.warning("heartbeat not written", error=type(away).__name__)
            self.stopped.wait(heartbeats.BEAT_SECONDS)

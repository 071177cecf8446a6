"""A thread of each web process: its heartbeat, with its clock compared and its keys named, and the rotation of keys."""

from __future__ import annotations

import threading
import time
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dispatch.errors import DispatchError
from dispatch.storage import heartbeats, rotation
from dispatch.web.installation import Installation

log = structlog.get_logger()

PAUSE_SECONDS = 0.02
"""Between two batches of a rotation, so that others come to write."""


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

    def rotate(self) -> None:
        """Take a rotation of the keys further, if one is under way and this process has keys."""
        if self.installation.keys.known() is None:
            return
        with self.installation.database.read() as tx:
            if not rotation.progress(tx).under_way:
                return
        if rotation.switch(self.installation.database):
            log.info("a new key is in use, rows are written again under it")
        beaten = time.monotonic()
        while rotation.step(self.installation.database, self.installation.keys.get()):
            if self.stopped.wait(PAUSE_SECONDS) or time.monotonic() - beaten > heartbeats.BEAT_SECONDS:
                return  # to the next heartbeat

    def _run(self) -> None:
        while not self.stopped.is_set():
            try:
                self.beat()
                self.rotate()
            except SQLAlchemyError as away:
                log.warning("heartbeat not written", error=type(away).__name__)
            except DispatchError as wrong:
                log.error("keys not rotated", error=wrong.code)
            self.stopped.wait(heartbeats.BEAT_SECONDS)

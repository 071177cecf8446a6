"""A run on one installation: its disturbances, timed by the clock of the supervisor that tends it meanwhile."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from chaos.installation import Installation, pool
from chaos.load import Load
from chaos.recovery import Recovery
from dispatch.domain.roles import Actor, Role
from dispatch.domain.ticket import HopState
from dispatch.errors import DispatchError
from dispatch.storage.tables.tickets import hop
from dispatch.tickets import handling

SUPERVISOR = Actor("chaos", Role.SUPERVISOR)
TICK_SECONDS, LOOK_SECONDS = 0.02, 0.2
BACK_SECONDS = 60
"""Seconds to wait for a broken part before the next act."""

Progress = Callable[["Run"], None]


class NotBack(Exception):
    """A killed process or server did not come back."""


@dataclass
class Run:
    """A run. `done` counts the disturbances by name; `kills` counts those that were a kill -9. `released`: see
    `load.Load`."""

    installation: Installation
    progress: Progress = lambda _: None
    releases: bool = True  # whether a supervisor releases what is in quarantine
    done: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    released: float = 1.0
    freed: int = 0
    load: Load | None = None

    def __post_init__(self) -> None:
        self.recovery = Recovery(self.installation.database, self.answers)
        self._looked = 0.0

    def tick(self) -> None:
        """Let a moment pass: restart dead processes, note recoveries, release quarantined hops."""
        self.installation.stack.tend()
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self.recovery.look()
            if self.releases:
                self._release()
            self.progress(self)
        time.sleep(TICK_SECONDS)

    def until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Tick until the condition holds; return whether it did within these seconds."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.tick()
        return True

    def wait(self, seconds: float) -> None:
        self.until(lambda: False, seconds)

    def answers(self) -> bool:
        """Return whether every process answers, the pools and the database included."""
        try:
            with self.installation.database.read() as tx:
                tx.execute(text("SELECT 1"))
        except DBAPIError:
            return False
        children = self.installation.stack.children
        return all(child.alive and child.ready() for child in children) and all(map(pool, self.installation.workers()))

    def await_all(self) -> None:
        """Wait until every process answers. Raises NotBack."""
        if not self.until(self.answers, BACK_SECONDS):
            gone = [child.name for child in self.installation.stack.children if not (child.alive and child.ready())]
            raise NotBack(f"after {BACK_SECONDS} s still away: {', '.join(gone) or 'the database or a pool'}")

    @contextmanager
    def people(self, count: int, quiet: float = 60) -> Iterator[Load]:
        """Report and work on this many cases while the block runs."""
        self.load = Load(self.installation, count, lambda: self.released, quiet)
        self.load.start()
        try:
            yield self.load
        finally:
            self.load.give_up()

    def to_the_end(self) -> None:
        """Wait until the people have nothing left to do, or nothing moves any more."""
        assert self.load is not None
        self.released = 1.0
        load = self.load
        while not load.over:
            self.tick()
        self.until(lambda: not self.recovery.pending, 10)

    def _release(self) -> None:
        """Release the hops that were quarantined because their worker was killed five times."""
        try:
            with self.installation.database.read() as tx:
                found = list(tx.execute(select(hop.c.id).where(hop.c.state == HopState.QUARANTINED)).scalars())
            for hop_id in found:
                with self.installation.database.write() as tx:
                    handling.release(tx, hop_id, SUPERVISOR, datetime.now(UTC))
                self.freed += 1
        except (DBAPIError, DispatchError):
            return

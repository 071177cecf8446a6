"""The members of one message go through a step together; a member that fails must not fail the others."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import SQLAlchemyError

from dispatch.storage.database_faults import database_fault

log = structlog.get_logger()

T = TypeVar("T")
R = TypeVar("R")

PAUSE = timedelta(seconds=10)
"""Time that members wait when an outside system is out of reach. The pause does not grow."""
TRIES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each further try when the database refuses. With the time that a try takes, they fit into a task's."""


class Batch(Generic[T, R]):
    """One message's members on their way through `act`, which does all of them or none.

    When `act` fails, the batch is halved until the failing member is alone; that member goes to `blame`. An OSError
    means either that an outside system is out of reach, so that all members go to `wait`, or that one member's own
    request fails. To tell the two apart, one randomly chosen member is tried alone.
    """

    def __init__(
        self,
        act: Callable[[Sequence[T]], list[R]],
        blame: Callable[[T, Exception], None],
        wait: Callable[[Sequence[T], OSError], None],
    ) -> None:
        self.act, self.blame, self.wait = act, blame, wait
        self.reached = False  # whether `act` has succeeded at least once
        self.done: list[R] = []
        self._spent = 0.0  # seconds of pauses

    def run(self, members: Sequence[T]) -> list[R]:
        """Run `act` and return its results for the members that succeeded.

        Raises SQLAlchemy's error when the database refuses to work for longer than `TRIES`: no member failed, and the
        relay sends all of them again when their lease runs out. Raises SoftTimeLimitExceeded: the relay then sends the
        members again in ever smaller batches, which isolates the one that takes too long.
        """
        if members:
            self._halve(members)
        return self.done

    def _halve(self, members: Sequence[T]) -> None:
        try:
            self._act(members)
        except SoftTimeLimitExceeded:
            raise
        except Exception as broken:
            if database_fault(broken) is not None:
                raise
            if len(members) == 1:
                self.blame(members[0], broken)
                return
            half = len(members) // 2
            self._halve(members[:half])
            self._halve(members[half:])

    def _act(self, members: Sequence[T]) -> None:
        """Raises OSError when `act` works for some members and not for others."""
        try:
            self.done += self._try(members)
        except OSError as away:
            if not self.reached and len(members) > 1:
                self._act([random.choice(members)])  # noqa: S311
            if self.reached:
                raise
            self.wait(members, away)
        else:
            self.reached = True

    def _try(self, members: Sequence[T]) -> list[R]:
        """Run `act`, again after a pause while the database refuses to work; what it had done was rolled back."""
        for pause in TRIES:
            try:
                return self.act(members)
            except SQLAlchemyError as refused:
                fault = database_fault(refused)
                if fault is None or not fault.repeats or self._spent + pause > sum(TRIES):
                    raise
                self._spent += pause
                log.warning("database refuses, work waits", fault=fault.name)
                time.sleep(pause)
        return self.act(members)

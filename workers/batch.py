"""A message's members go through a step together; whatever breaks over one of them must not take the others down."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import DBAPIError, OperationalError

T = TypeVar("T")
R = TypeVar("R")

PAUSE = timedelta(seconds=10)
"""Until what is out of reach is asked again, however long it stays away."""


class Batch(Generic[T, R]):
    """One message's members on their way through `act`, which does all of them or none.

    One that breaks it is found by halving and given to `blame`, alone. With what is asked outside out of reach, an
    OSError, nobody is to blame: all are given to `wait`. Which of the two it is, another member tells that asks alone.
    """

    def __init__(
        self,
        act: Callable[[Sequence[T]], list[R]],
        blame: Callable[[T, Exception], None],
        wait: Callable[[Sequence[T], OSError], None],
    ) -> None:
        self.act, self.blame, self.wait = act, blame, wait
        self.reached = False  # it has answered at least once
        self.done: list[R] = []

    def run(self, members: Sequence[T]) -> list[R]:
        """What `act` gave for those that it was done for.

        Raises OperationalError when the database is out of reach: then nobody failed, and the lease brings them back.
        Raises SoftTimeLimitExceeded: who was to blame shows when they come back, with ever fewer neighbours.
        """
        if members:
            self._halve(members)
        return self.done

    def _halve(self, members: Sequence[T]) -> None:
        try:
            self._act(members)
        except (OperationalError, SoftTimeLimitExceeded):
            raise
        except Exception as broken:
            if isinstance(broken, DBAPIError) and broken.connection_invalidated:
                raise
            if len(members) == 1:
                self.blame(members[0], broken)
                return
            half = len(members) // 2
            self._halve(members[:half])
            self._halve(members[half:])

    def _act(self, members: Sequence[T]) -> None:
        """Raises OSError where some can be done and others can't."""
        try:
            self.done += self.act(members)
        except OSError as away:
            if not self.reached and len(members) > 1:
                self._act([random.choice(members)])  # noqa: S311
            if self.reached:
                raise
            self.wait(members, away)
        else:
            self.reached = True

"""A batch whose one poisoned member must not take the others down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import DBAPIError, OperationalError

T = TypeVar("T")
R = TypeVar("R")


def halving(
    act: Callable[[Sequence[T]], list[R]], members: Sequence[T], blame: Callable[[T, Exception], None]
) -> list[R]:
    """`act` on all members at once; one that breaks it is found by halving, and is blamed alone.

    Raises OperationalError when the database is out of reach: then nobody failed, and the lease brings them back.
    Raises SoftTimeLimitExceeded: who was to blame shows when they come back, each alone.
    """
    if not members:
        return []
    try:
        return act(members)
    except (OperationalError, SoftTimeLimitExceeded):
        raise
    except Exception as broken:
        if isinstance(broken, DBAPIError) and broken.connection_invalidated:
            raise
        if len(members) == 1:
            blame(members[0], broken)
            return []
        half = len(members) // 2
        return halving(act, members[:half], blame) + halving(act, members[half:], blame)

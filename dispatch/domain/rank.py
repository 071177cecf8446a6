"""排序: a hop's place on its team's board, as one number. Pure."""

from __future__ import annotations

LEAST_URGENT = 4
"""Priorities are 1, the most urgent, to 4."""


def rank(priority: int, urged: int) -> int:
    """The smaller, the higher on the board: hops that were urged more often, then hops of higher priority. Among equals
    the oldest comes first, by `boarded_at` and id."""
    return priority - LEAST_URGENT * urged

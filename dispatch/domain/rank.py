"""排序: where a hop stands on its team's board, as one number. Pure."""

from __future__ import annotations

LEAST_URGENT = 4
"""Priorities are 1, the most urgent, to 4."""


def rank(priority: int, urged: int) -> int:
    """The smaller, the further up: who was urged more often, then who is more urgent. Among equals the oldest is
    first, by the hop's own `boarded_at` and id."""
    return priority - LEAST_URGENT * urged

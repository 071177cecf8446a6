"""The names of the tasks that every release knows. They stay: two releases run side by side."""

from __future__ import annotations

from dispatch.routing.rulebook import EFFECTS

DELIVER = f"{EFFECTS}.deliver"


def receive_task(team: str) -> str:
    """The task that only marks hops as received: before the chain of those that were sent in vain before."""
    return f"{team}.receive"

"""The names of the tasks that every release knows. They never change, because two releases may run side by side."""

from __future__ import annotations

from dispatch.routing.rulebook import EFFECTS

DELIVER = f"{EFFECTS}.deliver"


def receive_task(team: str) -> str:
    """Name the task that only marks hops as received; it precedes the chain of hops whose earlier sending failed."""
    return f"{team}.receive"


def retest_task(team: str) -> str:
    """Name the task that tests again the lines of the team's hops that couldn't be tested."""
    return f"{team}.retest"


def team_of(task: str) -> str:
    """Return the team whose hops this task is for."""
    return task.partition(".")[0]

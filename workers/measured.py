"""The labels under which workers and relays count: every step of the rules' teams, every receiver."""

from __future__ import annotations

from dispatch.domain.effect import Port
from dispatch.routing.rulebook import EFFECTS, Rulebook
from dispatch.runtime import metrics
from workers.chains import chains
from workers.task_names import receive_task, retest_task


def begin_at_zero(rulebook: Rulebook) -> None:
    """Show all counters of this process from its start."""
    teams = chains(rulebook)
    steps = {step for names in teams.values() for step in names}
    steps |= {task(team) for team in teams for task in (receive_task, retest_task)}
    metrics.begin(sorted(steps | {f"{EFFECTS}.{port}" for port in Port}), sorted({*teams, *Port}))

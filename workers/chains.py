"""The names of the Celery tasks that a team's hops go through, from the rulebook and the modules in `workers/teams`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

import workers.teams
from dispatch.domain.title import Wording
from dispatch.errors import MissingPart
from dispatch.routing.rulebook import Rulebook
from workers.stretch import Stretch


def stretches(rulebook: Rulebook) -> dict[str, Stretch]:
    """Load each team's automatic stretch from its module. Raises MissingPart unless teams and modules match."""
    modules = {module.name.replace("_", "-") for module in pkgutil.iter_modules(workers.teams.__path__)}
    for team in sorted(set(rulebook.teams) - modules):
        module = team.replace("-", "_")
        raise MissingPart(
            part=Wording(f"班组 {team} 的工作进程", f"the worker of team {team}"),
            remedy=Wording(
                f"请写 workers/teams/{module}.py；`STRETCH = Stretch()` 即可",
                f"write workers/teams/{module}.py; `STRETCH = Stretch()` is enough",
            ),
        )
    for module in sorted(modules - set(rulebook.teams)):
        raise MissingPart(
            part=Wording(f"规则中的班组 {module}", f"team {module} in the rules"),
            remedy=Wording("它的工作进程模块将无事可做", "its worker module would have nothing to do"),
        )
    found = {team: importlib.import_module(f"workers.teams.{team.replace('-', '_')}") for team in rulebook.teams}
    return {team: module.STRETCH for team, module in found.items()}


def step_tasks(team: str, stretch: Stretch) -> list[str]:
    """Name the chain's tasks in order, such as `noc.line-test`, `noc.board`."""
    return [f"{team}.{step.name}" for step in stretch.steps]


def chains(rulebook: Rulebook) -> Mapping[str, list[str]]:
    """Name the tasks of every team's stretch. Raises MissingPart as `stretches` does."""
    return {team: step_tasks(team, stretch) for team, stretch in stretches(rulebook).items()}

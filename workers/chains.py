"""The names of the Celery tasks that a team's hops go through, from the rulebook and the modules in `workers/teams`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection, Mapping

import structlog

import workers.teams
from dispatch.defaults import team_modules
from dispatch.domain.title import Wording
from dispatch.errors import MissingPart
from dispatch.routing.rulebook import Rulebook
from dispatch.rules_in_force import RulesInForce
from dispatch.storage import rulebooks
from workers.stretch import Stretch

log = structlog.get_logger()


def stretches(rulebook: Rulebook, others: Collection[str] = ()) -> dict[str, Stretch]:
    """Load the automatic stretch of each team of the rules, and of `others`, from its module.

    A start must not fail on a team of people without a module, or on one that open hops are with but that is in no
    rules: such hops go straight onto a board. Raises MissingPart for an automatic team without a module.
    """
    modules = {module.name.replace("_", "-") for module in pkgutil.iter_modules(workers.teams.__path__)}
    found = {}
    for team in dict.fromkeys((*rulebook.teams, *others)):
        if team in modules:
            found[team] = importlib.import_module(f"workers.teams.{team.replace('-', '_')}").STRETCH
            continue
        module = f"workers/teams/{team.replace('-', '_')}.py"
        if rulebook.is_automatic(team):
            raise MissingPart(
                part=Wording(f"班组 {team} 的工作进程", f"the worker of team {team}"),
                remedy=Wording(f"请写 {module}", f"write {module}"),
            )
        log.error("team without a module, its hops go straight onto its board", team=team, module=module)
        found[team] = Stretch()
    for module in sorted(modules - found.keys()):
        log.warning("module without a team in the rules", module=module)
    return found


def step_tasks(team: str, stretch: Stretch) -> list[str]:
    """Name the chain's tasks in order, such as `noc.line-test`, `noc.board`."""
    return [f"{team}.{step.name}" for step in stretch.steps]


def chains(rulebook: Rulebook, others: Collection[str] = ()) -> Mapping[str, list[str]]:
    """Name the tasks of every team's stretch, as `stretches` loads them. Raises MissingPart."""
    return {team: step_tasks(team, stretch) for team, stretch in stretches(rulebook, others).items()}


def teams_beside(rules: RulesInForce) -> list[str]:
    """The teams to serve beside those of the rules in force: those of a good file that waits for a process that serves
    its new teams, as far as they have a module; and those that live hops are with."""
    waiting, modules = rules.waiting, team_modules()
    new = [team for team in waiting.teams if team in modules] if waiting else []
    with rules.database.read() as tx:
        return [*new, *rulebooks.teams_at_work(tx)]


def served_chains(rules: RulesInForce, queues: Collection[str]) -> Mapping[str, list[str]]:
    """Name the tasks of every team that has one of these queues, the app's. Raises MissingPart, BadRules."""
    return {team: tasks for team, tasks in chains(rules.get(), teams_beside(rules)).items() if team in queues}


def file_teams(rules: RulesInForce) -> Collection[str]:
    """The teams in the rules file, if that is good, whether or not it is in force."""
    return (rules.waiting or rules.get()).teams

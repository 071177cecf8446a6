"""The whole examination: settings, then files, then database, then broker, since each needs the ones before it."""

from __future__ import annotations

from collections.abc import Iterator

from dispatch.doctor import broker, database, files
from dispatch.doctor.finding import CheckResult, bad, good
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadSettings
from dispatch.routing.rulebook import EFFECTS
from dispatch.settings import load_settings

SETTINGS = Title("设置", "settings")


def examine() -> Iterator[CheckResult]:
    """Yield the results of all checks. Only faulty settings end the examination early."""
    try:
        settings = load_settings()
    except BadSettings as wrong:
        for fault in wrong.faults:
            yield bad(SETTINGS, fault, "改正该环境变量", "correct that environment variable")
        return
    yield good(SETTINGS, Wording("都认得，都有效", "all known and valid"))
    yield from files.examine(settings)
    rulebook = files.rules_file(settings)
    if files.has_database(settings):
        yield from database.examine(settings, rulebook)
    written = rulebook.teams if rulebook else ()
    in_force = database.teams_in_force(settings) if files.has_database(settings) else None
    needed = written if in_force is None else in_force
    new = [team for team in written if team not in needed]
    yield from broker.examine(settings, (*needed, EFFECTS) if needed else (), new)

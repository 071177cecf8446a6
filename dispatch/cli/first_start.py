"""What a start needs before it makes an installation, so that a start that is refused leaves nothing half made."""

from __future__ import annotations

from dispatch.defaults import team_modules
from dispatch.errors import BadRules
from dispatch.routing.rulebook import Rulebook
from dispatch.routing.succession import Serving, obstacles
from dispatch.settings import Settings
from dispatch.storage import key_source
from dispatch.storage.migration import is_installed


def require_good_files(settings: Settings) -> None:
    """Require of a home without an installation that its files are good, every team of the rules has its module, and
    the keys that the settings have can be read. It makes nothing.

    An installation that is there has rules in force, and starts with those when the file is bad. Raises BadRules,
    BadSettings.
    """
    if is_installed(settings):
        return
    from dispatch.routing import (
        complaints_file,
        messages_file,
        plans_file,
        prehandling_file,
    )  # with a YAML parser, which most commands don't need

    rulebook = require_good_rules(settings)
    prehandling_file.load(settings.prehandling, rulebook.categories)
    plans_file.load(settings.plans)
    messages_file.load(settings.messages)
    complaints_file.load(settings.complaints)
    key_source.find(settings)


def require_good_rules(settings: Settings) -> Rulebook:
    """The rules that the first start would put in force. Raises BadRules."""
    from dispatch.routing import loader  # as above

    rulebook = loader.load(settings.rules)
    if missing := list(obstacles(rulebook, None, (), Serving((), (), team_modules(), starting=True))):
        raise BadRules(file=str(settings.rules), faults=[each.at(f"{settings.rules}:1:1") for each in missing])
    return rulebook

"""回访: the customers to be called, and the bad grades that supervisors read."""

from __future__ import annotations

from typing import Any

from dispatch.domain.opinion import GRADE_TITLES, SurveyReason
from dispatch.domain.title import Title
from dispatch.web.api import callbacks
from dispatch.web.pages.routes import Pages
from dispatch.web.request_context import RequestContext

pages = Pages("callbacks")

AT_ONCE = 200


@pages.show("/callbacks", "see callbacks", "callbacks.html")
def see_callbacks(context: RequestContext) -> dict[str, Any]:
    """The customers who answered no message, to be called now; the caller gets a number by calling it."""
    return {"items": callbacks.list_callbacks(context, AT_ONCE).items}


@pages.show("/dissatisfied", "see opinions", "dissatisfied.html")
def see_dissatisfied(context: RequestContext) -> dict[str, Any]:
    """The customers of the last 30 days who are dissatisfied although their line works."""
    found = callbacks.list_dissatisfied(context, AT_ONCE).items
    reasons = {each.ticket: [SurveyReason.label_of(name) for name in each.reasons] for each in found}
    teams = {name: team.title for name, team in context.rulebook.teams.items()}
    return {"items": found, "reasons": reasons, "grades": GRADE_TITLES, "team_of": _team_of(teams)}


def _team_of(teams: dict[str, Title]) -> Any:
    return lambda name: teams.get(name, Title(name, name))

"""投诉: what customers complain of, by what is due first; a form to take one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from dispatch.domain.complaint import ComplaintKind, ComplaintSource
from dispatch.domain.title import Title
from dispatch.errors import BadInput
from dispatch.web.api import complaints
from dispatch.web.api.schemas import Cursor
from dispatch.web.pages.routes import Pages
from dispatch.web.request_context import RequestContext

pages = Pages("complaints")

AT_ONCE = 50


@pages.show("/complaints", "see complaints", "complaints.html", raises=[BadInput])
def see_complaints(
    context: RequestContext, ended: Annotated[bool, Query()] = False, cursor: Cursor = None
) -> dict[str, Any]:
    """The complaints that go on, by the time by which a reply is due; or all, the newest first."""
    found = complaints.list_complaints(context, ended, cursor, AT_ONCE)
    teams = {name: team.title for name, team in context.rulebook.teams.items()}
    return {
        "items": found.items,
        "next": found.next,
        "ended": ended,
        "first": cursor is None,
        "may_complain": context.may("complain"),
        "kinds": list(ComplaintKind),
        "sources": list(ComplaintSource),
        "kind_of": ComplaintKind.label_of,
        "team_of": lambda name: teams.get(name, Title(name, name)),
    }

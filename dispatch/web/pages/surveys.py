"""回访: the customer's page, on a phone, by the link of a message. It shows nothing but the ticket's number."""

from __future__ import annotations

import re

from starlette.responses import HTMLResponse

from dispatch.domain.opinion import ASKED_WHY, GRADE_TITLES, LONGEST_WORDS, UNREACHABLE
from dispatch.domain.title import Title
from dispatch.errors import NotFound
from dispatch.web.api import surveys
from dispatch.web.api.surveys import Survey
from dispatch.web.pages.rendering import render
from dispatch.web.pages.routes import Pages
from dispatch.web.request_context import RequestContext

pages = Pages("surveys")

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,40}")


@pages.api.read("/s/{token}", "see a survey")
def see_survey(context: RequestContext, token: str) -> HTMLResponse:
    """The survey of a link. A wrong link gets the page for things that don't exist."""
    survey = _find(context, token)
    shown = {
        "survey": survey,
        "token": token,
        "grades": GRADE_TITLES,
        "asked_why": ASKED_WHY,
        "longest": LONGEST_WORDS,
        "thanked": _thanked(context, survey),
    }
    page = render(context.visitor.request, "survey.html", shown, context)
    return HTMLResponse(page, 404 if survey is None else 200)


def _find(context: RequestContext, token: str) -> Survey | None:
    if not _TOKEN.fullmatch(token):
        return None
    try:
        return surveys.see_survey(context, token)
    except NotFound:
        return None


def _thanked(context: RequestContext, survey: Survey | None) -> Title | None:
    """The answer; None when the customer was given up as out of reach."""
    if survey is None or survey.answer in (None, UNREACHABLE):
        return None
    known = context.rulebook.findings.get(survey.answer or "")
    return known.title if known else None

"""装维请求: the page on which network service support see what installers have asked, and who hasn't answered."""

from __future__ import annotations

from typing import Any, NamedTuple

from dispatch.domain.title import Title
from dispatch.routing.wording import Words
from dispatch.tickets import requests
from dispatch.tickets.explanation import Said
from dispatch.web.api.requests import InstallersRequest, shown
from dispatch.web.pages.rendering import HasTitle
from dispatch.web.pages.routes import Pages
from dispatch.web.pages.tickets import symptom_in_words
from dispatch.web.request_context import RequestContext

pages = Pages("requests")

AT_ONCE = 200


class RequestInWords(NamedTuple):
    """A request with its names in words."""

    told: InstallersRequest
    symptom: HasTitle
    team: Title
    asker_team: Title
    finding: Title | None
    evidence: Said


@pages.show("/requests", "see requests", "requests.html")
def see_requests(context: RequestContext) -> dict[str, Any]:
    """What installers and builders have asked of other teams, and has not come back; the longest waiting first."""
    found = []
    for row in requests.unanswered(context.tx, context.rulebook, context.authorize(), AT_ONCE):
        words, told = Words(context.installation.rules.words_of(context.tx, row.rulebook)), shown(row)
        evidence = [(words.fact(name), words.value(name, value)) for name, value in told.evidence.items()]
        finding = words.finding(row.finding) if row.finding else None
        symptom = symptom_in_words(context, row.symptom)
        found.append(RequestInWords(told, symptom, words.team(row.team), words.team(row.asker_team), finding, evidence))
    return {"items": found}

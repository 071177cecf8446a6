"""转接队列: calls from 10050 with what was said so far; the agent answers the next, or calls back who hung up."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any

from starlette.responses import RedirectResponse, Response

from dispatch.domain.numbers import ticket_number
from dispatch.domain.url_path import segment
from dispatch.storage import tickets
from dispatch.tickets import transfers as calls
from dispatch.web.api import transfers
from dispatch.web.pages.routes import Pages
from dispatch.web.pages.tickets import symptom_in_words
from dispatch.web.request_context import RequestContext

pages = Pages("transfers")


@pages.show("/transfers", "see transfers", "transfers.html")
def see_transfers(context: RequestContext) -> dict[str, Any]:
    """The queue: who waits longest is on top, red after a minute."""
    found = transfers.list_transfers(context)
    red = timedelta(seconds=context.installation.settings.transfer_seconds)
    return {
        "on_line": found.on_line,
        "to_call_back": found.to_call_back,
        "waiting": sum(each.taken_by is None for each in found.on_line),
        "is_red": lambda call: call.taken_by is None and context.now - call.since >= red,
        "may_take": context.may("take next call"),
        "symptom_of": functools.partial(symptom_in_words, context),
    }


@pages.show("/transfers/waiting", "see transfers", "transfers_waiting.html")
def count_waiting(context: RequestContext) -> dict[str, Any]:
    """How many callers wait, for the navigation."""
    return {"waiting": calls.waiting(context.tx, context.authorize(), context.now)}


@pages.api.read("/transfers/mine", "take next call")
def see_mine(context: RequestContext) -> Response:
    """Redirect to the call that the agent has taken; back to the queue where there is none."""
    ticket_id = calls.current(context.tx, context.authorize(), context.now)
    if ticket_id is None:
        return RedirectResponse("/transfers", 303)
    number = ticket_number(tickets.get(context.tx, ticket_id).kind, ticket_id)
    return RedirectResponse(f"/tickets/{segment(number)}/take-over", 303)

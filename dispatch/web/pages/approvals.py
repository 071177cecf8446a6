"""审批: what waits for a supervisor's decision, and what became of the requests of late."""

from __future__ import annotations

from typing import Any

from dispatch.errors import BadInput
from dispatch.web.api import approvals, identity_checks
from dispatch.web.api.schemas import Cursor
from dispatch.web.pages.routes import Pages
from dispatch.web.request_context import RequestContext

pages = Pages("approvals")

AT_ONCE = 50


@pages.show("/approvals", "see approvals", "approvals.html", raises=[BadInput])
def see_approvals(context: RequestContext, cursor: Cursor = None) -> dict[str, Any]:
    """What waits, with what the caller may do about it; who must be verified, for supervisors; then the newest."""
    found = approvals.list_approvals(context, False, cursor, AT_ONCE)
    waiting = approvals.list_approvals(context, True, None, AT_ONCE).items if cursor is None else []
    known = {each.approval for each in waiting}
    return {
        "waiting": waiting,
        "items": [each for each in found.items if each.approval not in known],
        "next": found.next,
        "first": cursor is None,
        "decides": context.may("decide approvals"),
        "listed": identity_checks.list_listed(context, AT_ONCE).items if context.may("see who is listed") else [],
    }

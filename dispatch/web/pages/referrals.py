"""非我方来电: a form for a call that is another operator's business, and those of late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dispatch.domain.referral import Whose
from dispatch.errors import BadInput
from dispatch.storage import referrals as stored
from dispatch.web.api import referrals
from dispatch.web.api.schemas import Cursor
from dispatch.web.pages.routes import Pages
from dispatch.web.request_context import RequestContext

pages = Pages("referrals")

AT_ONCE = 50
COUNTED = timedelta(days=30)


@pages.show("/referrals", "see referrals", "referrals.html", raises=[BadInput])
def see_referrals(context: RequestContext, cursor: Cursor = None) -> dict[str, Any]:
    """The calls, the newest first, with how many of 30 days were whose."""
    found = referrals.list_referrals(context, cursor, AT_ONCE)
    return {
        "items": found.items,
        "next": found.next,
        "first": cursor is None,
        "whose": list(Whose),
        "counts": stored.counts(context.tx, context.now - COUNTED),
        "may_refer": context.may("refer callers"),
    }

"""退单退费台: orders that could not be built: call the customer, agree on a time, pay back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dispatch.domain.reasons import CANCELLATION_REASONS
from dispatch.domain.title import Title
from dispatch.web.api import accounts
from dispatch.web.pages import counter
from dispatch.web.pages.routes import Pages
from dispatch.web.request_context import RequestContext

pages = Pages("refunds")

AT_ONCE = 20
_CAUSES = {str(each): each for each in CANCELLATION_REASONS.values()}
_NOT_PROVISIONED = Title("网络不能开通", "The network can't open it")
_GIVEN = ("account",)
"""What the order says already."""


@pages.show("/refunds", "see failed orders", "refunds.html")
def see_refunds(context: RequestContext) -> dict[str, Any]:
    """The failed orders, each with the forms for contact, appointment and refund."""
    form = counter.form("refund", context.installation.counter().plans)
    parts = [replace(part, fields=[each for each in part.fields if each.name not in _GIVEN]) for part in form.parts]
    items = accounts.list_failed_orders(context, AT_ONCE).items
    return {"items": items, "parts": parts, "cause_of": lambda cause: _CAUSES.get(cause, _NOT_PROVISIONED)}

"""需求: who waits for a line where none can be had yet, by area; the list to call; the export for planning."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query

from dispatch.domain.demand import ENDED_FOR, DemandState
from dispatch.errors import BadInput
from dispatch.web.api import demands
from dispatch.web.api.accounts import AREA
from dispatch.web.api.schemas import Cursor
from dispatch.web.pages.routes import Pages
from dispatch.web.policy import Target
from dispatch.web.request_context import RequestContext

pages = Pages("demands")

AT_ONCE = 50
ACTS = ("see who asked", "notify", "end")

_Area = Annotated[str, Query(pattern=f"{AREA}|^$", description="Area; absent or empty: all of the caller's.")]
_State = Annotated[DemandState | str, Query(pattern=f"^({'|'.join(DemandState)})?$")]


@pages.show("/demands", "see demands", "demands.html", raises=[BadInput])
def see_demands(context: RequestContext, area: _Area = "", state: _State = "", cursor: Cursor = None) -> dict[str, Any]:
    """The demands, counted by area, and each with what the caller may do about it."""
    wanted = DemandState(state) if state else None
    found = demands.list_demands(context, area or None, wanted, cursor, AT_ONCE)
    asked = {name: value for name, value in (("area", area), ("state", state)) if value}
    query = urlencode(asked)
    return {
        "by_area": found.by_area,
        "items": found.items,
        "next": found.next and urlencode({**asked, "cursor": found.next}),
        "first": cursor is None,
        "area": area,
        "state": state,
        "states": list(DemandState),
        "reasons": ENDED_FOR,
        "query": f"?{query}" if query else "",
        "may": {
            each.demand: {act for act in ACTS if context.may(act, Target(each.area or ""))} for each in found.items
        },
        "may_export": context.may("export who asked"),
    }

"""隔离区: hops that failed too often. `/api/v1/hops/{hop}/release` releases one."""

from __future__ import annotations

from datetime import datetime

from dispatch.reports import lists
from dispatch.web.api.schemas import ResponseBody
from dispatch.web.api.ticket_views import hop_name
from dispatch.web.policy import NOTHING
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/quarantine", "quarantine")


class Quarantined(ResponseBody):
    """A hop in quarantine."""

    hop: str
    """Hop number, such as F00000042-3."""
    team: str
    """Team, by its name in the rules."""
    area: str
    """Service area 片区."""
    failures: int
    """Number of failed attempts to process it."""
    failure: str | None
    """Last failure; null when there was none."""
    boarded_at: datetime | None
    """Time at which it came onto the board; null: never."""


class Quarantine(ResponseBody):
    """The hops in quarantine."""

    items: list[Quarantined]
    """Hops; those that have been there longest come first."""


@api.read("", "see the quarantine")
def see_quarantine(context: RequestContext) -> Quarantine:
    """Lists the hops in quarantine, the longest there first."""
    rows = lists.quarantine(context.tx, context.areas("see the quarantine", NOTHING))
    return Quarantine(
        items=[
            Quarantined(
                hop=hop_name(row.kind, row.ticket_id, row.seq),
                team=row.team,
                area=row.area,
                failures=row.failures,
                failure=row.failure,
                boarded_at=row.boarded_at,
            )
            for row in rows
        ]
    )

"""隔离区: hops that failed too often. They are released as hops: `/api/v1/hops/{hop}/release`."""

from __future__ import annotations

from datetime import datetime

from dispatch.reports import lists
from dispatch.web.api.schemas import ResponseBody
from dispatch.web.api.ticket_views import hop_name
from dispatch.web.policy import NOTHING
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("/quarantine", "quarantine")


class Quarantined(ResponseBody):
    hop: str
    team: str
    area: str
    failures: int
    failure: str | None
    boarded_at: datetime | None


class Quarantine(ResponseBody):
    items: list[Quarantined]


@api.look("", "see the quarantine")
def see_quarantine(call: Call) -> Quarantine:
    """The longest there first."""
    rows = lists.quarantine(call.tx, call.areas("see the quarantine", NOTHING))
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

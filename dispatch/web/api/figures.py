"""数字: what is under way, what came in and what was closed, for whoever watches over it all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Query

from dispatch import figures
from dispatch.web.api.shapes import Told
from dispatch.web.call import Call
from dispatch.web.policy import NOTHING
from dispatch.web.routes import Api

api = Api("/figures", "figures")


class Hour(Told):
    """One hour, by its beginning in UTC."""

    hour: datetime
    arrived: int
    closed: int


class Figures(Told):
    """`open` and `late` are of now, by team and in all; the rest is of tickets that came in or ended since `since`.
    `answers` are those to callback surveys."""

    since: datetime
    open: int
    late: int
    quarantined: int
    backlog: dict[str, int]
    arrived: int
    closed: int
    reopened: int
    hours: list[Hour]
    answers: dict[str, int]


@api.look("", "see figures")
def see_figures(call: Call, hours: Annotated[int, Query(ge=1, le=168, description="how far back")] = 24) -> Figures:
    """Of the caller's areas."""
    since = (call.now - timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
    areas = call.areas("see figures", NOTHING)
    told = figures.overview(call.tx, since, areas)
    by_hour = [Hour(hour=hour, arrived=arrived, closed=closed) for hour, arrived, closed in told.hours]
    return Figures(
        since=since,
        open=told.open,
        late=told.late,
        quarantined=told.quarantined,
        backlog=told.backlog,
        arrived=sum(each.arrived for each in by_hour),
        closed=sum(each.closed for each in by_hour),
        reopened=told.reopened,
        hours=by_hour,
        answers=told.answers,
    )

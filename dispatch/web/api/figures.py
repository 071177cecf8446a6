"""数字: what is under way, what came in and was closed, what runs, for whoever watches over it all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Query

from dispatch.reports import overview
from dispatch.web.api.schemas import ResponseBody
from dispatch.web.policy import NOTHING
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("/figures", "figures")


class HourBody(ResponseBody):
    """One hour, by its beginning in UTC."""

    hour: datetime
    arrived: int
    closed: int


class BacklogBody(ResponseBody):
    """Of one team; `oldest` is since when the oldest hop is on its board."""

    hops: int
    late: int
    oldest: datetime | None


class QueueBody(ResponseBody):
    """What the relay has to send. `lag`: for how many seconds the oldest has been due."""

    due: int
    lag: float
    quarantined: int


class ProcessBody(ResponseBody):
    """A relay or a worker that was seen within the hour."""

    name: str
    kind: str
    alive: bool
    started_at: datetime
    seen_at: datetime


class FiguresBody(ResponseBody):
    """`open`, `late`, `backlog`, `hops`, `effects` and `processes` are of now; the rest is of the time since `since`.

    `reopened` of the cases `archived` then came back. `answers` are those to callback surveys; `satisfied` of those
    `answered` by a customer ended his case. Processes and outside effects belong to no area."""

    since: datetime
    open: int
    late: int
    backlog: dict[str, BacklogBody]
    hops: QueueBody
    effects: QueueBody
    arrived: int
    closed: int
    hours: list[HourBody]
    archived: int
    reopened: int
    answers: dict[str, int]
    answered: int
    satisfied: int
    processes: list[ProcessBody]


@api.look("", "see figures")
def see_figures(call: Call, hours: Annotated[int, Query(ge=1, le=168, description="how far back")] = 24) -> FiguresBody:
    """Of the caller's areas."""
    since = (call.now - timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
    told = overview.overview(call.tx, call.rulebook, since, call.now, call.areas("see figures", NOTHING))
    by_hour = [HourBody(hour=hour, arrived=arrived, closed=closed) for hour, arrived, closed in told.hours]
    backlog = {team: BacklogBody(hops=of.hops, late=of.late, oldest=of.oldest) for team, of in told.backlog.items()}
    return FiguresBody(
        since=since,
        open=told.open,
        late=sum(of.late for of in told.backlog.values()),
        backlog=backlog,
        hops=_queue(told.hops, call.now),
        effects=_queue(told.effects, call.now),
        arrived=sum(each.arrived for each in by_hour),
        closed=sum(each.closed for each in by_hour),
        hours=by_hour,
        archived=told.archived,
        reopened=told.reopened,
        answers=told.answers,
        answered=told.answered,
        satisfied=told.satisfied,
        processes=[
            ProcessBody(name=row.name, kind=row.kind, alive=alive, started_at=row.started_at, seen_at=row.seen_at)
            for row, alive in overview.processes(call.tx, call.now)
        ],
    )


def _queue(of: overview.Queue, now: datetime) -> QueueBody:
    lag = 0.0 if of.since is None else max(0.0, (now - of.since).total_seconds())
    return QueueBody(due=of.due, lag=round(lag, 1), quarantined=of.quarantined)

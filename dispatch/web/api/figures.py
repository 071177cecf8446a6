"""数字: for supervisors, tickets under way, arrived and closed, and the processes that run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Query

from dispatch.reports import overview
from dispatch.web.api.schemas import ResponseBody
from dispatch.web.policy import NOTHING
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/figures", "figures")


class HourBody(ResponseBody):
    """Tickets that came in and tickets that were closed in one hour."""

    hour: datetime
    """Beginning of the hour, in UTC."""
    arrived: int
    """Tickets that came in."""
    closed: int
    """Tickets that were closed."""


class BacklogBody(ResponseBody):
    """The backlog of one team."""

    hops: int
    """Hops on its board."""
    late: int
    """Hops that have exceeded their service level."""
    oldest: datetime | None
    """Time at which the oldest hop came onto the board; null when the board is empty."""


class QueueBody(ResponseBody):
    """The relay's due work."""

    due: int
    """Number of due hops or effects."""
    lag: float
    """Seconds for which the oldest has been due."""
    quarantined: int
    """Number in quarantine."""


class ProcessBody(ResponseBody):
    """A relay or a worker that was seen within the hour."""

    name: str
    """Name of the process."""
    kind: str
    """Kind of process: relay or worker."""
    alive: bool
    """True while its heartbeat is recent."""
    started_at: datetime
    """Time of its start."""
    seen_at: datetime
    """Time of its last heartbeat."""


class FiguresBody(ResponseBody):
    """The figures of the caller's areas. Processes and outside effects belong to no area."""

    since: datetime
    """Beginning of the period."""
    open: int
    """Tickets that have not ended, now."""
    late: int
    """Hops that have exceeded their service level, now."""
    backlog: dict[str, BacklogBody]
    """Backlog by team, now."""
    hops: QueueBody
    """Hops that the relay has to send, now."""
    effects: QueueBody
    """Outside effects that the relay has to send, now."""
    arrived: int
    """Tickets that came in during the period."""
    closed: int
    """Tickets that were closed during the period."""
    hours: list[HourBody]
    """The period hour by hour."""
    archived: int
    """Tickets archived during the period."""
    reopened: int
    """Tickets of those archived that came back."""
    answers: dict[str, int]
    """Answers to callback surveys during the period, by answer."""
    answered: int
    """Surveys that a customer answered."""
    satisfied: int
    """Surveys whose answer ended the ticket, without those with a grade of 1 or 2."""
    grades: dict[int, int]
    """Surveys by grade, 5 to 1."""
    referrals: dict[str, int]
    """Callers during the period who were not ours, by whose they are."""
    explained: dict[str, int]
    """Reports of suspended lines solved on the phone during the period, by the kind of suspension."""
    processes: list[ProcessBody]
    """Processes seen within the hour."""


@api.read("", "see figures")
def see_figures(
    context: RequestContext, hours: Annotated[int, Query(ge=1, le=168, description="Hours to look back.")] = 24
) -> FiguresBody:
    """Shows the figures of the caller's areas: tickets under way, arrived and closed, and the processes that run."""
    since = (context.now - timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
    told = overview.overview(context.tx, context.rulebook, since, context.now, context.areas("see figures", NOTHING))
    by_hour = [HourBody(hour=hour, arrived=arrived, closed=closed) for hour, arrived, closed in told.hours]
    backlog = {team: BacklogBody(hops=of.hops, late=of.late, oldest=of.oldest) for team, of in told.backlog.items()}
    return FiguresBody(
        since=since,
        open=told.open,
        late=sum(of.late for of in told.backlog.values()),
        backlog=backlog,
        hops=_queue(told.hops, context.now),
        effects=_queue(told.effects, context.now),
        arrived=sum(each.arrived for each in by_hour),
        closed=sum(each.closed for each in by_hour),
        hours=by_hour,
        archived=told.archived,
        reopened=told.reopened,
        answers=told.answers,
        answered=told.answered,
        satisfied=told.satisfied,
        grades=told.grades,
        referrals={str(whose): count for whose, count in told.referrals.items()},
        explained=told.explained,
        processes=[
            ProcessBody(name=row.name, kind=row.kind, alive=alive, started_at=row.started_at, seen_at=row.seen_at)
            for row, alive in overview.processes(context.tx, context.now)
        ],
    )


def _queue(of: overview.Queue, now: datetime) -> QueueBody:
    lag = 0.0 if of.since is None else max(0.0, (now - of.since).total_seconds())
    return QueueBody(due=of.due, lag=round(lag, 1), quarantined=of.quarantined)

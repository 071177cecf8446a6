"""装维请求: what installers have asked of transmission and data, and hasn't come back yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispatch.domain.numbers import hop_number, ticket_number
from dispatch.storage.request_rows import OpenRequest
from dispatch.tickets import requests
from dispatch.web.api.schemas import Limit, ResponseBody
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/requests", "requests")


class InstallersRequest(ResponseBody):
    """A request of an installer to another team."""

    ticket: str
    """Ticket number, such as F00000042."""
    hop: str
    """Number of the hop that was asked for."""
    area: str
    """Service area 片区."""
    account: str
    """Broadband account."""
    symptom: str
    """Symptom, by name."""
    team: str
    """Team that was asked."""
    state: str
    """State of its hop."""
    holder: str | None
    """Person of that team who has it; null: nobody yet."""
    late: bool
    """Whether its time is over."""
    asked_at: datetime
    """Time of the request."""
    asker_team: str
    """Team that asked."""
    asker: str | None
    """Person who asked."""
    finding: str | None
    """Finding that was reported; null: passed on without one."""
    evidence: dict[str, Any]
    """Evidence of that report."""


class InstallersRequests(ResponseBody):
    """Requests that have not come back."""

    items: list[InstallersRequest]
    """Longest waiting first."""


@api.read("", "see requests", summary="List installers' requests")
def list_requests(context: RequestContext, limit: Limit = 50) -> InstallersRequests:
    """Lists what installers and builders have asked of other teams, and has not come back yet."""
    rows = requests.unanswered(context.tx, context.rulebook, context.authorize(), limit)
    return InstallersRequests(items=[shown(row) for row in rows])


def shown(row: OpenRequest) -> InstallersRequest:
    """A request as the API tells it."""
    return InstallersRequest(
        ticket=ticket_number(row.kind, row.ticket_id),
        hop=hop_number(row.kind, row.ticket_id, row.seq),
        area=row.area,
        account=row.account,
        symptom=row.symptom,
        team=row.team,
        state=row.state,
        holder=row.holder,
        late=row.late,
        asked_at=row.asked_at,
        asker_team=row.asker_team,
        asker=row.asker,
        finding=row.finding,
        evidence=row.evidence or {},
    )

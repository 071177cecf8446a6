"""身份核验: supervisors see who is on the list of fraudsters and was sent to a shop; the counter isn't told why."""

from __future__ import annotations

from datetime import datetime

from dispatch.accounts import identity_check
from dispatch.accounts.operation import TITLES
from dispatch.domain.agency import CheckedPerson
from dispatch.web.api.schemas import Limit, ResponseBody, TitleBody, title
from dispatch.web.policy import Target
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/identity-checks", "operations")


class ListedPerson(ResponseBody):
    """A person on the list of fraudsters who came to the counter."""

    operation: int
    """Number of the refused operation."""
    title: TitleBody
    """Name of the operation."""
    checked: CheckedPerson
    """Part that the person had in it."""
    area: str
    """Service area 片区."""
    clerk: str
    """Clerk who was there."""
    outlet: str
    """Outlet where it was."""
    reference: str
    """Reference of the system that answered, to ask there again."""
    at: datetime
    """Time of the answer."""


class ListedPeople(ResponseBody):
    """People on the list of fraudsters."""

    items: list[ListedPerson]
    """People who came, the newest first."""


@api.read("/listed", "see who is listed", summary="List who must be verified")
def list_listed(context: RequestContext, limit: Limit = 50) -> ListedPeople:
    """Lists who came in the last 30 days and is on the list of fraudsters."""
    context.authorize()
    areas = context.areas("see who is listed", Target())
    return ListedPeople(
        items=[
            ListedPerson(
                operation=row.operation_id,
                title=title(TITLES[row.kind]),
                checked=CheckedPerson(row.checked),
                area=row.area,
                clerk=row.actor,
                outlet=row.outlet,
                reference=row.reference,
                at=row.at,
            )
            for row in identity_check.listed(context.tx, areas, context.now, limit)
        ]
    )

"""审计: looks at masked data with their reasons, changes of users, and the access log 登录记录. All is append-only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query

from dispatch.domain.access_acts import AccessAct, browser_title
from dispatch.errors import BadInput
from dispatch.storage import access_log, operations
from dispatch.web.api.schemas import Cursor, Limit, Page, ResponseBody, page, read_cursor
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/audit", "audit")


class AuditEntry(ResponseBody):
    """One entry of the audit trail."""

    at: datetime
    """Time of the act."""
    actor: str
    """User who did it, or the system."""
    role: str
    """Role in which they acted."""
    act: str
    """Name of the act."""
    subject: str
    """User, account or effect that it was done to."""
    reason: str
    """Reason that was given; it may be empty."""


@api.read("", "see the audit trail", raises=[BadInput], summary="See audit trail")
def see_audit(context: RequestContext, cursor: Cursor = None, limit: Limit = 50) -> Page[AuditEntry]:
    """Lists the audit trail, the newest entry first."""
    rows = operations.audit_trail(context.tx, limit + 1, read_cursor(cursor, int))
    items = [
        AuditEntry(at=row.at, actor=row.actor, role=row.role, act=row.act, subject=row.subject, reason=row.reason)
        for row in rows
    ]
    return page(items, limit, rows[limit - 1].id if len(rows) > limit else None)


class AccessLogEntry(ResponseBody):
    """One entry of the access log."""

    at: datetime
    """Time of the act."""
    act: str
    """Name of the act."""
    user: str | None
    """User; null: no user has the name that was typed, or none was."""
    unknown_name: str | None
    """Mark that is the same for each attempt under the same unknown name, which is not kept; null for a user."""
    ended_by: str | None
    """Other person who ended the session; null without one."""
    how: str | None
    """Way by which somebody came in or tried to: password, oidc, token, or token/ID; null where there is none."""
    address: str
    """IP address; `unknown` where there is none."""
    browser: str
    """Browser and system, in a few words; it may be empty."""


UserFilter = Annotated[str | None, Query(min_length=1, max_length=80, description="Name of a user; absent: everybody.")]
ActFilter = Annotated[AccessAct | None, Query(description="Name of an act; absent: all acts.")]
AddressFilter = Annotated[str | None, Query(min_length=1, max_length=45, description="IP address; absent: all.")]


@api.read("/access", "see the audit trail", raises=[BadInput], summary="See access log")
def see_access_log(
    context: RequestContext,
    user: UserFilter = None,
    act: ActFilter = None,
    address: AddressFilter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AccessLogEntry]:
    """Lists sign-ins, refusals and ended sessions, the newest first."""
    rows = access_log.latest(context.tx, limit + 1, read_cursor(cursor, int), user, act, address)
    items = [
        AccessLogEntry(
            at=row.at,
            act=row.act,
            user=row.name,
            unknown_name=row.typed,
            ended_by=row.ended_by,
            how=row.how,
            address=row.address,
            browser=browser_title(row.browser),
        )
        for row in rows
    ]
    return page(items, limit, rows[limit - 1].id if len(rows) > limit else None)

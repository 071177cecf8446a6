"""审计: looks at masked data, with their reasons, and changes of users. The trail is append-only."""

from __future__ import annotations

from datetime import datetime

from dispatch.errors import BadInput
from dispatch.storage import operations
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

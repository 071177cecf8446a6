"""非我方来电: callers who aren't ours, whose business it is and what they were told."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field as Of

from dispatch.domain.referral import Whose
from dispatch.errors import BadInput
from dispatch.storage import referrals as stored
from dispatch.tickets import referrals
from dispatch.tickets.referrals import Stranger
from dispatch.web.api.schemas import Cursor, Limit, Page, RequestBody, ResponseBody, Text, Word, page, read_cursor
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/referrals", "referrals")


class Referral(ResponseBody):
    """A caller who was referred elsewhere."""

    referral: int
    """Identifier."""
    at: datetime
    """Time of the call."""
    actor: str
    """Name of the agent who answered."""
    role: str
    """Role of the agent."""
    caller: str | None
    """Telephone number of the caller; null once it was erased."""
    said_account: str | None
    """Account that the caller named; null: none, or erased."""
    what: str
    """Matter of the call."""
    whose: Whose
    """Operator whose business it is."""
    told: str
    """Answer that the caller was given."""


class ReferralRequest(RequestBody):
    """A call that is another operator's business."""

    caller: Word
    """Telephone number of the caller, of any kind."""
    what: Text
    """Matter of the call."""
    whose: Whose = Of(strict=False)
    """Operator whose business it is."""
    told: Text
    """Answer that the caller was given."""
    said_account: Word | None = None
    """Account that the caller named; absent: none."""


class NewReferral(ResponseBody):
    """A referral that was recorded."""

    referral: int
    """Identifier."""


@api.change("", "refer callers", status=201, raises=[BadInput])
def refer_caller(context: RequestContext, asked: ReferralRequest) -> NewReferral:
    """Records a caller (非我方来电) whose line is not ours and who was told whom to call; there is no ticket."""
    stranger = Stranger(asked.caller, asked.what, asked.whose, asked.told, asked.said_account or "")
    return NewReferral(referral=referrals.refer(context.tx, stranger, context.authorize(), context.now))


@api.read("", "see referrals", raises=[BadInput])
def list_referrals(context: RequestContext, cursor: Cursor = None, limit: Limit = 50) -> Page[Referral]:
    """Lists callers who were referred elsewhere, the newest first."""
    context.authorize()
    rows = stored.listed(context.tx, limit + 1, read_cursor(cursor, int))
    items = [
        Referral(
            referral=row.id,
            at=row.at,
            actor=row.actor,
            role=row.role,
            caller=row.caller,
            said_account=row.said_account,
            what=row.what,
            whose=Whose(row.whose),
            told=row.told,
        )
        for row in rows
    ]
    return page(items, limit, rows[limit - 1].id if len(rows) > limit else None)

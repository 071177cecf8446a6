"""主管批准: somebody asks, a supervisor of the area decides, and the asker's operation cites the approval."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field as Of

from dispatch import approvals
from dispatch.domain.approval import GOOD_FOR, ApprovalNeed, ApprovalState
from dispatch.domain.roles import Role
from dispatch.domain.title import Wording
from dispatch.errors import ApprovalOver, BadInput, NotFound, OwnApproval
from dispatch.storage import approvals as stored
from dispatch.storage.operation_rows import ApprovalRow
from dispatch.web.api.accounts import AREA
from dispatch.web.api.schemas import (
    Cursor,
    Limit,
    Page,
    RequestBody,
    ResponseBody,
    Text,
    TitleBody,
    Word,
    page,
    read_cursor,
    title,
)
from dispatch.web.policy import Target
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/approvals", "approvals")

ApprovalId = Annotated[int, Path(ge=1, lt=2**63, description="Number of the approval.")]


class Approval(ResponseBody):
    """A request for a supervisor's approval, and what became of it."""

    approval: int
    """Number, which the operation sends in `approvals`."""
    act: ApprovalNeed
    """Act that needs the approval."""
    title: TitleBody
    """Name of the act, for people."""
    subject: str
    """Thing that it is done to, such as account/12."""
    subject_name: str | None
    """Number of the account or ticket, or text of the address; null where the subject has no such name."""
    area: str
    """Service area 片区."""
    fen: int | None
    """Largest sum of money that it is about, in fen; null: no money."""
    asked_by: str
    """Name of the user who asked."""
    reason: str
    """Reason that they gave."""
    asked_at: datetime
    """Time at which they asked."""
    state: ApprovalState
    """State by now: waiting, approved, refused, used or lapsed."""
    decided_by: str | None
    """Name of the supervisor who decided; null: nobody yet."""
    decided_at: datetime | None
    """Time of the decision; null: none yet."""
    may_decide: bool
    """True when the caller may decide it now."""


class ApprovalRequest(RequestBody):
    """A request to a supervisor to allow what the refusal of the operation named."""

    act: ApprovalNeed = Of(strict=False)
    """Act that needs the approval."""
    subject: Word
    """Thing that it is done to, such as account/12."""
    area: Annotated[str, Of(pattern=AREA)]
    """Service area 片区 whose supervisors decide."""
    fen: Annotated[int, Of(ge=1, lt=2**53)] | None = None
    """Sum of money that it is about, in fen; absent: no money."""
    reason: Text
    """Reason, of ten characters at least."""


@api.change("", "ask for approval", status=201, raises=[BadInput])
def ask_for_approval(context: RequestContext, asked: ApprovalRequest) -> Approval:
    """Asks the supervisors of the area to allow an act (请主管批准), for half an hour."""
    strange = BadInput(what=Wording(f"您没有片区 {asked.area}", f"there is no area {asked.area} of yours"))
    actor = context.authorize(Target(asked.area), strange)
    row = approvals.ask(context.tx, asked.act, asked.subject, asked.area, asked.fen, asked.reason, actor, context.now)
    return shown(context, [row])[0]


@api.read("", "see approvals", raises=[BadInput])
def list_approvals(
    context: RequestContext,
    waiting: Annotated[bool, Query(description="Only those that wait for a decision, the oldest first.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Approval]:
    """Lists requests for approval, the newest first: of a supervisor's areas, or of the caller."""
    actor = context.authorize()
    decides = context.may("decide approvals")
    areas = context.areas("decide approvals", Target()) if decides else None
    if waiting:
        since = context.now - GOOD_FOR
        rows = stored.waiting(context.tx, since, limit, areas)
        return page(shown(context, [row for row in rows if decides or row.asked_by == actor.name]), limit, None)
    mine = None if decides else actor.name
    rows = stored.listed(context.tx, limit + 1, read_cursor(cursor, int), areas=areas, asked_by=mine)
    return page(shown(context, rows), limit, rows[limit - 1].id if len(rows) > limit else None)


@api.read("/{approval}", "see approvals", raises=[NotFound])
def see_approval(context: RequestContext, approval: ApprovalId) -> Approval:
    """Shows a request for approval to who asked, and to the supervisors of its area."""
    return shown(context, [_find(context, approval)])[0]


@api.change("/{approval}/approve", "decide approvals", raises=[NotFound, ApprovalOver, OwnApproval])
def give_approval(context: RequestContext, approval: ApprovalId) -> Approval:
    """Approves (批准): the asker's act may be done, once, within half an hour."""
    return _decided(context, approval, ApprovalState.APPROVED)


@api.change("/{approval}/refuse", "decide approvals", raises=[NotFound, ApprovalOver, OwnApproval])
def refuse_approval(context: RequestContext, approval: ApprovalId) -> Approval:
    """Refuses to approve (不批准)."""
    return _decided(context, approval, ApprovalState.REFUSED)


def shown(context: RequestContext, rows: Sequence[ApprovalRow]) -> list[Approval]:
    """The requests as the caller sees them."""
    names = stored.subjects(context.tx, rows)
    return [
        Approval(
            approval=row.id,
            act=ApprovalNeed(row.act),
            title=title(ApprovalNeed.label_of(row.act)),
            subject=row.subject,
            subject_name=names.get(row.subject),
            area=row.area,
            fen=row.fen,
            asked_by=row.asked_by,
            reason=row.reason,
            asked_at=row.asked_at,
            state=(state := approvals.state(row, context.now)),
            decided_by=row.decided_by,
            decided_at=row.at,
            may_decide=state is ApprovalState.WAITING
            and row.asked_by != context.user.name
            and context.may("decide approvals", Target(row.area)),
        )
        for row in rows
    ]


def _find(context: RequestContext, approval: int) -> ApprovalRow:
    """A request that the caller asked, or that is a supervisor's of its area to decide. Raises NotFound, NotAllowed."""
    missing = NotFound(what=Wording("审批", "approval"), which=approval)
    for row in stored.find(context.tx, [approval]):
        actor = context.authorize(Target(row.area), missing)
        if actor.role == Role.SUPERVISOR or row.asked_by == actor.name:
            return row
    raise missing


def _decided(context: RequestContext, approval: int, outcome: ApprovalState) -> Approval:
    missing = NotFound(what=Wording("审批", "approval"), which=approval)
    for row in stored.find(context.tx, [approval]):
        actor = context.authorize(Target(row.area), missing)
        return shown(context, [approvals.decide(context.tx, row.id, outcome, actor, context.now)])[0]
    raise missing

"""主管批准: somebody asks, a supervisor of the area decides, and the asker's act cites the approval, once.

An act that needs an approval and cites none is refused, and the refusal says what to ask for. An approval counts for
one subject, in one area, up to one sum of money, for half an hour after the decision.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from dispatch.domain.approval import DECISIONS, LEAST_REASON, ApprovalNeed, ApprovalState, approval_state
from dispatch.domain.roles import Actor, require
from dispatch.domain.text import REASON, clean
from dispatch.domain.title import Wording
from dispatch.domain.user_name import folded
from dispatch.errors import ApprovalNeeded, ApprovalOver, BadInput, NotFound, OwnApproval
from dispatch.storage import approvals, operations
from dispatch.storage.database import Tx
from dispatch.storage.operation_rows import ApprovalRow

APPROVALS = Wording("主管批准", "approvals")

_SUBJECT = re.compile("[a-z]{1,20}/[0-9A-Za-z-]{1,59}")


def state(row: ApprovalRow, now: datetime) -> ApprovalState:
    """What became of the request."""
    return approval_state(row.asked_at, row.outcome, row.at, row.used_by, now)


def ask(
    tx: Tx, need: str, subject: str, area: str, fen: int | None, reason: str, actor: Actor, now: datetime
) -> ApprovalRow:
    """Ask the supervisors of the area. `need`, `subject`, `area` and `fen` are what the refusal named.

    Raises NotAllowed; BadInput, for a reason of fewer than ten characters too.
    """
    require(actor, "ask for approval", APPROVALS)
    if need not in tuple(ApprovalNeed):
        known = ", ".join(ApprovalNeed)
        raise BadInput(
            what=Wording(f"没有审批事项“{need:.40}”；有：{known}", f"{need!r:.40} needs no approval; these do: {known}")
        )
    if not _SUBJECT.fullmatch(subject):
        raise BadInput(what=Wording("审批对象应如 account/12", "write the subject as in account/12"))
    if not actor.covers(area):
        raise BadInput(what=Wording(f"您没有片区 {area:.40}", f"there is no area {area:.40} of yours"))
    why = clean(reason, REASON)
    try:
        clean(reason, REASON, LEAST_REASON)
    except BadInput:
        raise BadInput(
            what=Wording(
                f"请用至少 {LEAST_REASON} 个字说明原因", f"give a reason of {LEAST_REASON} characters at least"
            )
        ) from None
    return approvals.add(tx, need, subject, area, fen, actor.name, why, now)


def decide(tx: Tx, approval_id: int, outcome: ApprovalState, actor: Actor, now: datetime) -> ApprovalRow:
    """Approve or refuse. Raises NotAllowed, NotFound; OwnApproval for the asker; ApprovalOver for what was decided, or
    has lapsed."""
    assert outcome in DECISIONS
    require(actor, "decide approvals", APPROVALS)
    row = find(tx, approval_id, actor, lock=True)
    if folded(row.asked_by) == folded(actor.name):
        raise OwnApproval()
    if (found := state(row, now)) is not ApprovalState.WAITING:
        raise ApprovalOver(approval=row.id, state=found.label)
    approvals.decide(tx, row.id, outcome, actor.name, now)
    act = "approve" if outcome is ApprovalState.APPROVED else "refuse approval"
    operations.note_audit(tx, act, f"approval/{row.id}", f"{row.act} {row.subject}", actor, now)
    return find(tx, approval_id, actor)


def find(tx: Tx, approval_id: int, actor: Actor, *, lock: bool = False) -> ApprovalRow:
    """A request of the actor's areas. Raises NotFound."""
    for row in approvals.find(tx, [approval_id], lock=lock):
        if actor.covers(row.area):
            return row
    raise NotFound(what=Wording("审批", "approval"), which=approval_id)


def use(
    tx: Tx,
    cited: Sequence[int],
    need: ApprovalNeed,
    subject: str,
    area: str,
    used_by: str,
    actor: Actor,
    now: datetime,
    *,
    fen: int | None = None,
) -> int:
    """Use up one of the cited approvals for this act, and return its id. `used_by` names the act, as operation/17;
    `fen` is the money that it is about. Raises ApprovalNeeded."""
    for row in approvals.find(tx, cited, lock=True):
        meant = (row.act, row.subject, row.area, row.asked_by) == (need, subject, area, actor.name)
        enough = fen is None or (row.fen is not None and fen <= row.fen)
        if meant and enough and state(row, now) is ApprovalState.APPROVED:
            approvals.use(tx, row.id, used_by)
            return row.id
    raise ApprovalNeeded(need=need.label, act=need, subject=subject, area=area, fen=fen)

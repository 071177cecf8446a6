"""主管批准: what only a supervisor may allow, and for how long what they allowed counts. Pure.

Whoever needs it asks and gives a reason; a supervisor of the area, never the asker, decides; the asker's operation
cites the approval, once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatch.domain.title import Title, TitledEnum

GOOD_FOR = timedelta(minutes=30)
"""How long a request waits for its decision, and how long a decision counts: as long as the customer stands there."""

LEAST_REASON = 10
"""Characters of a reason that people can see: a supervisor decides by it."""


class ApprovalNeed(TitledEnum):
    """Acts that only a supervisor may allow."""

    OFFICIAL_LIFT = "official-lift", Title("解除官方停机", "Lift an official suspension")
    WRONG_SUSPENSION = "wrong-suspension", Title("误停恢复", "Resume a line suspended by mistake")
    CASH_REFUND = "cash-refund", Title("大额现金退费", "Refund a large sum in cash")
    COMPENSATION = "compensation", Title("超限减免", "Compensate above the desk's limit")
    UNIT_LINES = "unit-lines", Title("单位超限开户", "More lines for a unit than its limit")
    NOT_IN_REGISTRY = "not-in-registry", Title("核验无记录", "Serve somebody whom the registry doesn't know")


class ApprovalState(TitledEnum):
    """Outcome so far of a request for approval."""

    WAITING = "waiting", Title("待批", "Waiting")
    APPROVED = "approved", Title("已批准", "Approved")
    REFUSED = "refused", Title("未批准", "Refused")
    USED = "used", Title("已使用", "Used")
    LAPSED = "lapsed", Title("已失效", "Lapsed")


DECISIONS = (ApprovalState.APPROVED, ApprovalState.REFUSED)
"""The outcomes that a supervisor can choose."""


def approval_state(
    asked_at: datetime, outcome: str | None, decided_at: datetime | None, used_by: str | None, now: datetime
) -> ApprovalState:
    """The state of a request now: one that nobody decided, and an approval that nobody used, lapse."""
    if used_by is not None:
        return ApprovalState.USED
    if outcome == ApprovalState.REFUSED:
        return ApprovalState.REFUSED
    if now - (decided_at or asked_at) >= GOOD_FOR:
        return ApprovalState.LAPSED
    return ApprovalState.WAITING if outcome is None else ApprovalState.APPROVED

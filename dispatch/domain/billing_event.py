"""计费事件 What the billing system tells of an account by itself: it is in arrears, or nothing is owed. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dispatch.domain.title import Title, TitledEnum

EVENT_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")
"""The form of an event's id."""
LONGEST_REFERENCE = 60


class BillingEventKind(TitledEnum):
    ARREARS = "arrears", Title("欠费", "In arrears")
    CLEARED = "cleared", Title("缴清", "Cleared")


class BillingEventOutcome(TitledEnum):
    """The result that an event had here."""

    SUSPENDED = "suspended", Title("已停机", "Suspended for arrears")
    RESUMED = "resumed", Title("已复机", "Resumed")
    LIFTED = "lifted", Title("欠费停机已解除，仍因其他原因停机", "Lifted; still suspended for something else")
    NOTHING = "nothing", Title("无须办理", "Nothing to do")
    OLDER = "older", Title("晚到，不再办理", "Older than one that came before")
    UNKNOWN = "unknown", Title("没有此账号", "No such account")


@dataclass(frozen=True, slots=True)
class BillingEvent:
    """One event. The same `id` means the same event; `seq` numbers an account's events in the order in which billing
    made them. `account` is the account's id, as in bookings; `fen`: what is owed, or was paid; `reference`: of the bill
    or the payment, for people."""

    id: str
    account: int
    seq: int
    kind: BillingEventKind
    fen: int
    reference: str = ""

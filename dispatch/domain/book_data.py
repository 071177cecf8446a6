"""【查】 What the books say of a line: they answer a question of pre-handling instead of the agent. Pure.

Of each datum the script says which answer each value means. A datum may have several values, the more particular first:
a line called by its former name is `renamed`, and for a script that doesn't know that, in service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.suspension import SuspensionKind
from dispatch.domain.title import Title

IN_SERVICE, ENDED, RENAMED = "none", "ended", "renamed"
RECENT, CLEARED, OPEN = "recent", "cleared", "open"
SAME, BEHIND, OTHER, NO_SLIP = "same", "behind", "other", "none"
CHANGED, UNCHANGED = "changed", "unchanged"

DATA: Mapping[str, tuple[str, ...]] = {
    "account-state": (IN_SERVICE, *SuspensionKind, ENDED, RENAMED),
    "payment": (RECENT, CLEARED, OPEN),
    "speed": (SAME, BEHIND),
    "slip": (SAME, OTHER, NO_SLIP),
    "number": (CHANGED, UNCHANGED),
}
"""The values of each datum."""

PAYMENT = "payment"
"""The datum that billing knows."""

TAKES = timedelta(minutes=30)
"""So long a payment may take to be booked, and a line to be resumed."""
LATELY = timedelta(days=90)
"""A number that was changed, or a plan that was voided, so long ago may be why something looks wrong."""


@dataclass(frozen=True, slots=True)
class BookSays:
    """What the books say: the values that fit, what people read, and since when it is so (None: not known)."""

    values: tuple[str, ...]
    title: Title
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BillingSays:
    """What billing says of an account: what is owed, in fen, and when the last payment came in; None: none lately."""

    owed: int
    paid_at: datetime | None


def payment(billing: BillingSays, now: datetime) -> BookSays:
    """The state of a payment. `now` minus TAKES decides whether it is still on its way."""
    if billing.paid_at is not None and now - billing.paid_at < TAKES:
        return BookSays((RECENT,), Title("刚刚缴费", "Paid just now"), billing.paid_at)
    if billing.owed:
        return BookSays((OPEN,), Title("未缴清", "Not paid"), billing.paid_at)
    return BookSays((CLEARED,), Title("已缴清", "Paid"), billing.paid_at)

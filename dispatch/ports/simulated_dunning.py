"""催缴 How a simulated billing system tells of arrears: when a bill is long overdue, and when nothing overdue is left.

`look` has, for each account, the day on which it is looked at next; a booking has it looked at again at once. An event
is written together with that day, so nothing is told twice and nothing is passed over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date

from dispatch.domain.billing_event import BillingEvent, BillingEventKind
from dispatch.ports.simulated_bills import Bills

TABLES = (
    "look (account INTEGER PRIMARY KEY, day TEXT)",
    "told (position INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER, seq INTEGER, kind TEXT, fen INTEGER, "
    "reference TEXT)",
)
MOST = 200
"""Accounts that are looked at in one transaction."""
_K = BillingEventKind
_AT_ONCE = ""


def look_again(system: sqlite3.Connection, account: int) -> None:
    """Look at the account again at once: something was booked."""
    system.execute("REPLACE INTO look VALUES (?, ?)", (account, _AT_ONCE))


def run(system: sqlite3.Connection, bills_of: Callable[[int], Bills], on: date) -> None:
    """Look at the accounts that are due on this day, and tell what has changed. `bills_of`: with entries still to be
    run."""
    due = "SELECT account FROM look WHERE day <= ? ORDER BY account LIMIT ?"
    if not system.execute(due, (on.isoformat(), 1)).fetchone():
        return
    system.execute("BEGIN IMMEDIATE")
    for (account,) in system.execute(due, (on.isoformat(), MOST)).fetchall():
        bills = bills_of(account)
        bills.run(on)
        _tell(system, account, bills)
        day = bills.looked_at_next.isoformat()
        system.execute("UPDATE look SET day = ? WHERE account = ?", (day, account))
    system.execute("COMMIT")


def told(system: sqlite3.Connection, after: int, limit: int) -> Iterator[tuple[int, BillingEvent]]:
    """Yield the first events after this position, each with its own."""
    query = "SELECT position, account, seq, kind, fen, reference FROM told WHERE position > ? ORDER BY position LIMIT ?"
    for position, account, seq, kind, fen, reference in system.execute(query, (after, limit)):
        yield position, BillingEvent(f"{account}-{seq}", account, seq, _K(kind), fen, reference)


def _tell(system: sqlite3.Connection, account: int, bills: Bills) -> None:
    last = "SELECT seq, kind FROM told WHERE account = ? ORDER BY position DESC LIMIT 1"
    seq, kind = system.execute(last, (account,)).fetchone() or (0, None)
    if kind != _K.ARREARS and bills.is_long_overdue:
        oldest = min(bill.due for bill in bills.bills)
        new = _K.ARREARS, bills.overdue, f"B{oldest:%Y%m}"
    elif kind == _K.ARREARS and not bills.overdue:
        new = _K.CLEARED, *_settled_by(system, account)
    else:
        return
    row = "INSERT INTO told (account, seq, kind, fen, reference) VALUES (?, ?, ?, ?, ?)"
    system.execute(row, (account, seq + 1, *new))


def _settled_by(system: sqlite3.Connection, account: int) -> tuple[int, str]:
    """(fen, reference) of what came in last."""
    query = "SELECT fen, reference FROM entry WHERE account = ? AND kind IN ('payment', 'credit') ORDER BY id DESC"
    return system.execute(f"{query} LIMIT 1", (account,)).fetchone() or (0, "")

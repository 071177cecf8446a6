"""Accounts whose money is settled: plans, lines with an ONT, what billing says, and what moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dispatch.accounts import opening
from dispatch.accounts.billing import Paid
from dispatch.accounts.operation import Counter, OperationAccepted
from dispatch.ports.billing import Quote
from dispatch.slips.forms import InvoiceData
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c
from tests.accounts.billed import received

DEPOSIT, PREPAID = "光猫押金", "预存款"
HOME = c.plan("home-60", 300, 60_00, {"deposit": 100_00})
YEARLY = c.plan("yearly-300", 300, 50_00, {"deposit": 100_00, "prepaid": 600_00}, term=12, penalty=30)
BIGGER = c.plan("bigger", 1000, 90_00, {"deposit": 300_00, "prepaid": 150_00})
DEAR = c.plan("dear-1000", 1000, 200_00, {"prepaid": 2400_00}, term=12)


def china(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T10:00:00+08:00").astimezone(UTC)


NOVEMBER_30 = china("2026-11-30")


def cash(yuan: str) -> Paid:
    return Paid(method="cash", amount=yuan)


def active(
    database: Database, counter: Counter, plan: str, paid: Paid | None, day: str, mobile: str | None = None
) -> str:
    """An account that is opened and activated on this day, with an ONT; its number."""
    c.address(database)
    asked = c.application(plan=plan, payment=paid, mobile=mobile)
    done = c.accepted(database, opening.open_account, counter, asked, now=china(day))
    number = str(done.result["account"])
    order = c.order_of(database, number)
    f.reported(database, counter.rulebook, order, f.BUILDER, "installed", china(day), **f.INSTALLED)
    f.work(database, counter.rulebook, china(day))
    return number


def yearly(database: Database, counter: Counter, day: str = "2026-03-10") -> str:
    return active(database, counter, "yearly-300", cash("700.00"), day)


def billed(database: Database, counter: Counter, folder: Path) -> Counter:
    """The counter with a billing system that has received everything so far."""
    return replace(counter, billing=received(database, folder))


def selling(counter: Counter) -> Counter:
    """The counter with these plans."""
    return c.selling(counter, HOME, YEARLY, BIGGER, DEAR)


def told(database: Database, counter: Counter, number: str, *amounts: int) -> None:
    """Billing says: arrears, late fee, unbilled, refundable, gift."""
    assert isinstance(counter.billing, c.ToldBilling)
    arrears, late, unbilled, refundable, gift = (*amounts, 0, 0, 0, 0, 0)[:5]
    quoted = Quote(arrears, late, unbilled, refundable, gift, None, f"q{sum(amounts)}")
    counter.billing.quotes[c.line(database, number).id] = quoted


def lines(done: OperationAccepted) -> dict[str, str]:
    shown: Any = done.result["settlement"]
    return {line["kind"]: line["yuan"] for line in shown}


def moved(database: Database, kind: str) -> list[tuple[str, int, bool]]:
    """(method, fen, whether it goes back on a charge) of the payments of a kind, in order."""
    return [
        (row.method, row.amount, row.refunds is not None) for row in c.rows(database, b.payment) if row.kind == kind
    ]


def red_lines(database: Database) -> list[tuple[str, int]]:
    """The items of red-letter invoices, with their fen."""
    red = [InvoiceData.from_json(row.content) for row in c.rows(database, b.invoice) if row.offsets is not None]
    return [(line.item.zh, line.amount) for each in red for line in each.lines]

"""计费入账: what the counter books at billing as an account is opened, activated, changed and ended."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from dispatch.accounts import binding, closure, pausing, plan_calendar, plan_change, refund, resumption, suspension
from dispatch.accounts.billing import Paid
from dispatch.accounts.operation import Counter
from dispatch.accounts.plan_change import PlanChange
from dispatch.accounts.resumption import Resumption
from dispatch.accounts.suspension import Suspension
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests.accounts import factories as c
from tests.accounts.billed import booked, quote

OPENED = "2026-03-02"
STANDARD = c.plan("standard-300", 300, 60_00, {"deposit": 100_00})
CHEAP = c.plan("cheap-100", 100, 30_00, {})
YEARLY = c.plan("yearly-300", 300, 50_00, {"deposit": 100_00, "prepaid": 600_00}, term=12, penalty=30)


def china(day: str, hour: int = 10) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02d}:00:00+08:00").astimezone(UTC)


@pytest.fixture
def database(sqlite: Database) -> Database:
    return sqlite


@pytest.fixture
def counter(counter: Counter) -> Counter:
    return c.selling(counter, STANDARD, CHEAP, YEARLY)


NOVEMBER_30 = china("2026-11-30")


def cash(yuan: str) -> Paid:
    return Paid(method="cash", amount=yuan)


def served(database: Database, counter: Counter, plan: str, paid: Paid | None, **changes: Any) -> str:
    """A line that was opened and activated on 2 March."""
    return c.in_service(database, counter, plan=plan, payment=paid, **changes)


def sweep(database: Database, counter: Counter, day: str) -> None:
    """The relay's sweeps in the first hour of a day: changes of plan, then pauses."""
    with database.write() as tx:
        plan_calendar.keep(tx, counter.zone, china(day, 0), 10)
        pausing.tend(tx, china(day, 0), counter.zone, 10)


def changing(number: str, plan: str, **changes: Any) -> PlanChange:
    return PlanChange.model_validate({"account": number, "document_number": c.document(), "plan": plan, **changes})


def paused(database: Database, counter: Counter, number: str, months: int = 1) -> None:
    """A pause from 1 December on."""
    asked = {"account": number, "document_number": c.document(), "reason": "away", "months": months}
    request = Suspension.model_validate({**asked, "payment": cash(f"{5 * months}.00")})
    c.accepted(database, suspension.suspend, counter, request, now=NOVEMBER_30)


def resumed(database: Database, counter: Counter, number: str, now: datetime) -> None:
    asked = {"account": number, "document_number": c.document(), "reason": "customer-request"}
    c.accepted(database, resumption.resume, counter, Resumption.model_validate(asked), now=now)


def test_of_what_is_paid_at_opening_the_prepayment_alone_is_the_customers_balance(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = c.opened(database, counter, plan="yearly-300", payment=cash("700.00"))
    assert booked(database) == [("payment", 600_00, False, OPENED)]
    found = quote(database, tmp_path, number, date(2026, 3, 31))
    assert (found.refundable, found.unbilled) == (600_00, 0), "no fee before the activation"
    (row,) = c.rows(database, b.effect, b.effect.c.port == "billing")
    assert row.payload["entries"][0]["reference"] == "00000001", "the invoice's number"


def test_an_opening_without_prepayment_books_nothing(database: Database, counter: Counter) -> None:
    c.opened(database, counter)
    assert booked(database) == []


def test_the_monthly_fee_begins_on_the_day_of_the_activation(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = served(database, counter, "yearly-300", cash("700.00"))
    assert booked(database)[1:] == [("fee", 50_00, True, OPENED)]
    found = quote(database, tmp_path, number, date(2026, 3, 2))
    assert (found.unbilled, found.refundable) == (1_61, 600_00), "one of 31 days"


def test_a_refused_construction_gives_the_prepayment_back_at_billing_too(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = c.failed(database, counter, plan="yearly-300", payment=cash("700.00"))
    asked = {"account": number, "password": SecretStr(c.PASSWORD), "reason": "no-way-for-cable"}
    request = refund.Refund.model_validate({**asked, "invoice": "returned"})
    c.accepted(database, refund.refund, counter, request)
    assert booked(database) == [("payment", 600_00, False, OPENED), ("refund", 600_00, False, OPENED)]
    assert quote(database, tmp_path, number, date(2027, 3, 1)).refundable == 0


def test_november_costs_60_00_and_december_30_00_after_a_change_with_the_next_bill(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = served(database, counter, "standard-300", cash("100.00"))
    c.accepted(database, plan_change.change_plan, counter, changing(number, "cheap-100"), now=NOVEMBER_30)
    sweep(database, counter, "2026-12-01")
    assert booked(database) == [("fee", 60_00, True, OPENED), ("fee", 30_00, True, "2026-12-01")]
    assert quote(database, tmp_path, number, date(2026, 11, 30)).unbilled == 60_00
    assert quote(database, tmp_path, number, date(2026, 12, 31)).unbilled == 30_00


def test_a_prepayment_for_a_change_is_booked_at_once_and_given_back_with_it(
    database: Database, counter: Counter
) -> None:
    number = served(database, counter, "standard-300", cash("100.00"))
    request = changing(number, "yearly-300", payment=cash("600.00"), confirm=("penalty-due",))
    c.accepted(database, plan_change.change_plan, counter, request, now=NOVEMBER_30)
    c.accepted(database, plan_change.change_plan, counter, changing(number, "cheap-100"), now=NOVEMBER_30)
    assert booked(database)[1:] == [("payment", 600_00, False, "2026-11-30"), ("refund", 600_00, False, "2026-11-30")]


def test_a_voided_plan_costs_the_fee_of_what_replaces_it_from_that_day_on(database: Database, counter: Counter) -> None:
    number = served(database, counter, "family-500", cash("100.00"), mobile=c.mobile(7))
    asked = {"account": number, "document_number": c.document(), "mobile": c.mobile(7), "confirm": ("plan-voided",)}
    request = binding.Unbinding.model_validate(asked)
    c.accepted(database, binding.unbind, counter, request, now=china("2026-12-15"))
    assert booked(database) == [("fee", 30_00, True, OPENED), ("fee", 60_00, True, "2026-12-15")]


def test_a_plan_that_changes_during_a_pause_costs_nothing_until_the_pause_is_over(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = served(database, counter, "standard-300", cash("100.00"))
    paused(database, counter, number)
    c.accepted(database, plan_change.change_plan, counter, changing(number, "cheap-100"), now=NOVEMBER_30)
    for day in ("2026-12-01", "2027-01-01"):
        sweep(database, counter, day)
    assert quote(database, tmp_path, number, date(2026, 12, 31)).unbilled == 0
    assert quote(database, tmp_path, number, date(2027, 1, 31)).unbilled == 30_00


def test_a_pause_that_the_relay_began_too_late_costs_no_monthly_fee_either(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = served(database, counter, "standard-300", cash("100.00"))
    paused(database, counter, number)
    c.accepted(database, plan_change.change_plan, counter, changing(number, "cheap-100"), now=NOVEMBER_30)
    with database.write() as tx:
        plan_calendar.keep(tx, counter.zone, china("2026-12-01", 0), 10)
    resumed(database, counter, number, china("2026-12-20"))
    assert quote(database, tmp_path, number, date(2026, 12, 19)).unbilled == 0
    assert quote(database, tmp_path, number, date(2026, 12, 31)).unbilled == 11_61, "12 of 31 days of 30.00"


def test_the_day_of_the_closure_is_the_last_that_is_charged(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = served(database, counter, "standard-300", cash("100.00"))
    asked = {"account": number, "document_number": c.document(), "reason": "moving"}
    request = closure.Closure.model_validate(asked)
    c.accepted(database, closure.close, counter, request, now=china("2026-12-15"))
    assert booked(database)[1:] == [("fee", 0, True, "2026-12-16")]
    assert quote(database, tmp_path, number, date(2026, 12, 31)).unbilled == 29_03, "15 of 31 days"

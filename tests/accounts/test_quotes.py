"""Billing is asked before an operation, and the operation stands on what it answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from dispatch import effects
from dispatch.accounts import asked_first
from dispatch.accounts.asked_first import with_answers
from dispatch.accounts.operation import (
    Act,
    Counter,
    OperationOutcome,
    OperationRefused,
    OperationResult,
    Trial,
    carry_out,
)
from dispatch.accounts.query import View
from dispatch.accounts.quotes import asks_quote, quoted
from dispatch.accounts.suspension import Suspension
from dispatch.ports.billing import BillingEntry, EntryKind, Quote, QuotePurpose, SimulatedBilling
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c

OWED = Quote(120_00, 16_20, 50_00, 0, 0, None, "q1", simulated=True)


@pytest.fixture
def number(database: Database, counter: Counter, monkeypatch: pytest.MonkeyPatch) -> str:
    """An account that owes something; viewing it asks billing."""
    monkeypatch.setattr(
        asked_first, "ASKED_FIRST", {**asked_first.ASKED_FIRST, "view": (asks_quote(QuotePurpose.CLOSE),)}
    )
    number = c.in_service(database, counter, plan="family-500", mobile=c.mobile(7))
    billing = counter.billing
    assert isinstance(billing, c.ToldBilling)
    billing.quotes[c.line(database, number).id] = OWED
    return number


def seen(
    database: Database,
    counter: Counter,
    request: View,
    number: str,
    meanwhile: Callable[[], None] = lambda: None,
) -> OperationOutcome:
    """View the account; between the question and the operation, `meanwhile` happens."""
    ready = with_answers(counter, database, "view", request, f.CLERK.role, f.NOW)
    meanwhile()

    line = c.line(database, number)

    def look(act: Act) -> OperationResult:
        found = quoted(act, line, QuotePurpose.CLOSE)
        return OperationResult(None, None, {"owed": found and found.owed, "quote": found and found.quote_id})

    with database.write() as tx:
        return carry_out(tx, ready, "view", request, f.CLERK, f.NOW + timedelta(minutes=9), look)


def test_a_quote_is_asked_by_the_accounts_number_and_read_in_the_operation(
    database: Database, counter: Counter, number: str
) -> None:
    assert seen(database, counter, View(account=number), number).result == {"owed": 136_20, "quote": "q1"}


def test_a_quote_is_asked_by_a_bound_mobile_number(
    database: Database, counter: Counter, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        asked_first, "ASKED_FIRST", {**asked_first.ASKED_FIRST, "suspend": (asks_quote(QuotePurpose.CHECK),)}
    )
    request = Suspension(mobile=c.mobile(7), reason="customer-request")

    assert len(with_answers(counter, database, "suspend", request, f.CLERK.role, f.NOW).answers) == 1
    assert (
        with_answers(counter, database, "suspend", Suspension(mobile="1", reason="x"), f.CLERK.role, f.NOW).answers
        == ()
    )


def test_no_quote_is_asked_of_an_account_that_is_not_there(database: Database, counter: Counter, number: str) -> None:
    for request in (View(account="KD99999999"), View(account="?"), View(document_kind="passport")):
        assert with_answers(counter, database, "view", request, f.CLERK.role, f.NOW).answers == ()


def test_a_quote_of_another_purpose_does_not_count(
    database: Database, counter: Counter, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        asked_first, "ASKED_FIRST", {**asked_first.ASKED_FIRST, "view": (asks_quote(QuotePurpose.TRANSFER),)}
    )

    outcome = seen(database, counter, View(account=number), number)
    assert isinstance(outcome, OperationRefused)
    assert outcome.code == "port-unavailable"


def test_an_operation_that_needs_a_quote_is_refused_while_billing_is_away(
    database: Database, counter: Counter, number: str
) -> None:
    away = replace(counter, billing=c.ToldBilling(away=True))

    outcome = seen(database, away, View(account=number), number)
    assert isinstance(outcome, OperationRefused)
    assert outcome.code == "port-unavailable"


def test_a_trial_gets_no_quote(database: Database, counter: Counter, number: str) -> None:
    tried = replace(counter, trial=Trial())

    assert seen(database, tried, View(account=number), number).result == {"owed": None, "quote": None}


# -- what is on its way to billing --------------------------------------------------------------------


def test_a_quote_has_what_was_booked_before_it_also_what_is_still_on_its_way(
    database: Database, counter: Counter, number: str, tmp_path: Path
) -> None:
    real = replace(counter, billing=SimulatedBilling(tmp_path / "billing.db", counter.zone))
    pay(database, number, 100_00)

    outcome = seen(database, real, View(account=number), number)

    assert outcome.result["owed"] == 0
    assert real.billing.quote(c.line(database, number).id, date(2026, 3, 2), QuotePurpose.CLOSE).refundable == 100_00
    assert {row.state for row in bookings_of(database)} == {"due"}, "the relay still sends them, which books nothing"


def test_what_is_booked_after_a_quote_makes_it_void(database: Database, counter: Counter, number: str) -> None:
    for confirmed_at in (None, f.NOW + timedelta(seconds=1)):

        def meanwhile(confirmed_at: datetime | None = confirmed_at) -> None:
            pay(database, number, 100_00)
            if confirmed_at is not None:
                confirm(database, confirmed_at)

        outcome = seen(database, counter, View(account=number), number, meanwhile)
        assert isinstance(outcome, OperationRefused)
        assert outcome.code == "quote-changed"


def test_while_billing_refuses_a_booking_no_quote_is_right(database: Database, counter: Counter, number: str) -> None:
    refusing = replace(counter, billing=c.ToldBilling(refusing=True))

    outcome = seen(database, refusing, View(account=number), number)
    assert isinstance(outcome, OperationRefused)
    assert outcome.code == "port-unavailable"


def pay(database: Database, number: str, fen: int) -> None:
    entry = BillingEntry(EntryKind.PAYMENT, fen, f.NOW)
    with database.write() as tx:
        effects.book(tx, f"test/{len(bookings_of(database))}", c.line(database, number), [entry], f.NOW)


def bookings_of(database: Database) -> list[Any]:
    return c.rows(database, b.effect, b.effect.c.port == "billing")


def confirm(database: Database, at: datetime) -> None:
    """As the worker does, once billing has accepted them."""
    confirmed = update(b.effect).where(b.effect.c.port == "billing")
    with database.write() as tx:
        tx.execute(confirmed.values(state="confirmed", confirmed_at=at, wake_at=None))

"""The relay reads billing's feed: each event acts once, also when the relay dies meanwhile, or billing is away."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from dispatch.accounts import billing_events
from dispatch.ports.billing import BillingEntry, Booking, EntryKind, FedEvent
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables.billing import billing_event
from tests import factories as f
from tests.accounts import factories as c
from workers import billing_feed
from workers.billing_feed import BillingFeed
from workers.context import Context


@pytest.fixture
def account(sqlite: Database, context: Context) -> int:
    """An account that has paid no bill for a year."""
    f.account(sqlite)
    id_ = c.line(sqlite, "GZ1").id
    book(context, id_, BillingEntry(EntryKind.FEE, 60_00, datetime(2026, 1, 1, tzinfo=UTC), monthly=True))
    return id_


def book(context: Context, account: int, entry: BillingEntry) -> None:
    assert context.billing.book([Booking(f"k/{entry.kind}", account, "GZ1", (entry,))]) == {}


def state(database: Database) -> str:
    return c.line(database, "GZ1").state


@pytest.fixture(autouse=True)
def _without_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(billing_feed, "SECONDS", 0.0)
    monkeypatch.setattr(billing_feed, "AWAY_SECONDS", 0.0)


def test_an_account_long_in_arrears_is_suspended_and_resumes_once_it_has_paid(
    sqlite: Database, context: Context, account: int
) -> None:
    feed = BillingFeed(context)
    for _ in range(3):
        feed.read()
    assert state(sqlite) == "suspended"
    book(context, account, BillingEntry(EntryKind.PAYMENT, 5_000_00, datetime.now(UTC), reference="T1"))
    for _ in range(3):
        feed.read()
    assert state(sqlite) == "in-service"
    (row,) = c.rows(sqlite, b.suspension)
    assert (row.kind, row.lifted_for, row.settled_by) == ("arrears", "cleared", "T1")
    assert [row.outcome for row in c.rows(sqlite, billing_event)] == ["suspended", "resumed"]


def test_a_relay_that_dies_before_its_commit_has_done_nothing_and_the_next_does_it(
    sqlite: Database, context: Context, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = billing_events.receive_fed

    def dies(tx: Any, fed: Iterable[FedEvent], now: datetime) -> None:
        act(tx, fed, now)
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(billing_events, "receive_fed", dies)
        with pytest.raises(KeyboardInterrupt):
            BillingFeed(context).read()
    assert state(sqlite) == "in-service"
    BillingFeed(context).read()
    assert state(sqlite) == "suspended"
    assert len(c.rows(sqlite, billing_event)) == 1


def test_while_billing_is_away_its_events_wait(
    sqlite: Database, context: Context, account: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OSError("no route")

    feed = BillingFeed(context)
    with monkeypatch.context() as cut:
        cut.setattr(context.billing, "events", away)
        feed.read()
    assert state(sqlite) == "in-service"
    feed.read()
    assert state(sqlite) == "suspended"

"""The simulated billing system: its bills, its memory of keys, its own ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.money import share
from dispatch.domain.monthly_fee import part_of_month
from dispatch.domain.plans import next_bill_day
from dispatch.ports import simulated_bills
from dispatch.ports.billing import BillingEntry, Booking, EntryKind, Quote, QuotePurpose, SimulatedBilling
from dispatch.ports.simulated_bills import Bills

CHINA = ZoneInfo("Asia/Shanghai")
_KEYS = count(1)


@pytest.fixture
def system(tmp_path: Path) -> SimulatedBilling:
    return SimulatedBilling(tmp_path / "billing.db", CHINA)


def at(day: str, hour: int = 10) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), CHINA) + timedelta(hours=hour)


def fee(fen: int, day: str) -> BillingEntry:
    return BillingEntry(EntryKind.FEE, fen, at(day), monthly=True)


def entry(kind: EntryKind, fen: int, day: str, reference: str = "") -> BillingEntry:
    return BillingEntry(kind, fen, at(day), reference=reference)


def book(system: SimulatedBilling, *entries: BillingEntry, key: str = "", account: int = 1) -> dict[str, str]:
    return dict(system.book([Booking(key or f"k/{next(_KEYS)}", account, "kd1", entries)]))


def quote(system: SimulatedBilling, day: str) -> Quote:
    return system.quote(1, date.fromisoformat(day), QuotePurpose.CLOSE)


def amounts(found: Quote) -> tuple[int, int, int, int, int]:
    """(arrears, late fee, unbilled, refundable, gift) in fen."""
    return found.arrears, found.late_fee, found.unbilled, found.refundable, found.gift


def test_a_prepaid_year_is_used_up_month_by_month_the_first_by_its_days(system: SimulatedBilling) -> None:
    """600.00 prepaid, 50.00 a month from 10 March: March costs 22 of 31 days, 35.48; November 50.00 is not billed."""
    book(system, entry(EntryKind.PAYMENT, 600_00, "2026-03-08"), fee(50_00, "2026-03-10"))
    assert amounts(quote(system, "2026-11-30")) == (0, 0, 50_00, 214_52, 0)
    assert amounts(quote(system, "2026-04-01")) == (0, 0, 1_67, 564_52, 0)


def test_on_the_first_day_one_of_thirty_is_unbilled_and_all_is_refundable(system: SimulatedBilling) -> None:
    book(system, entry(EntryKind.PAYMENT, 600_00, "2026-11-02"), fee(50_00, "2026-11-02"))
    assert amounts(quote(system, "2026-11-02")) == (0, 0, 1_67, 600_00, 0)


def test_arrears_of_120_yuan_45_days_late_cost_16_20_more(system: SimulatedBilling) -> None:
    book(system, fee(120_00, "2026-09-01"), fee(0, "2026-10-01"))
    found = quote(system, "2026-12-04")  # due on 20 October
    assert amounts(found) == (120_00, 16_20, 0, 0, 0)
    assert found.owed == 136_20
    assert quote(system, "2026-10-20").late_fee == 0


@pytest.mark.parametrize(("day", "owed"), [("2026-10-20", 0), ("2026-10-21", 120_36), ("2026-11-01", 124_32)])
def test_a_bill_counts_as_owed_from_the_day_after_it_was_due_while_all_are_arrears(
    system: SimulatedBilling, day: str, owed: int
) -> None:
    book(system, fee(120_00, "2026-09-01"), fee(60_00, "2026-10-01"), fee(0, "2026-11-01"))
    found = quote(system, day)
    assert (found.owed, found.not_due) == (owed, found.arrears - found.overdue)
    assert found.arrears == (180_00 if day == "2026-11-01" else 120_00)


def test_a_late_fee_is_never_more_than_was_owed(system: SimulatedBilling) -> None:
    book(system, fee(120_00, "2026-09-01"), fee(0, "2026-10-01"))
    assert amounts(quote(system, "2028-12-04"))[:2] == (120_00, 120_00)


def test_a_payment_settles_the_oldest_bill_and_its_late_fee_first_and_the_rest_is_prepaid(
    system: SimulatedBilling,
) -> None:
    book(system, fee(120_00, "2026-09-01"), fee(0, "2026-11-01"))
    assert amounts(quote(system, "2026-12-04"))[:2] == (240_00, 16_20 + 5_04)  # 45 and 14 days late
    book(system, entry(EntryKind.PAYMENT, 136_20, "2026-12-04"))
    assert amounts(quote(system, "2026-12-04"))[:2] == (120_00, 5_04)
    book(system, entry(EntryKind.PAYMENT, 200_00, "2026-12-04"))
    assert amounts(quote(system, "2026-12-04")) == (0, 0, 0, 74_96, 0)


def test_credits_lower_the_next_bill_and_are_not_paid_back(system: SimulatedBilling) -> None:
    book(system, fee(60_00, "2026-11-01"), entry(EntryKind.CREDIT, 8_00, "2026-11-10"))
    assert amounts(quote(system, "2026-11-30")) == (0, 0, 52_00, 0, 0)
    assert amounts(quote(system, "2026-12-01")) == (52_00, 0, 2_00 - 6, 0, 0)  # 1 of 31 days is 1.94
    book(system, entry(EntryKind.CREDIT, 100_00, "2026-12-01"))
    assert amounts(quote(system, "2026-12-01")) == (0, 0, 0, 0, 46_06)


def test_a_fee_of_once_is_on_the_next_bill_and_what_was_refunded_too_much_is_owed(system: SimulatedBilling) -> None:
    book(system, entry(EntryKind.PAYMENT, 10_00, "2026-11-01"), entry(EntryKind.FEE, 3_00, "2026-11-02"))
    book(system, entry(EntryKind.REFUND, 12_00, "2026-11-03"))
    assert amounts(quote(system, "2026-11-03")) == (0, 0, 5_00, 0, 0)
    assert amounts(quote(system, "2026-12-01")) == (5_00, 0, 0, 0, 0)


def test_a_new_monthly_fee_counts_from_its_day_on_and_each_part_is_rounded_by_itself(
    system: SimulatedBilling,
) -> None:
    book(system, fee(50_00, "2026-11-01"), fee(70_00, "2026-11-11"))
    assert quote(system, "2026-11-30").unbilled == part_of_month(
        50_00, date(2026, 11, 1), date(2026, 11, 10)
    ) + part_of_month(70_00, date(2026, 11, 11), date(2026, 11, 30))


def test_a_quote_has_the_same_id_as_long_as_its_amounts_are_the_same(system: SimulatedBilling) -> None:
    book(system, fee(50_00, "2026-11-01"))
    one = quote(system, "2026-11-30")
    assert quote(system, "2026-11-30") == one
    assert one.simulated
    assert one.penalty is None
    book(system, entry(EntryKind.PAYMENT, 1, "2026-11-30"))
    assert quote(system, "2026-11-30").quote_id != one.quote_id


def test_a_key_is_booked_once_and_the_ledger_says_so(system: SimulatedBilling) -> None:
    paid = entry(EntryKind.PAYMENT, 50_00, "2026-11-01", "T1")
    assert book(system, paid, key="operation/1/billing") == {}
    assert book(system, paid, key="operation/1/billing") == {}
    assert quote(system, "2026-11-30").refundable == 50_00
    assert list(system.ledger.effects()) == [("book", "operation/1/billing")]


def test_an_amount_below_nothing_is_refused_and_booked_by_half_never(system: SimulatedBilling) -> None:
    wrong = book(system, entry(EntryKind.PAYMENT, 50_00, "2026-11-01"), fee(-1, "2026-11-01"), key="k")
    assert wrong == {"k": "negative-amount"}
    assert quote(system, "2026-11-30").refundable == 0


def test_payments_since_a_moment_are_told_the_newest_first(system: SimulatedBilling) -> None:
    for day, reference in (("2026-11-01", "T1"), ("2026-11-03", "T3"), ("2026-11-02", "T2")):
        book(system, entry(EntryKind.PAYMENT, 50_00, day, reference))
    found = system.payments(1, at("2026-11-02"))
    assert [(each.reference, each.fen) for each in found] == [("T3", 50_00), ("T2", 50_00)]
    assert found[0].at == at("2026-11-03").astimezone(UTC)
    assert system.payments(2, at("2026-11-02")) == []


def test_a_system_whose_file_cannot_be_used_is_out_of_reach(tmp_path: Path) -> None:
    system = SimulatedBilling(tmp_path / "away" / "billing.db", CHINA)
    for act in (
        lambda: quote(system, "2026-11-30"),
        lambda: book(system, fee(1, "2026-11-01")),
        lambda: system.payments(1, at("2026-11-02")),
        lambda: system.events(0, date(2026, 11, 30), 50),
    ):
        with pytest.raises(OSError, match="unable to open"):
            act()


def events(system: SimulatedBilling, day: str, after: int = 0) -> list[tuple[int, str, int, int, str]]:
    """(position, kind, seq, fen, reference) of what the feed tells on this day."""
    fed = system.events(after, date.fromisoformat(day), 50)
    return [(each.position, each.event.kind, each.event.seq, each.event.fen, each.event.reference) for each in fed]


def test_a_bill_of_the_1st_due_on_the_20th_is_told_as_arrears_30_days_after_and_its_payment_at_once(
    system: SimulatedBilling,
) -> None:
    """September's 120.00 is billed on 1 October, due on the 20th, in arrears on 19 November with 30 days' late fee."""
    book(system, fee(120_00, "2026-09-01"), fee(0, "2026-10-01"))
    assert [events(system, day) for day in ("2026-09-30", "2026-10-21", "2026-11-18")] == [[], [], []]
    arrears = (1, "arrears", 1, 130_80, "B202610")
    assert events(system, "2026-11-19") == [arrears]
    assert events(system, "2026-11-25") == [arrears], "the feed forgets nothing"
    assert events(system, "2026-11-25", after=1) == []

    book(system, entry(EntryKind.PAYMENT, 100_00, "2026-11-25", "T1"))
    assert events(system, "2026-11-25", after=1) == [], "a part doesn't clear it"
    book(system, entry(EntryKind.PAYMENT, 40_00, "2026-11-25", "T2"))
    assert events(system, "2026-11-25", after=1) == [(2, "cleared", 2, 40_00, "T2")]


def test_a_customer_who_pays_in_time_or_in_advance_is_told_of_never(system: SimulatedBilling) -> None:
    book(system, fee(50_00, "2026-09-01"), entry(EntryKind.PAYMENT, 100_00, "2026-09-01"))
    book(system, fee(50_00, "2026-09-01"), fee(0, "2026-10-01"), account=2)
    book(system, entry(EntryKind.PAYMENT, 51_65, "2026-10-31"), account=2)
    assert [events(system, day) for day in ("2026-10-30", "2026-10-31", "2026-12-19", "2027-01-18")] == [[]] * 4
    assert events(system, "2027-01-19") == [(1, "arrears", 1, 54_50, "B202612")]


def test_what_is_owed_again_after_it_was_cleared_is_told_again_under_the_next_number(system: SimulatedBilling) -> None:
    book(system, fee(50_00, "2026-09-01"))
    assert events(system, "2026-11-19")[-1][1:3] == ("arrears", 1)
    book(system, entry(EntryKind.PAYMENT, 200_00, "2026-11-20"))
    assert events(system, "2026-11-20")[-1][1:3] == ("cleared", 2)
    assert events(system, "2027-04-19")[-1][1:3] == ("arrears", 3)


def test_two_readers_of_the_feed_are_told_the_same(system: SimulatedBilling, tmp_path: Path) -> None:
    book(system, fee(120_00, "2026-09-01"))
    other = SimulatedBilling(tmp_path / "billing.db", CHINA)
    assert events(system, "2026-11-19") == events(other, "2026-11-19") != []


def test_a_share_is_rounded_half_up() -> None:
    assert [share(50_00, 22, 31), share(1, 1, 2), share(1, 1, 3), share(0, 5, 7)] == [35_48, 1, 0, 0]


_DAYS = st.dates(date(2026, 1, 1), date(2027, 6, 30))
_SIGNS = {EntryKind.PAYMENT: 1, EntryKind.CREDIT: 1, EntryKind.REFUND: -1, EntryKind.FEE: -1}
_ENTRIES = st.lists(st.tuples(_DAYS, st.sampled_from(sorted(_SIGNS)), st.integers(0, 500_00)), max_size=12)


@given(_ENTRIES)
def test_no_fen_is_lost_or_made_between_entries_and_bills(entries: list[tuple[date, EntryKind, int]]) -> None:
    """What came in, less what was paid back or charged, is what is left less what is owed. Late fees come on top."""
    bills = Bills()
    for on, kind, fen in sorted(entries, key=lambda each: each[0]):
        bills.add(kind, fen, on)
    with pytest.MonkeyPatch.context() as free:
        free.setattr(simulated_bills, "LATE_PER_MILLE", 0)
        bills.run(date(2027, 6, 30))
    left = bills.prepaid + bills.credits - bills.arrears - bills.once
    assert left == sum(_SIGNS[kind] * fen for _, kind, fen in entries)
    assert min(bills.arrears, bills.unbilled, bills.prepaid, bills.gift) >= 0
    assert not (bills.prepaid and bills.arrears)


@given(_DAYS, st.integers(0, 500_00))
def test_a_month_that_is_served_whole_costs_its_fee(day: date, fen: int) -> None:
    first = day.replace(day=1)
    assert part_of_month(fen, first, next_bill_day(first, 1) - timedelta(days=1)) == fen
    assert part_of_month(fen, day, day - timedelta(days=1)) == 0

"""停机保号: agreed and paid in advance, begun and ended by the relay, or ended early by the holder."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import messages
from dispatch.accounts import pause_ending, pausing, resumption, suspension
from dispatch.accounts.billing import Paid
from dispatch.accounts.operation import Counter, OperationAccepted, OperationRefused
from dispatch.accounts.resumption import Resumption
from dispatch.accounts.suspension import Suspension
from dispatch.domain.plans import months_later
from dispatch.domain.suspension import months_begun, unused
from dispatch.domain.time import begin_of_day
from dispatch.errors import BadInput
from dispatch.ports.billing import BillingEntry, Booking, EntryKind, Quote, QuotePurpose
from dispatch.storage import enrolments
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c
from tests.accounts.billed import booked, received

BOUND = c.mobile(7)
TODAY = date(2026, 11, 30)
CHINA = ZoneInfo("Asia/Shanghai")


def at(counter: Counter, day: date, hour: int = 10) -> datetime:
    return begin_of_day(day, counter.zone) + timedelta(hours=hour)


def pausing_for(number: str, months: int | None = 3, paid: str | None = "15.00", **changes: Any) -> Suspension:
    payment = None if paid is None else Paid(method="cash", amount=paid)
    asked = {"account": number, "document_number": c.document(), "reason": "away", "months": months}
    return Suspension(**{**asked, "payment": payment, **changes})


def back(number: str, **changes: Any) -> Resumption:
    asked = {"account": number, "document_number": c.document(), "reason": "customer-request"}
    return Resumption(**{**asked, **changes})


def agreed(database: Database, counter: Counter, number: str, day: date = TODAY, **how: Any) -> OperationAccepted:
    return c.accepted(database, suspension.suspend, counter, pausing_for(number, **how), now=at(counter, day))


def tend(database: Database, counter: Counter, day: date) -> int:
    """Play the relay at the first minute of a day."""
    with database.write() as tx:
        return pausing.tend(tx, at(counter, day, 0), counter.zone, 50)


def term(database: Database, number: str) -> date | None:
    with database.read() as tx:
        enrolment = enrolments.in_force(tx, c.line(database, number).id)
    assert enrolment is not None
    return enrolment.until


@pytest.fixture
def number(database: Database, counter: Counter) -> str:
    """A line whose plan of 60.00 a month has a term to 10 March 2027."""
    number = c.in_service(database, counter, plan="home-300", mobile=BOUND)
    with database.write() as tx:
        enrolment = enrolments.in_force(tx, c.line(database, number).id)
        assert enrolment is not None
        enrolments.move_term(tx, enrolment.id, date(2027, 3, 10))
    return number


def test_three_months_agreed_on_30_november_run_from_1_december_to_1_march_for_15_yuan_and_move_the_term(
    database: Database, counter: Counter, number: str
) -> None:
    done = agreed(database, counter, number)

    assert (done.result["from"], done.result["until"]) == ("2026-12-01", "2027-03-01")
    assert c.line(database, number).state == "in-service", "it begins tomorrow"
    slip = c.slip(database, done)
    assert slip.payment is not None
    assert [(line.label.zh, line.fen) for line in slip.payment.amounts] == [("停机保号费", 15_00)]
    assert "2027-03-10 → 2027-06-10" in [line.value for line in slip.sections[0].lines]

    assert tend(database, counter, TODAY) == 0
    assert tend(database, counter, date(2026, 12, 1)) == 1
    assert (c.line(database, number).state, c.line(database, number).suspended_for) == ("suspended", "customer-request")
    assert tend(database, counter, date(2027, 2, 28)) == 0
    assert tend(database, counter, date(2027, 3, 1)) == 1
    assert c.line(database, number).state == "in-service"
    assert term(database, number) == date(2027, 6, 10)
    assert [row.lifted_for for row in c.rows(database, b.suspension)] == ["until"]


def test_back_on_10_january_two_months_had_begun_so_5_yuan_go_back_and_the_term_ends_on_10_may(
    database: Database, counter: Counter, number: str
) -> None:
    agreed(database, counter, number)
    tend(database, counter, date(2026, 12, 1))

    done = c.accepted(database, resumption.resume, counter, back(number), now=at(counter, date(2027, 1, 10)))

    assert c.line(database, number).state == "in-service"
    assert term(database, number) == date(2027, 5, 10)
    lines = [line.value for line in c.slip(database, done).sections[0].lines]
    assert "5.00 元 yuan" in lines
    assert "2027-03-10 → 2027-05-10" in lines
    assert tend(database, counter, date(2027, 3, 1)) == 0


def test_no_monthly_fee_is_charged_from_the_first_day_to_the_last(
    database: Database, counter: Counter, number: str
) -> None:
    before = booked(database)
    agreed(database, counter, number)
    tend(database, counter, date(2026, 12, 1))
    c.accepted(database, resumption.resume, counter, back(number), now=at(counter, date(2027, 1, 10)))

    assert booked(database)[len(before) :] == [
        ("fee", 0, True, "2026-12-01"),
        ("fee", 60_00, True, "2027-01-10"),
        ("payment", 5_00, False, "2027-01-10"),
    ]


def test_a_pause_that_has_not_begun_is_called_off_and_paid_back_whole(
    database: Database, counter: Counter, number: str
) -> None:
    agreed(database, counter, number)

    done = c.accepted(database, resumption.resume, counter, back(number), now=at(counter, TODAY, 12))

    assert c.line(database, number).state == "in-service"
    assert "15.00 元 yuan" in [line.value for line in c.slip(database, done).sections[0].lines]
    assert "resume" not in [payload.get("order") for _, payload in c.effects(database, done)]
    assert term(database, number) == date(2027, 3, 10)
    assert tend(database, counter, date(2026, 12, 1)) == 0


def test_a_pause_is_agreed_by_a_bound_telephone_too(database: Database, counter: Counter, number: str) -> None:
    asked = pausing_for(number, account=None, document_number=None, mobile=BOUND)

    assert c.accepted(database, suspension.suspend, counter, asked).result["kind"] == "keep"


@pytest.mark.parametrize("said", [{"authority": "公安局"}, {"reference": "7号"}])
def test_a_pause_takes_nothing_that_it_would_not_keep(
    database: Database, counter: Counter, number: str, said: dict[str, Any]
) -> None:
    with pytest.raises(BadInput, match="a pause has no authority"):
        agreed(database, counter, number, **said)


@pytest.mark.parametrize("months", [None, 7, 12])
def test_a_pause_has_one_to_six_months(database: Database, counter: Counter, number: str, months: int | None) -> None:
    with pytest.raises(BadInput):
        agreed(database, counter, number, months=months)


def test_at_most_six_months_in_twelve_are_paused(database: Database, counter: Counter, number: str) -> None:
    agreed(database, counter, number, months=4, paid="20.00")
    for day in (date(2026, 12, 1), date(2027, 4, 1)):
        tend(database, counter, day)
    asked = pausing_for(number, months=3)
    outcome = c.refused(database, suspension.suspend, counter, asked, now=at(counter, date(2027, 5, 10)))
    assert (outcome.code, "已有 4 个月" in outcome.reason or "已有4个月" in outcome.reason) == ("pause-limit", True)

    agreed(database, counter, number, day=date(2027, 5, 10), months=2, paid="10.00")


def test_who_owes_something_gets_no_pause(database: Database, counter: Counter, number: str) -> None:
    assert isinstance(counter.billing, c.ToldBilling)
    counter.billing.quotes[c.line(database, number).id] = Quote(120_00, 16_20, 0, 0, 0, None, "q")

    outcome = c.refused(database, suspension.suspend, counter, pausing_for(number))

    assert (outcome.code, outcome.said.zh) == ("arrears-open", "尚欠136.20元，请先缴清。")
    counter.billing.away = True
    assert c.refused(database, suspension.suspend, counter, pausing_for(number)).code == "port-unavailable"


@pytest.mark.parametrize(("day", "owed"), [("2026-12-20", ""), ("2026-12-21", "尚欠60.18元")])
def test_a_bill_of_the_1st_hinders_a_pause_from_the_day_after_it_was_due(
    database: Database, counter: Counter, number: str, tmp_path: Path, day: str, owed: str
) -> None:
    """November's bill of 60.00 is due on 20 December; a day later it costs 3 ‰ more. All before it is paid."""
    system, account = received(database, tmp_path), c.line(database, number).id
    before = system.quote(account, TODAY, QuotePurpose.CHECK)
    paid = BillingEntry(EntryKind.PAYMENT, before.owed, at(counter, TODAY))
    system.book([Booking("k", account, number, (paid,))])
    counter, now = replace(counter, billing=system), at(counter, date.fromisoformat(day))

    outcome = c.do(database, suspension.suspend, counter, pausing_for(number), now=now)

    said = outcome.said.zh if isinstance(outcome, OperationRefused) else ""
    assert said == (f"{owed}，请先缴清。" if owed else "")


def test_the_fee_is_paid_exactly_and_in_advance(database: Database, counter: Counter, number: str) -> None:
    for paid in (None, "10.00"):
        assert c.refused(database, suspension.suspend, counter, pausing_for(number, paid=paid)).code == "bad-amount"


def test_a_second_pause_waits_until_the_first_is_over(database: Database, counter: Counter, number: str) -> None:
    agreed(database, counter, number, months=1, paid="5.00")

    assert c.refused(database, suspension.suspend, counter, pausing_for(number)).code == "wrong-state"


def test_a_pause_that_ends_on_a_line_with_arrears_leaves_it_suspended(
    database: Database, counter: Counter, number: str
) -> None:
    agreed(database, counter, number, months=1, paid="5.00")
    tend(database, counter, date(2026, 12, 1))
    arrears = Suspension(account=number, reason="arrears")
    c.accepted(database, suspension.suspend, counter, arrears, actor=f.SUPERVISOR)

    tend(database, counter, date(2027, 1, 1))

    account = c.line(database, number)
    assert (account.state, account.suspended_for) == ("suspended", "arrears")


def test_the_relay_that_comes_late_ends_a_pause_by_its_own_last_day(
    database: Database, counter: Counter, number: str
) -> None:
    agreed(database, counter, number, months=1, paid="5.00")
    tend(database, counter, date(2026, 12, 1))

    tend(database, counter, date(2027, 1, 20))

    assert term(database, number) == date(2027, 4, 10)
    assert [(kind, fen) for kind, fen, _, _ in booked(database)[-1:]] == [("fee", 60_00)]


def test_an_account_that_was_closed_meanwhile_is_not_woken(database: Database, counter: Counter, number: str) -> None:
    agreed(database, counter, number)
    c.closed(database, counter, number)

    assert tend(database, counter, date(2026, 12, 1)) == 0


_DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))


@given(_DAYS, st.integers(1, 6), st.integers(0, 200), st.integers(0, 1_000))
def test_a_pauses_fee_is_shared_between_begun_and_unused_months(
    first: date, months: int, days: int, monthly: int
) -> None:
    until = months_later(first, months)
    day = min(first + timedelta(days=days), until)

    left = unused(months * monthly, first, until, day)

    assert left == (months - months_begun(first, day)) * monthly
    assert 0 <= left <= months * monthly
    assert unused(months * monthly, first, until, first - timedelta(days=1)) == months * monthly


def tell_of_ending(database: Database, counter: Counter, day: date) -> int:
    with database.write() as tx:
        return pause_ending.tell_of_ending(tx, counter.zone, at(counter, day), 50)


def test_three_days_before_a_pause_ends_the_customer_is_told_once(
    database: Database, counter: Counter, number: str
) -> None:
    agreed(database, counter, number, months=1, paid="5.00")
    assert tell_of_ending(database, counter, date(2026, 11, 30)) == 0, "it hasn't begun"
    tend(database, counter, date(2026, 12, 1))
    days = [date(2026, 12, 28), date(2026, 12, 30), date(2026, 12, 31)]
    assert [tell_of_ending(database, counter, day) for day in days] == [0, 1, 0]
    with database.write() as tx:
        messages.settle(tx, f.messages(), counter.zone, at(counter, days[1]), 100)
    last = c.rows(database, b.effect, b.effect.c.key.startswith("message/keep-ending/suspension/"))
    assert [row.payload["text"] for row in last] == ["停机保号2027年1月1日到期，自动开机计费。"]


def test_who_comes_back_early_is_not_told_of_an_end(database: Database, counter: Counter, number: str) -> None:
    agreed(database, counter, number, months=1, paid="5.00")
    tend(database, counter, date(2026, 12, 1))
    c.accepted(database, resumption.resume, counter, back(number), now=at(counter, date(2026, 12, 20)))
    assert tell_of_ending(database, counter, date(2026, 12, 30)) == 0

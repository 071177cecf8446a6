"""2 过户: what the old owner settles, and what becomes of the balance, the term, the plan and its change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from dispatch.accounts import plan_change, transfer
from dispatch.accounts.operation import Counter, OperationAccepted
from dispatch.accounts.transfer import REQUIRED, Transfer
from dispatch.domain.plans import Fallback
from dispatch.slips.forms import InvoiceData
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests.accounts import factories as c
from tests.accounts.billed import bookings, quote
from tests.accounts.settled import (
    DEPOSIT,
    NOVEMBER_30,
    PREPAID,
    active,
    billed,
    cash,
    china,
    lines,
    moved,
    red_lines,
    selling,
    told,
    yearly,
)

BOUND = c.plan("bound-yearly", 500, 50_00, {}, Fallback("home-300", 60_00), term=12, penalty=30)


@pytest.fixture
def database(sqlite: Database) -> Database:
    return sqlite


@pytest.fixture
def counter(counter: Counter) -> Counter:
    return c.selling(selling(counter), BOUND)


def giving(number: str, **changes: Any) -> Transfer:
    """A transfer from the holder of line 1 to the person of line 2, who have heard that a term passes over."""
    asked = {"account": number, "document_number": c.document(), "new_owner": c.person(2)}
    papers = tuple(c.scan(kind) for kind in REQUIRED)
    typed = {"password": SecretStr("Kw4!tRz9"), "scans": papers, "confirm": ("term-passes",)}
    return Transfer(**{**asked, **typed, **changes})


def given(
    database: Database, counter: Counter, number: str, day: str = "2026-11-30", **asked: Any
) -> OperationAccepted:
    return c.accepted(database, transfer.transfer, counter, giving(number, **asked), now=china(day))


def refused(database: Database, counter: Counter, number: str, **asked: Any) -> tuple[str, str]:
    outcome = c.refused(database, transfer.transfer, counter, giving(number, **asked), now=NOVEMBER_30)
    return outcome.code, outcome.said.zh


def monthly(database: Database, counter: Counter, day: str = "2026-11-01") -> str:
    return active(database, counter, "home-60", cash("100.00"), day)


def test_an_account_goes_over_only_once_everything_owed_is_paid_the_month_under_way_included(
    database: Database, counter: Counter
) -> None:
    number = monthly(database, counter)
    told(database, counter, number, 120_00, 16_20, 50_00)

    assert refused(database, counter, number) == ("arrears-open", "尚欠186.20元，请先缴清。")
    assert refused(database, counter, number, payment=cash("136.20"))[0] == "bad-amount"
    done = given(database, counter, number, payment=cash("186.20"))

    assert lines(done) == {"arrears": "120.00", "late-fee": "16.20", "unbilled": "50.00"}
    assert moved(database, "charge")[-1] == ("cash", 186_20, False)
    (booking,) = bookings(database, done)
    assert [(each["kind"], each["fen"]) for each in booking["entries"]] == [("payment", 186_20)]
    (invoice,) = c.rows(database, b.invoice, b.invoice.c.operation_id == done.operation_id)
    assert (invoice.amount, InvoiceData.from_json(invoice.content).buyer) == (186_20, c.person(1).name)
    section = c.slip(database, done).sections[-1]
    assert (section.title.zh, [line.value for line in section.lines][-1]) == ("原机主结清", "186.20 元 yuan")


def test_the_new_owners_share_of_the_month_is_the_fee_less_what_the_old_owner_paid_for_it(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    """60.00 a month, given away on 10 November: 20.00 are the old owner's, and 40.00 the new one's."""
    number = monthly(database, counter)

    given(database, billed(database, counter, tmp_path), number, "2026-11-10", payment=cash("20.00"))

    after = quote(database, tmp_path, number, date(2026, 12, 1))
    assert (after.arrears, after.refundable) == (40_00, 0)


def test_the_balance_goes_over_with_the_account_and_pays_the_month_under_way_first(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    """214.52 are paid in advance, and November's 50.00 aren't billed yet: 164.52 are the new owner's."""
    number = yearly(database, counter)

    done = given(database, billed(database, counter, tmp_path), number)

    assert (done.result["settlement"], done.result["total"], moved(database, "refund")) == ([], "0.00", [])
    section = c.slip(database, done).sections[-1]
    assert [(line.label.zh, line.value) for line in section.lines] == [("转给新机主", "164.52 元 yuan")]
    assert quote(database, tmp_path, number, date(2026, 12, 1)).refundable == 164_52


def test_the_balance_goes_back_to_the_old_owner_less_the_month_under_way(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = yearly(database, counter)

    done = given(database, billed(database, counter, tmp_path), number, balance="back")

    assert (lines(done), done.result["total"]) == ({"unbilled": "50.00", "prepaid": "-214.52"}, "-164.52")
    assert moved(database, "refund") == [("cash", 164_52, True)]
    assert red_lines(database) == [(PREPAID, -214_52)]
    after = quote(database, tmp_path, number, date(2026, 12, 1))
    assert (after.arrears, after.refundable) == (0, 0)


def test_a_term_passes_over_to_the_new_owner_who_is_told(database: Database, counter: Counter, tmp_path: Path) -> None:
    number = yearly(database, counter)
    counter = billed(database, counter, tmp_path)

    code, said = refused(database, counter, number, confirm=())
    assert (code, "合约期至2027-03-10由新机主承担" in said, "term-passes" in said) == ("needs-confirmation", True, True)
    done = given(database, counter, number)

    assert "合约期至2027-03-10由新机主承担" in c.slip(database, done).warnings[0]
    assert [row.until for row in c.rows(database, b.enrolment)] == [date(2027, 3, 10)]
    assert c.slip(database, done).sections[1].title.zh == "随线路移交的终端"


def test_the_penalty_for_a_plan_that_the_transfer_voids_is_the_old_owners(database: Database, counter: Counter) -> None:
    """Its number is the old owner's; four months are left of its term, at 50.00 and 30 %."""
    number = active(database, counter, "bound-yearly", None, "2026-03-10", c.mobile(7))
    voids = ("bindings-end", "plan-voided")

    code, said = refused(database, counter, number, confirm=voids)
    assert (code, "违约金60.00元" in said, "penalty-due" in said) == ("needs-confirmation", True, True)
    told_all = (*voids, "penalty-due")
    assert refused(database, counter, number, confirm=told_all)[0] == "bad-amount"
    done = given(database, counter, number, confirm=told_all, payment=cash("60.00"))

    assert lines(done) == {"penalty": "60.00"}
    assert len(c.slip(database, done).warnings) == 3, "no term passes over"
    (invoice,) = c.rows(database, b.invoice)
    assert InvoiceData.from_json(invoice.content).buyer == c.person(1).name


def test_within_seven_days_of_the_activation_a_voided_plan_costs_no_penalty(
    database: Database, counter: Counter
) -> None:
    number = active(database, counter, "bound-yearly", None, "2026-11-23", c.mobile(7))

    assert lines(given(database, counter, number, confirm=("bindings-end", "plan-voided"))) == {}


def test_an_open_change_of_plan_becomes_void_and_what_was_paid_for_it_goes_back(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = monthly(database, counter, "2026-11-30")
    request = {"account": number, "document_number": c.document(), "plan": "bigger", "payment": cash("350.00")}
    change = plan_change.PlanChange.model_validate(request)
    c.accepted(database, plan_change.change_plan, counter, change, now=NOVEMBER_30)

    done = given(database, billed(database, counter, tmp_path), number, confirm=("plan-voided",))

    assert lines(done) == {"unbilled": "2.00", "change": "-200.00", "prepaid": "-150.00"}
    assert (done.result["total"], moved(database, "refund")) == ("-348.00", [("cash", 348_00, True)])
    assert sorted(red_lines(database)) == sorted([(DEPOSIT, -200_00), (PREPAID, -150_00)])
    assert [(row.state, row.why) for row in c.rows(database, b.plan_change)] == [("void", "transferred")]


def test_while_billing_is_away_nothing_goes_over(database: Database, counter: Counter) -> None:
    number = monthly(database, counter)
    away = replace(counter, billing=c.ToldBilling(away=True))

    assert refused(database, away, number)[0] == "port-unavailable"

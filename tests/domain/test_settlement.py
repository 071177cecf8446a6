"""销户结算: what a customer who leaves owes and gets back, by the worked examples of the rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pytest

from dispatch.domain.money import share
from dispatch.domain.settlement import Fate, Leaving, LeftDevice, PayBack, Refundable, pay_back, settle, total
from dispatch.domain.title import Title


@dataclass(frozen=True)
class Books:
    arrears: int = 0
    late_fee: int = 0
    unbilled: int = 0
    refundable: int = 0
    penalty: int | None = None


TODAY = date(2026, 11, 30)
YEARLY = {"monthly_fee": 50_00, "penalty": 30}
LEAVING = Leaving(TODAY, YEARLY, date(2027, 3, 10), date(2026, 3, 10), deposits=100_00)
PREPAID = Books(unbilled=50_00, refundable=600_00 - share(50_00, 22, 31) - 7 * 50_00)
ONT = LeftDevice(Title("光猫", "ONT"), 200_00, date(2025, 9, 30), Fate.RETURNED, is_ont=True)


def fens(books: Books, leaving: Leaving) -> dict[str, int]:
    return {line.kind: line.fen for line in settle(books, leaving)}


def test_a_yearly_plan_left_four_months_early_gives_204_52_back() -> None:
    assert PREPAID.refundable == 214_52
    lines = settle(PREPAID, LEAVING)
    assert {line.kind: line.fen for line in lines} == {
        "unbilled": 50_00,
        "penalty": 60_00,
        "deposit": -100_00,
        "prepaid": -214_52,
    }
    assert [line.formula for line in lines if line.formula] == ["4 × 50.00 × 30%"]
    assert total(lines) == -204_52


def test_who_leaves_on_the_first_day_pays_for_that_day_alone() -> None:
    first = replace(LEAVING, until=date(2027, 11, 30), active_since=TODAY)
    books = Books(unbilled=share(50_00, 1, 30), refundable=600_00)
    assert fens(books, first) == {"unbilled": 1_67, "deposit": -100_00, "prepaid": -600_00}
    assert total(settle(books, first)) == -698_33


def test_arrears_with_45_days_of_late_fee_and_a_lost_ont_come_to_158_42() -> None:
    books = Books(arrears=120_00, late_fee=16_20)
    leaving = replace(LEAVING, terms={"monthly_fee": 60_00}, until=None, devices=(ONT._replace(fate=Fate.LOST),))
    lines = settle(books, leaving)
    assert fens(books, leaving) == {"arrears": 120_00, "late-fee": 16_20, "device": 122_22, "deposit": -100_00}
    assert [line.formula for line in lines if line.formula] == ["200.00 × 22/36"]
    assert total(lines) == 158_42


def test_a_deposit_waits_for_the_ont_that_comes_back_later() -> None:
    assert "deposit" not in fens(Books(), replace(LEAVING, devices=(ONT._replace(fate=Fate.LATER),)))
    box = ONT._replace(fate=Fate.LATER, is_ont=False)
    assert fens(Books(), replace(LEAVING, devices=(ONT, box)))["deposit"] == -100_00


@pytest.mark.parametrize(("since", "due"), [(date(2026, 11, 23), 0), (date(2026, 11, 22), 60_00)])
def test_within_seven_days_of_the_activation_no_penalty_is_due(since: date, due: int) -> None:
    assert fens(Books(), replace(LEAVING, active_since=since)).get("penalty", 0) == due


def test_a_penalty_is_waived_where_the_operator_is_the_cause() -> None:
    assert "penalty" not in fens(Books(penalty=99_00), replace(LEAVING, waived=True))


def test_billings_penalty_counts_before_the_plans() -> None:
    assert fens(Books(penalty=99_00), LEAVING)["penalty"] == 99_00
    assert "penalty" not in fens(Books(penalty=0), LEAVING)


def test_plans_of_before_have_no_penalty() -> None:
    assert "penalty" not in fens(Books(), replace(LEAVING, terms={"monthly_fee": 50_00}))


def test_unused_months_of_a_pause_come_back() -> None:
    assert fens(Books(), replace(LEAVING, pause=10_00))["pause"] == -10_00


def test_money_goes_back_on_the_newest_payment_first_and_the_rest_by_bank_transfer() -> None:
    payments = [Refundable(1, 100_00), Refundable(2, 0), Refundable(3, 50_00)]
    assert pay_back(30_00, payments) == (PayBack(3, 30_00),)
    assert pay_back(120_00, payments) == (PayBack(3, 50_00), PayBack(1, 70_00))
    assert pay_back(204_52, payments) == (PayBack(3, 50_00), PayBack(1, 100_00), PayBack(None, 54_52))

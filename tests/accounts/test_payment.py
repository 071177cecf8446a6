"""收款 What a customer pays: six methods, one to three parts, exactly what is due, and references that stand once."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from dispatch.accounts import opening, payment, refund
from dispatch.accounts.opening import Opening
from dispatch.accounts.operation import Counter, OperationAccepted, OperationOutcome, OperationRefused
from dispatch.accounts.payment import Paid, PaidPart
from dispatch.accounts.refund import Refund
from dispatch.domain.money import write_yuan
from dispatch.domain.payment import METHODS, WITHOUT_REFERENCE
from dispatch.errors import BadInput
from dispatch.slips.forms import InvoiceData
from dispatch.storage import payments
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c


@pytest.fixture
def address(database: Database) -> str:
    return c.address(database)


def pay(method: str, amount: str, reference: str | None = None, *more: PaidPart) -> Paid:
    return Paid.model_validate({"method": method, "amount": amount, "reference": reference, "more": more})


def part(method: str, amount: str, reference: str | None = None) -> PaidPart:
    return PaidPart.model_validate({"method": method, "amount": amount, "reference": reference})


def opens_now(tx: Tx, counter: Counter, request: Opening) -> OperationOutcome:
    answered = c.answered(tx, opening.open_account, counter, request)
    return opening.open_account(tx, answered, request, f.CLERK, f.NOW)


def refused(database: Database, counter: Counter, paid: Paid, n: int = 1) -> OperationRefused:
    with database.write() as tx:
        outcome = opens_now(tx, counter, c.application(n, payment=paid))
    assert isinstance(outcome, OperationRefused)
    return outcome


def refund_of(number: str) -> Refund:
    return Refund(account=number, password=SecretStr(c.PASSWORD), reason="customer-withdrew", invoice="returned")


def booked(database: Database) -> list[Mapping[str, Any]]:
    rows = [row for row in c.rows(database, b.effect) if row.port == "billing"]
    return [entry for row in rows for entry in row.payload["entries"]]


@pytest.mark.parametrize("method", METHODS)
def test_a_customer_pays_in_cash_by_card_wechat_alipay_bank_or_on_the_bill(
    database: Database, counter: Counter, address: str, method: str
) -> None:
    reference = None if method in WITHOUT_REFERENCE else "4200002026"

    done = c.accepted(database, opening.open_account, counter, c.application(payment=pay(method, "200.00", reference)))

    (row,) = c.rows(database, b.payment)
    assert (row.kind, row.method, row.amount, row.reference) == ("charge", method, 200_00, reference)
    slip = c.slip(database, done)
    assert slip.payment is not None
    assert (slip.payment.method, slip.payment.reference) == (METHODS[method], reference or "")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_but_cash_and_bill_has_a_reference(
    database: Database, counter: Counter, address: str, method: str
) -> None:
    wrong = pay(method, "200.00", "4200002026" if method in WITHOUT_REFERENCE else " 　")
    with f.refused(database, BadInput) as tx:
        opens_now(tx, counter, c.application(payment=wrong))


def test_one_sum_is_paid_in_up_to_three_parts_which_slip_and_invoice_name(
    database: Database, counter: Counter, address: str
) -> None:
    paid = pay("cash", "50.00", None, part("card", "90", "POS-1"), part("wechat", "60.00", "4200"))

    done = c.accepted(database, opening.open_account, counter, c.application(payment=paid))

    assert [(row.method, row.amount, row.reference) for row in c.rows(database, b.payment)] == [
        ("cash", 50_00, None), ("card", 90_00, "POS-1"), ("wechat", 60_00, "4200"),
    ]  # fmt: skip
    slip = c.slip(database, done)
    assert slip.payment is not None
    assert slip.payment.method.zh == "现金 50.00 元、刷卡 90.00 元、微信支付 60.00 元"
    assert slip.payment.method.en == "Cash 50.00, Card 90.00, WeChat Pay 60.00"
    assert (slip.payment.total, slip.payment.reference) == (200_00, "POS-1 4200")
    (invoice,) = c.rows(database, b.invoice)
    assert InvoiceData.from_json(invoice.content).method.zh == "现金、刷卡、微信支付"
    with pytest.raises(ValidationError, match="more"):
        pay("cash", "50.00", None, *[part("cash", "50.00")] * 3)


def test_parts_that_are_not_exactly_what_is_due_are_refused(database: Database, counter: Counter, address: str) -> None:
    for one, other in (("100.00", "99.99"), ("100.00", "100.01"), ("200.00", "0"), ("0", "200.00"), ("-1", "201")):
        assert refused(database, counter, pay("cash", one, None, part("card", other, "POS-1"))).code == "bad-amount"
    assert not c.rows(database, b.payment)


def test_a_reference_stands_for_one_charge_of_its_method(database: Database, counter: Counter, address: str) -> None:
    c.accepted(database, opening.open_account, counter, c.application(payment=pay("card", "200.00", "POS-1")))
    c.address(database, 2)

    for paid in (
        pay("card", "200.00", "POS-1"),
        pay("card", "200.00", "ＰＯＳ－１"),
        pay("card", "100.00", "POS-2", part("card", "100.00", "POS-2")),
    ):
        outcome = refused(database, counter, paid, 2)
        assert outcome.code == "reference-used"
        assert "POS-" in outcome.reason
    again = c.application(2, payment=pay("alipay", "200.00", "POS-1"))
    c.accepted(database, opening.open_account, counter, again)


def test_of_two_clerks_with_one_reference_one_is_refused(database: Database, counter: Counter) -> None:
    for n in (1, 2):
        c.address(database, n)

    def opens(n: int) -> Any:
        asked = c.application(n, payment=pay("card", "200.00", "POS-1"))
        return lambda tx: opens_now(tx, counter, asked)

    first, second = c.overtaken(database, opens(1), opens(2))

    assert isinstance(first, OperationAccepted)
    assert isinstance(second, OperationRefused)
    assert second.code == "reference-used"


def test_what_is_put_on_the_bill_is_a_fee_there_and_goes_off_it_with_the_refund(
    database: Database, counter: Counter
) -> None:
    paid = pay("bill", "150.00", None, part("cash", "50.00"))
    number = c.failed(database, counter, payment=paid)
    charged = booked(database)

    done = c.accepted(database, refund.refund, counter, refund_of(number))

    assert [(each["kind"], each["fen"]) for each in charged] == [("fee", 150_00)]
    assert [(each["kind"], each["fen"]) for each in booked(database)] == [("fee", 150_00), ("payment", 150_00)]
    slip = c.slip(database, done)
    assert slip.payment is not None
    assert slip.payment.method.zh == "计入账单 150.00 元、现金 50.00 元"


def test_a_refund_goes_back_by_each_parts_method_with_its_reference(database: Database, counter: Counter) -> None:
    number = c.failed(database, counter, payment=pay("card", "150.00", "POS-1", part("cash", "50.00")))

    c.accepted(database, refund.refund, counter, refund_of(number))

    rows = c.rows(database, b.payment)
    assert [(row.kind, row.method, row.amount, row.reference, row.refunds) for row in rows[2:]] == [
        ("refund", "card", 150_00, "POS-1", rows[0].id),
        ("refund", "cash", 50_00, None, rows[1].id),
    ]


def test_a_charge_is_refunded_in_parts_up_to_its_rest(database: Database, counter: Counter) -> None:
    number = c.opened(database, counter)
    account, (charge,) = c.line(database, number), c.rows(database, b.payment)
    for back, left in ((120_00, [80_00]), (80_00, [])):
        with database.write() as tx:
            payments.insert_payment(tx, charge.operation_id, account.id, "refund", "cash", back, None, f.NOW, charge.id)
            assert [row.rest for row in payments.refundable(tx, account.id)] == left


@given(cuts=st.lists(st.integers(1, 199_99), min_size=0, max_size=2, unique=True).map(sorted))
def test_parts_are_read_as_the_sum_that_they_were_cut_from(cuts: list[int]) -> None:
    edges = [0, *cuts, 200_00]
    amounts = [write_yuan(after - before) for before, after in itertools.pairwise(edges)]
    one, *more = (part("cash", amount) for amount in amounts)
    parts = payment.read_parts(pay(one.method, one.amount, None, *more))
    assert sum(each.fen for each in parts) == 200_00
    assert [write_yuan(each.fen) for each in parts] == amounts

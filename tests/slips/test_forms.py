"""The data of slips and invoices: stored as JSON, read back equal, and refused when they can't be true."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import date, datetime

import pytest
from pydantic import ValidationError

from dispatch.domain.title import Title
from dispatch.slips.forms import Amount, InvoiceData, InvoiceLine, Payment, SlipData
from tests.slip_samples import INVOICE, MODIFICATION, OPENING, RED_LETTER, REFUND


@pytest.mark.parametrize("data", [OPENING, MODIFICATION, REFUND], ids=lambda data: data.operation)
def test_a_slip_is_read_back_from_its_json(data: SlipData) -> None:
    assert SlipData.from_json(data.as_json()) == data
    assert SlipData.from_json(data.as_json()).as_json() == data.as_json()


@pytest.mark.parametrize("data", [INVOICE, RED_LETTER], ids=["invoice", "red-letter"])
def test_an_invoice_is_read_back_from_its_json(data: InvoiceData) -> None:
    assert InvoiceData.from_json(data.as_json()) == data


def test_an_unknown_key_is_refused_rather_than_left_unprinted() -> None:
    text = OPENING.as_json()[:-1] + ',"stamp":"x"}'
    with pytest.raises(ValidationError, match="stamp"):
        SlipData.from_json(text)


def test_a_refused_slip_does_not_repeat_the_customers_data() -> None:
    text = OPENING.as_json().replace('"customer":"李㛃𬭛"', '"customer":["李㛃𬭛"]')
    with pytest.raises(ValidationError, match="customer") as refused:
        SlipData.from_json(text)
    assert "李" not in str(refused.value)


def test_a_slip_needs_a_time_with_a_zone() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        replace(OPENING, accepted_at=datetime(2026, 11, 2, 3, 4, 5))  # noqa: DTZ001


def test_a_slip_is_never_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        OPENING.customer = "somebody else"  # type: ignore[misc]


def test_the_total_of_a_payment_is_the_sum_of_its_amounts() -> None:
    assert (
        Payment(Title("现金", "Cash"), (Amount(Title("甲", "A"), 70000), Amount(Title("乙", "B"), -5))).total == 69995
    )


def test_amounts_are_whole_fen() -> None:
    with pytest.raises(ValidationError):
        Amount(Title("甲", "A"), 700.5)  # type: ignore[arg-type]


def test_a_red_letter_invoice_offsets_each_line_and_names_the_invoice() -> None:
    assert RED_LETTER.total == -INVOICE.total == -70000
    assert [line.amount for line in RED_LETTER.lines] == [-60000, -10000]
    assert RED_LETTER.offsets == INVOICE.number
    assert (RED_LETTER.buyer, RED_LETTER.account) == (INVOICE.buyer, INVOICE.account)


def test_a_red_letter_invoice_cannot_be_offset_itself() -> None:
    with pytest.raises(ValidationError, match="below zero"):
        RED_LETTER.red_letter(number="00000125", issued_on=date(2026, 11, 6), outlet="甲", clerk="乙")


@pytest.mark.parametrize(
    ("quantity", "offsets"), [(-1, ""), (1, "00000001"), (0, "")], ids=["negative", "positive", "nothing"]
)
def test_an_invoice_is_below_zero_exactly_when_it_offsets_another(quantity: int, offsets: str) -> None:
    with pytest.raises(ValidationError, match="below zero"):
        replace(INVOICE, lines=(InvoiceLine(Title("甲", "A"), quantity, 100),), offsets=offsets)


def test_an_address_too_long_for_a_readable_code_is_refused() -> None:
    with pytest.raises(ValidationError, match="record_url"):
        replace(OPENING, record_url="https://x.cn/" + "a" * 300)

"""Settlements add up, whatever their amounts, and no payment gets more back than it has left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.settlement import Fate, Leaving, LeftDevice, Refundable, pay_back, settle, total
from dispatch.domain.title import Title

TODAY = date(2026, 11, 30)
fen = st.integers(0, 1_000_000)
days = st.integers(0, 2_000).map(lambda back: TODAY - timedelta(days=back))


@dataclass(frozen=True)
class Books:
    arrears: int
    late_fee: int
    unbilled: int
    refundable: int
    penalty: int | None


books = st.builds(Books, fen, fen, fen, fen, st.none() | fen)
devices = st.builds(LeftDevice, st.just(Title("光猫", "ONT")), fen, days, st.sampled_from(Fate), st.booleans())
leaving = st.builds(
    Leaving,
    today=st.just(TODAY),
    terms=st.fixed_dictionaries({"monthly_fee": fen, "penalty": st.integers(0, 100)}),
    until=st.none() | st.integers(-400, 800).map(lambda ahead: TODAY + timedelta(days=ahead)),
    active_since=days,
    waived=st.booleans(),
    deposits=fen,
    pause=fen,
    devices=st.lists(devices, max_size=4).map(tuple),
)


@given(books, leaving)
def test_a_settlement_is_the_sum_of_its_lines_within_what_can_be_owed(on_books: Books, of: Leaving) -> None:
    lines = settle(on_books, of)
    owed = sum(line.fen for line in lines if line.fen > 0)
    back = -sum(line.fen for line in lines if line.fen < 0)
    assert total(lines) == owed - back
    assert back <= on_books.refundable + of.deposits + of.pause
    prices = sum(device.price for device in of.devices if device.fate is Fate.LOST)
    books_only = on_books.arrears + on_books.late_fee + on_books.unbilled
    assert books_only <= owed <= books_only + prices + sum(line.fen for line in lines if line.kind == "penalty")
    assert all(line.fen for line in lines)


@given(st.integers(1, 3_000_000), st.lists(fen, max_size=5))
def test_no_payment_gets_more_back_than_it_has_left_and_all_goes_back(amount: int, rests: list[int]) -> None:
    payments = [Refundable(n, rest) for n, rest in enumerate(rests)]
    parts = pay_back(amount, payments)
    assert sum(part.fen for part in parts) == amount
    assert all(part.fen > 0 for part in parts)
    given_back = {part.payment_id: part.fen for part in parts}
    assert len(given_back) == len(parts)
    assert all(given_back.get(each.payment_id, 0) <= each.rest for each in payments)
    if None in given_back:
        assert all(given_back.get(each.payment_id, 0) == each.rest for each in payments)

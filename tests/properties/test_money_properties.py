"""Money: written amounts are read back, in figures and in capital numerals, and no 零 is missing or superfluous."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from dispatch.domain.money import MOST, capital, read_yuan, write_yuan

DIGITS = {digit: value for value, digit in enumerate("零壹贰叁肆伍陆柒捌玖")}
TENS = {"拾": 10, "佰": 100, "仟": 1000}

amounts = st.integers(0, MOST) | st.text("000123456789", min_size=1, max_size=11).map(int)
"""Amounts in fen; the second kind has many zeros, which the rules are about."""


def up_to_9999(words: str) -> int:
    total = digit = 0
    for letter in words:
        if letter in TENS:
            total, digit = total + digit * TENS[letter], 0
        else:
            digit = DIGITS[letter]
    return total + digit


def read_capital(words: str) -> int:
    """Return the fen that the words mean."""
    sign = -1 if words.startswith("负") else 1
    yuan, found, small = words.removeprefix("负").removesuffix("整").rpartition("元")
    if not found:
        yuan, small = "", words.removeprefix("负")
    total = 0
    for unit, size in (("亿", 10**8), ("万", 10**4)):
        if unit in yuan:
            before, yuan = yuan.split(unit)
            total += up_to_9999(before) * size
    total = (total + up_to_9999(yuan)) * 100
    for unit, size in (("角", 10), ("分", 1)):
        if unit in small:
            before, small = small.split(unit)
            total += up_to_9999(before) * size
    return sign * total


@given(amounts)
@example(MOST)
def test_a_written_amount_is_read_back(fen: int) -> None:
    assert read_yuan(write_yuan(fen)) == fen


@given(amounts, st.sampled_from([1, -1]))
@example(10050000000, 1)
def test_a_capital_amount_is_read_back(fen: int, sign: int) -> None:
    assert read_capital(capital(sign * fen)) == sign * fen


@given(amounts)
def test_the_closing_mark_ends_an_amount_of_whole_yuan_and_no_other(fen: int) -> None:
    assert capital(fen).endswith("元整") == (fen % 100 == 0)


@given(amounts.filter(lambda fen: fen >= 100))
def test_a_gap_between_figures_is_written_as_one_zero_where_the_rules_leave_no_choice(fen: int) -> None:
    """The rules leave no choice inside a group of four, between groups when the lower begins with 0, and before 分
    without 角."""
    words = capital(fen)
    assert "零零" not in words
    assert not words.startswith("零")
    yuan, small = str(fen // 100), f"{fen % 100:02d}"
    groups = [yuan[::-1][i : i + 4][::-1] for i in range(0, len(yuan), 4)][::-1]
    gaps = sum(len(re.findall("[1-9]0+(?=[1-9])", group)) for group in groups)
    gaps += sum(group[0] == "0" and group != "0000" for group in groups[1:])
    gaps += small[0] == "0" and small[1] != "0"
    assert words.count("零") == gaps


@given(st.text(max_size=12))
def test_text_is_either_an_amount_or_refused_with_a_value_error(text: str) -> None:
    try:
        fen = read_yuan(text)
    except ValueError:
        return
    assert 0 <= fen <= MOST
    assert read_yuan(write_yuan(fen)) == fen

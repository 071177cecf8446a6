"""Money: accepted and refused amounts, and their printed forms."""

from __future__ import annotations

import pytest

from dispatch.domain.money import MOST, capital, read_yuan, share, write_yuan


@pytest.mark.parametrize(
    ("text", "fen"),
    [("700.00", 70000), ("700", 70000), ("700.5", 70050), ("0", 0), ("0.05", 5), ("999999999.99", MOST)],
)
def test_yuan_become_whole_fen(text: str, fen: int) -> None:
    assert read_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-1",
        "+1",
        "1.",
        ".5",
        "1.005",
        "1e3",
        "1,000",
        "007",
        " 7",
        "7 ",
        "7\n",
        "￥7",
        "７",
        "٧",
        "七",
        "nan",
        "0x1",
    ],
)
def test_a_malformed_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        read_yuan(text)


@pytest.mark.parametrize("text", ["1000000000", "999999999999.99", "9" * 5000])
def test_an_absurdly_large_amount_is_refused_with_the_bound(text: str) -> None:
    with pytest.raises(ValueError, match=r"above 999999999\.99 yuan"):
        read_yuan(text)


def test_the_typed_text_is_not_repeated_because_it_may_be_an_identity_number() -> None:
    with pytest.raises(ValueError, match="is no amount") as refused:
        read_yuan("44010619900307261X")
    assert "19900307" not in str(refused.value)


def test_yuan_are_written_with_two_decimals_and_a_sign_before_them() -> None:
    assert [write_yuan(fen) for fen in (70000, -70000, 5, -5, 0)] == ["700.00", "-700.00", "0.05", "-0.05", "0.00"]
    assert write_yuan(-123456789, grouped=True) == "-1,234,567.89"


@pytest.mark.parametrize(
    ("yuan", "words"),
    [
        # The examples of annex 1 of 银发〔1997〕393号; of its two forms the one without 零.
        ("1409.50", "壹仟肆佰零玖元伍角"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("700.00", "柒佰元整"),
        ("1004.56", "壹仟零肆元伍角陆分"),
        ("10.00", "壹拾元整"),
        ("100000.00", "壹拾万元整"),
        ("10010000.50", "壹仟零壹万元伍角"),
        ("100000000.01", "壹亿元零壹分"),
        ("100010000.00", "壹亿零壹万元整"),
        ("20.05", "贰拾元零伍分"),
        ("0.50", "伍角"),
        ("0.05", "伍分"),
        ("0.00", "零元整"),
    ],
)
def test_capital_amounts_follow_the_central_banks_rules(yuan: str, words: str) -> None:
    assert capital(read_yuan(yuan)) == words


def test_a_red_letter_amount_says_that_it_is_negative() -> None:
    assert capital(-70000) == "负柒佰元整"


@pytest.mark.parametrize("fen", [MOST + 1, -MOST - 1])
def test_a_capital_amount_beyond_the_bound_is_refused(fen: int) -> None:
    with pytest.raises(ValueError, match="above"):
        capital(fen)


@pytest.mark.parametrize(
    ("fen", "part", "whole", "fair"),
    [
        (5000, 22, 31, 3548),
        (5000, 1, 30, 167),
        (1, 1, 2, 1),
        (1, 1, 3, 0),
        (6000, 4, 30, 800),
        (0, 5, 7, 0),
        (5000, 0, 30, 0),
    ],
)
def test_a_share_of_an_amount_is_rounded_half_up_to_whole_fen(fen: int, part: int, whole: int, fair: int) -> None:
    assert share(fen, part, whole) == fair

"""Every identity number with its right check digit is accepted, every slip of the finger is refused, nothing leaks."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from dispatch.domain.identity import DOCUMENT_KINDS, masked, normalised, read_document
from dispatch.errors import BadDocument, Refusal

TODAY = date(2026, 11, 24)
LATER = date(2030, 1, 1)

births = st.dates(date(1900, 1, 1), TODAY)
areas = st.sampled_from(["110105", "310101", "440106", "440301", "650102"])


@st.composite
def citizens(draw: st.DrawFn) -> str:
    body = f"{draw(areas)}{draw(births):%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return body + ric.calc_check_digit(body + "0")


@st.composite
def units(draw: st.DrawFn) -> str:
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = f"{draw(st.sampled_from('159ANY'))}1440106" + draw(st.text(signs, min_size=9, max_size=9))
    return body + uscc.calc_check_digit(body)


@given(citizens())
def test_every_number_with_the_right_check_digit_is_accepted(number: str) -> None:
    document = read_document("resident-id", number, LATER, TODAY)
    assert document.number == number
    assert document.birth is not None
    assert f"{document.birth:%Y%m%d}" == number[6:14]


@given(citizens(), st.integers(0, 16), st.integers(1, 9))
def test_any_single_wrong_digit_is_refused(number: str, place: int, by: int) -> None:
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    with pytest.raises(BadDocument) as refused:
        read_document("resident-id", wrong, LATER, TODAY)
    assert wrong not in str(refused.value)


@given(citizens(), st.integers(0, 16))
def test_two_swapped_neighbouring_digits_are_refused(number: str, place: int) -> None:
    wrong = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if wrong != number:
        with pytest.raises(BadDocument):
            read_document("resident-id", wrong, LATER, TODAY)


@given(units(), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_any_single_wrong_character_of_a_units_code_is_refused(number: str, place: int, sign: str) -> None:
    assert read_document("business-licence", number, None, TODAY).number == number
    if sign != number[place]:
        with pytest.raises(BadDocument):
            read_document("business-licence", number[:place] + sign + number[place + 1 :], None, TODAY)


@given(citizens(), st.sampled_from(["", " ", "　", "\t"]), st.booleans(), st.booleans())
def test_a_number_typed_in_another_way_reads_the_same(number: str, gap: str, small: bool, wide: bool) -> None:
    typed = gap.join(number.lower() if small else number)
    if wide:
        typed = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in typed)
    assert read_document("resident-id", typed, LATER, TODAY).number == number


@given(st.text())
def test_normalisation_is_idempotent(raw: str) -> None:
    assert normalised(normalised(raw)) == normalised(raw)


@given(st.sampled_from([*DOCUMENT_KINDS]), st.text(max_size=40), st.none() | st.dates())
def test_any_typed_number_is_refused_or_reads_the_same_again(kind: str, raw: str, expires: date | None) -> None:
    try:
        document = read_document(kind, raw, expires, TODAY)
    except Refusal:
        return
    assert read_document(kind, document.number, expires, TODAY) == document


@given(st.text(min_size=0, max_size=40))
def test_a_mask_keeps_the_length_and_shows_at_most_seven_characters_and_at_most_half(number: str) -> None:
    mask = masked(number)
    shown = [(i, c) for i, c in enumerate(mask) if c != "*"]
    assert len(mask) == len(number)
    assert all(number[i] == c for i, c in shown)
    assert len(shown) <= min(7, len(number) // 2)


@given(citizens())
def test_a_masked_identity_number_hides_the_birth_date(number: str) -> None:
    assert masked(number)[6:14] == "*" * 8

"""Reading is idempotent, masks show no more than they claim, and no accepted password contains a piece of known
data."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.naming import LONGEST_NAME, masked_mobile, masked_name, read_address, read_mobile, read_name
from dispatch.domain.password import check_password
from dispatch.errors import Refusal

chinese = st.text(
    st.sampled_from("张三李四欧阳王㛃𬭛𪚥·（） ") | st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)
)
anything = st.text(max_size=80) | chinese


@given(anything)
def test_a_name_read_once_reads_the_same_again_fits_its_column_and_has_no_invisible_characters(raw: str) -> None:
    try:
        name = read_name(raw)
    except Refusal:
        return
    assert read_name(name) == name
    assert 1 <= len(name) <= LONGEST_NAME
    assert unicodedata.is_normalized("NFC", name)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for c in name)
    name.encode("utf-8")


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=LONGEST_NAME))
def test_every_chinese_name_is_accepted(name: str) -> None:
    assert read_name(name) == name


@given(st.integers(0x20000, 0x3FFFD).filter(lambda code: code & 0xFFFF < 0xFFFE))
def test_every_rare_ideograph_is_accepted_or_composed(code: int) -> None:
    assert read_name("王" + chr(code)) == unicodedata.normalize("NFC", "王" + chr(code))


@given(anything)
def test_an_address_read_once_reads_the_same_again(raw: str) -> None:
    try:
        address = read_address(raw)
    except Refusal:
        return
    assert read_address(address) == address
    assert "\n" not in address


@given(anything)
def test_a_masked_name_shows_two_characters_at_most_and_never_the_middle(name: str) -> None:
    mask = masked_name(name)
    assert len(mask) == len(name)
    assert set(mask[1:-1]) <= {"*"}
    assert all(shown in ("*", real) for shown, real in zip(mask, name, strict=True))
    assert len(name) != 1 or mask == "*"


@given(st.sampled_from(["138", "159", "186", "199"]), st.integers(0, 99_999_999), st.booleans())
def test_a_mobile_number_is_read_with_or_without_its_country_and_masked_in_its_middle(
    head: str, rest: int, abroad: bool
) -> None:
    number = f"{head}{rest:08d}"
    assert read_mobile(f"+86 {number}" if abroad else number) == number
    assert masked_mobile(number) == f"{head}****{number[-4:]}"


@given(st.text(max_size=30) | st.text("0123456789+ -()", max_size=20))
def test_any_text_typed_for_a_mobile_number_becomes_eleven_digits_or_is_refused(raw: str) -> None:
    try:
        mobile = read_mobile(raw)
    except Refusal:
        return
    assert len(mobile) == 11
    assert mobile.isascii()
    assert read_mobile(mobile) == mobile


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=16), st.text(max_size=30))
def test_no_password_with_six_characters_of_known_data_is_accepted(new: str, around: str) -> None:
    for start in range(len(new) - 5):
        known = around + new[start : start + 6].upper() + around
        try:
            check_password(new, known)
        except Refusal:
            continue
        raise AssertionError("a piece of what is known was let in")

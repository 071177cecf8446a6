"""Names of users are compared as people see them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.user_name import LOOK_ALIKE, alphabets, folded, normalised

names = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd"]), min_size=1, max_size=20)


@pytest.mark.parametrize(
    "other",
    ["zhao", "ZHAO", " zhao ", "ｚｈａｏ", "ＺＨＡＯ", "zhа\u043e", "z\u200bhao", "𝐳𝐡𝐚𝐨"],
)
def test_names_that_people_cannot_tell_apart_are_one(other: str) -> None:
    assert folded(other) == "zhao"


@pytest.mark.parametrize(("one", "other"), [("noc1", "nocl"), ("zhao", "zhou"), ("张伟", "张玮"), ("li.wei", "liwei")])
def test_names_that_differ_to_the_eye_stay_two(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@given(names)
def test_folding_twice_changes_nothing_and_neither_does_a_change_of_case_or_width(name: str) -> None:
    assert folded(folded(name)) == folded(name)
    assert folded(normalised(name)) == folded(name)
    assert folded(unicodedata.normalize("NFD", name)) == folded(name)


def test_every_look_alike_is_a_letter_of_another_alphabet_or_a_rare_one() -> None:
    assert all(not chr(letter).isascii() and plain.isascii() for letter, plain in LOOK_ALIKE.items())


def test_chinese_with_latin_letters_is_no_disguise_but_cyrillic_with_latin_is() -> None:
    assert len(alphabets("张伟li2")) == 1
    assert len(alphabets("zhа\u043e")) == 2

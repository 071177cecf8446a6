"""What a search takes for the same, which tokens it looks for, and what it marks."""

from __future__ import annotations

import pytest

from dispatch.domain.search import (
    SearchText,
    area_token,
    number_of,
    places,
    rarest,
    read_query,
    search_text,
    tokens,
)

LI_LEI = search_text(
    ["F00000042", "kd0000000042", "李雷", "13800138000", "天河区体育西路60号3栋1201", "光猫亮红灯，店里断网"],
    ["李雷", "天河区体育西路60号3栋1201"],
)


@pytest.mark.parametrize(
    "typed",
    [
        "李雷",  # two characters
        "雷",  # one
        "体育西",
        "路60号",
        "ll",  # the initials of the name
        "tyxl",  # of the road
        "thqtyxl",
        "０１３８００"[1:],  # full width
        "0138",
        "ＫＤ００００００００４２",
        "kd0000000042",
        "李雷 红灯",
        "红灯　李雷",  # a full-width space
        "F00000042",
        "f0000 0042",
        "3棟1201",  # traditional
        "亮红灯店里",  # punctuation doesn't count
    ],
)
def test_a_ticket_is_found_by_any_part_of_what_it_says(typed: str) -> None:
    query = read_query(typed)
    assert query.matches(LI_LEI)
    assert query.tokens <= tokens(LI_LEI)


@pytest.mark.parametrize("typed", ["李蕾", "李雷 花屏", "60路", "lx", "ei", "00130", "路6号"])
def test_a_ticket_is_not_found_by_what_it_does_not_say(typed: str) -> None:
    assert not read_query(typed).matches(LI_LEI)


@pytest.mark.parametrize(
    ("written", "typed"), [("曾国华", "zgh"), ("曾国华", "cgh"), ("区长乐", "ozl"), ("区长乐", "ocy")]
)
def test_a_character_of_two_readings_is_found_by_either(written: str, typed: str) -> None:
    assert read_query(typed).matches(search_text([written], [written]))


def test_words_of_a_field_stand_together_and_fields_apart() -> None:
    row = search_text(["天河 路", "李雷"], [])
    assert row.text == "天河路 李雷"
    assert not read_query("路李").matches(row)


@pytest.mark.parametrize("typed", ["", "李", "1", "163", "a", "a1", "·", "李 2"])
def test_a_search_for_too_little_has_no_token(typed: str) -> None:
    assert not read_query(typed).is_searchable


@pytest.mark.parametrize("typed", ["李雷", "ll", "abc", "1380", "a123", "李1", "路60号"])
def test_a_search_for_two_characters_three_letters_or_four_digits_has_tokens(typed: str) -> None:
    assert read_query(typed).is_searchable


def test_the_rarest_tokens_are_searched_by_and_no_more_than_needed() -> None:
    shares = {"天河": 0.4, "河区": 0.4, "体育": 0.05, "育西": 0.04}
    assert rarest(["天河", "河区", "体育", "育西", "李雷"], shares) == ["李雷", "育西"]
    assert rarest(["天河", "河区"], shares) == ["天河", "河区"]
    assert len(rarest([f"{n:04d}" for n in range(9)], dict.fromkeys((f"{n:04d}" for n in range(9)), 0.5))) == 4


def test_a_token_is_a_signed_number_of_32_bits() -> None:
    numbers = [number_of(token) for token in tokens(LI_LEI)]
    assert all(-(1 << 31) <= number < 1 << 31 for number in numbers)
    assert len(set(numbers)) == len(numbers)
    assert area_token("tianhe-2") == "areatianhe2"


def test_the_places_of_the_words_are_marked() -> None:
    raw = "天河区 体育西路６０號（３栋）"
    assert [raw[start:end] for start, end in places(raw, ["体育西路60号", "3栋"])] == ["体育西路６０號", "３栋"]
    assert places(raw, ["花屏"]) == []


def test_an_empty_row_has_no_token() -> None:
    assert tokens(SearchText("", "")) == set()

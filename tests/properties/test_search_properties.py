"""Tokens never lose a hit: whatever stands in a row is found by them."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.search import key, places, read_query, search_text, tokens

field = st.text(st.sampled_from("李雷天河路号棟60123456789abcFKＡ０ -·é\u3000"), max_size=20) | st.text(max_size=12)


@given(st.lists(field, max_size=4), st.data())
def test_every_part_of_a_field_is_found_and_its_tokens_are_the_row_s(fields: list[str], data: st.DataObject) -> None:
    row = search_text(fields, fields[:1])
    words = row.text.split()
    if not words:
        return
    word = data.draw(st.sampled_from(words))
    start = data.draw(st.integers(0, len(word) - 1))
    end = data.draw(st.integers(start + 1, len(word)))
    query = read_query(word[start:end])
    assert query.tokens <= tokens(row) or not query.matches(row)  # two letters are initials only
    assert query.pairs or query.matches(row)


@given(field)
def test_a_key_is_compared_as_it_is(raw: str) -> None:
    keyed = key(raw)
    assert key(keyed) == keyed


@given(field, field)
def test_marks_are_in_order_and_inside(raw: str, other: str) -> None:
    found = places(raw, read_query(other).words)
    assert all(0 <= start < end <= len(raw) for start, end in found)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(found))

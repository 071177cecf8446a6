"""Typed text: what nobody can read is no text."""

from __future__ import annotations

import pytest

from dispatch.domain.reasons import CANCELLATION_REASONS, read_reason
from dispatch.domain.text import NOTE, clean, is_seen, unreadable
from dispatch.errors import BadInput

UNSEEN = ["\u200b\u200c", "\ufeff", "\u3164\uffa0", "\u2800 ", "\u180b", "\U000e0100", "\u00ad"]


@pytest.mark.parametrize("text", UNSEEN)
def test_characters_that_nobody_sees_are_no_text(text: str) -> None:
    assert not is_seen(text)
    assert unreadable(text)
    with pytest.raises(BadInput, match="no character that can be seen"):
        clean(text, NOTE, least=0)


@pytest.mark.parametrize("text", ["", "慢", "👨‍👩‍👧", "می‌خواهم", "a\nb\tc", "☃️"])
def test_what_people_write_is_readable(text: str) -> None:
    assert unreadable(text) is None
    assert clean(text, NOTE, least=0) == text


def test_an_empty_text_is_told_as_such() -> None:
    with pytest.raises(BadInput, match="is empty"):
        clean("  ", NOTE)


@pytest.mark.parametrize("note", ["", "  ", *UNSEEN])
def test_the_reason_other_needs_a_note_that_says_something(note: str) -> None:
    with pytest.raises(BadInput, match="needs a note"):
        read_reason(CANCELLATION_REASONS, "other", note)

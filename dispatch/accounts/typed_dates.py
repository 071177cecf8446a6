"""Dates and times in requests, read as people type them; a program may write them as ISO 8601."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from dispatch.domain.time import read_day, read_last_day, read_moment


def _if_text(read: Callable[[str], object]) -> BeforeValidator:
    """Reads a text; of any other value pydantic itself says what is wrong with it."""

    def typed(raw: Any) -> Any:
        return read(raw) if isinstance(raw, str) else raw

    return BeforeValidator(typed)


Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(3000, 1, 1)), _if_text(read_day)]
LastDay = Annotated[date | None, _if_text(read_last_day)]
"""The last day of a document's validity; None: it doesn't expire."""
BirthDay = Annotated[
    date | None,
    _if_text(read_day),
    Field(description="出生日期，证件号码不含时填 · date of birth, where the document's number doesn't tell it"),
]
Moment = Annotated[datetime, _if_text(read_moment)]
"""A time; without an offset it is one of the counter's zone."""

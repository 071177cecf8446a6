"""约定上门 When somebody of ours comes to a customer: a day and a part of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal

from dispatch.domain.title import Title
from dispatch.errors import BadVisit

PartOfDay = Literal["morning", "afternoon", "evening"]

PARTS_OF_DAY: Mapping[PartOfDay, Title] = {
    "morning": Title("上午", "in the morning"),
    "afternoon": Title("下午", "in the afternoon"),
    "evening": Title("晚上", "in the evening"),
}
LATEST_VISIT = timedelta(days=30)


def visit_time(day: date, part: PartOfDay, today: date) -> Title:
    """When we come, in words. Raises BadVisit."""
    if not today <= day <= today + LATEST_VISIT:
        raise BadVisit(days=LATEST_VISIT.days)
    said = PARTS_OF_DAY[part]
    return Title(f"{day}{said.zh}", f"{day} {said.en}")

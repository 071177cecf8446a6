"""营业时间: the hours of the day in which an outlet is open, every day the same. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

from dispatch.domain.title import WrongValue

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class OutletHours:
    """From `opens` on, until before `closes`."""

    opens: time
    closes: time

    def has(self, at: time) -> bool:
        """Whether the outlet is open then."""
        return self.opens <= at < self.closes

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


USUAL_HOURS = OutletHours(time(9), time(18))


def read_hours(text: str) -> OutletHours:
    """`09:00-18:00`. Raises WrongValue."""
    found = _HOURS.fullmatch(text)
    if found:
        opens, closes = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
        if opens < closes:
            return OutletHours(opens, closes)
    raise WrongValue(
        "营业时间应写作 09:00-18:00，先开后关", "write the hours as 09:00-18:00, the opening before the end"
    )

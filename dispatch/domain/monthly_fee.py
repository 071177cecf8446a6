"""月费 The part of a month's fee for the days in service. Pure. Amounts are whole fen."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from dispatch.domain.money import share


def part_of_month(fee: int, first: date, last: date) -> int:
    """The fee for the days from `first` to `last`, both counted, of one month; 0 when `last` lies before `first`."""
    days = max(0, (last - first).days + 1)
    return share(fee, days, monthrange(first.year, first.month)[1])


def month_after(day: date) -> date:
    """The first day of the month after this day's."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)

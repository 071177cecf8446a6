"""月费 The part of a month's fee for the days in service. Pure. Amounts are whole fen."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from dispatch.domain.money import share
from dispatch.domain.plans import next_bill_day


def part_of_month(fee: int, first: date, last: date) -> int:
    """The fee for the days from `first` to `last`, both counted, of one month; 0 when `last` lies before `first`."""
    days = max(0, (last - first).days + 1)
    return share(fee, days, monthrange(first.year, first.month)[1])


def fee_of_days(fee: int, first: date, last: date) -> int:
    """The same for days of several months, each month rounded by itself."""
    total = 0
    while (begin := next_bill_day(first, 1)) <= last:
        total += part_of_month(fee, first, begin - timedelta(days=1))
        first = begin
    return total + part_of_month(fee, first, last)

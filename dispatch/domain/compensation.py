"""减免 What a customer is owed for a late repair or a late line, and what the desk may give. Pure. In whole fen.

Source: 电信条例. A fault that isn't repaired within 48 hours in towns, 72 in the country, costs no fee while it lasts,
unless the customer's own device is its cause. For a line that is built late, by the operator's fault, the customer gets
1 % of what they paid for the building, for each day.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from dispatch.domain.money import share
from dispatch.domain.monthly_fee import fee_of_days
from dispatch.domain.time import local_date
from dispatch.domain.title import Title, TitledEnum


class Basis(TitledEnum):
    """Reason for which a customer is compensated."""

    REPAIR = "repair", Title("修复超时", "Repaired late")
    BUILDING = "building", Title("装移机超期", "Built late")
    GOODWILL = "goodwill", Title("协商减免", "Agreed with the customer")


COMPUTED = (Basis.REPAIR, Basis.BUILDING)
"""The bases whose sum follows from the books."""


@dataclass(frozen=True, slots=True)
class CompensationTerms:
    """What the operator's file says. `desk`: the most in fen that needs no supervisor; `country`: the areas that aren't
    towns; `building_percent` of the charge, for each day after `building`."""

    desk: int
    repair_town: timedelta
    repair_country: timedelta
    country: Collection[str]
    building: timedelta
    building_percent: int

    def repair_within(self, area: str) -> timedelta:
        return self.repair_country if area in self.country else self.repair_town


class Computed(NamedTuple):
    """A sum, and for how many days it is."""

    fen: int
    days: int


NOTHING = Computed(0, 0)


def late_repair(fee: int, reported: datetime, repaired: datetime, within: timedelta, zone: tzinfo) -> Computed:
    """The monthly fee for the days that the fault touched, each month rounded by itself; nothing within the time."""
    if repaired - reported <= within:
        return NOTHING
    first, last = local_date(reported, zone), local_date(repaired, zone)
    return Computed(fee_of_days(fee, first, last), (last - first).days + 1)


def late_building(charged: int, promised: date, built: date, percent: int) -> Computed:
    """So many percent of what was charged, for each day after the promised one."""
    days = max(0, (built - promised).days)
    return Computed(share(charged, percent * days, 100), days)

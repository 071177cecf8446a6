"""A hop's service level, and the parts of a closed hop's time. Pure: `now` is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """A team's time limits: from the board to the claim, and from the claim to the report."""

    respond_within: timedelta
    finish_within: timedelta


def finish_by(level: ServiceLevel, claimed: datetime, held: timedelta) -> datetime:
    """The time at which a claimed hop becomes overdue. Time on hold doesn't count."""
    return claimed + level.finish_within + held


class Spent(NamedTuple):
    """The time of one visit in four parts that add up to the whole."""

    queued: timedelta
    waiting: timedelta
    in_hand: timedelta
    held: timedelta

    @property
    def whole(self) -> timedelta:
        return self.queued + self.waiting + self.in_hand + self.held


def spent(
    made: datetime, boarded: datetime | None, claimed: datetime | None, ended: datetime, held: timedelta
) -> Spent:
    """Split a visit that lasted from `made` to `ended`. A stage that was never reached took no time."""
    reached_board = boarded or ended
    reached_hand = claimed or ended
    return Spent(
        queued=reached_board - made,
        waiting=reached_hand - reached_board,
        in_hand=ended - reached_hand - held,
        held=held,
    )

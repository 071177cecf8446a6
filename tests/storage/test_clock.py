"""A clock that differs from the database's is found, however it came about, and found right again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.errors import ClockWrong
from dispatch.storage import clock
from dispatch.storage.clock import ClockGuard, database_time, machine_clock
from dispatch.storage.database import Database
from tests.factories import NOW

HOUR = timedelta(hours=1)


class Shifted:
    """A machine's clock that somebody sets."""

    def __init__(self, by: timedelta = timedelta()) -> None:
        self.by = by

    def __call__(self) -> datetime:
        return machine_clock() + self.by


def measured(database: Database, guard: ClockGuard) -> ClockGuard:
    with database.read() as tx:
        guard.measure(tx)
    return guard


@pytest.mark.parametrize("by", [HOUR, -HOUR, timedelta(seconds=20)])
def test_a_clock_that_is_set_wrong_is_found_and_right_again_when_it_is_set_back(
    database: Database, by: timedelta
) -> None:
    machine = Shifted(by)
    guard = measured(database, ClockGuard(5, machine))
    assert guard.ahead == pytest.approx(by.total_seconds(), abs=2)
    with pytest.raises(ClockWrong, match="ahead" if by > timedelta() else "behind"):
        guard.require()
    machine.by = timedelta()
    assert measured(database, guard).is_right()


def test_a_clock_that_is_set_between_two_comparisons_is_found_at_once(database: Database) -> None:
    machine = Shifted()
    guard = measured(database, ClockGuard(5, machine))
    assert guard.is_right()
    machine.by = HOUR
    assert not guard.is_right()
    assert not measured(database, guard).is_right()


def test_the_databases_clock_goes_on_within_a_transaction(database: Database) -> None:
    with database.read() as tx:
        first = database_time(tx)
        while (second := database_time(tx)) == first:
            pass
    assert first < second


@given(ahead=st.floats(-1e6, 1e6), answer=st.floats(0, 30), limit=st.floats(1, 100))
def test_a_slow_answer_never_makes_a_clock_look_worse_than_it_is(ahead: float, answer: float, limit: float) -> None:
    began = NOW
    ticks = iter([0.0, answer])
    guard = ClockGuard(limit, lambda: began + timedelta(seconds=ahead + next(ticks, answer)), monotonic=lambda: 0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "database_time", lambda _: began + timedelta(seconds=answer / 2))
        guard.measure(None)  # type: ignore[arg-type]
    assert abs(guard.ahead) <= abs(ahead) + 1e-3
    assert abs(abs(guard.ahead) - abs(ahead)) <= answer / 2 + 1e-3

"""A batch loses its poisoned members and no other; an unreachable outside is asked twice, not once a member."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from workers.batch import Batch


class Asked:
    """The members done, blamed and left waiting, and the number of requests."""

    def __init__(self, broken: dict[int, type[Exception]]) -> None:
        self.broken = broken
        self.done: list[int] = []
        self.blamed: list[int] = []
        self.waiting: list[int] = []
        self.times = 0

    def run(self, members: Sequence[int]) -> list[int]:
        return Batch(self._act, self._blame, self._wait).run(members)

    def _act(self, members: Sequence[int]) -> list[int]:
        """Do all or none, and no finished member again, as the database does."""
        self.times += 1
        for member in members:
            if member in self.broken:
                raise self.broken[member]
        new = [member for member in members if member not in self.done]
        self.done += new
        return new

    def _blame(self, member: int, broken: Exception) -> None:
        assert isinstance(broken, self.broken[member])
        self.blamed.append(member)

    def _wait(self, members: Sequence[int], away: OSError) -> None:
        self.waiting += members


members = st.integers(1, 60)
poison = st.dictionaries(st.integers(0, 59), st.just(ValueError), max_size=5)


@given(members, poison)
def test_every_poisoned_member_is_blamed_once_and_every_other_member_is_done_once(
    count: int, broken: dict[int, type[Exception]]
) -> None:
    asked = Asked(broken)
    done = asked.run(range(count))
    poisoned = [member for member in range(count) if member in broken]
    assert sorted(done) == sorted(asked.done) == [member for member in range(count) if member not in broken]
    assert (asked.blamed, asked.waiting) == (poisoned, [])


@given(members)
def test_an_unreachable_outside_makes_all_wait_blames_nobody_and_is_asked_twice(count: int) -> None:
    asked = Asked(dict.fromkeys(range(count), ConnectionRefusedError))
    assert asked.run(range(count)) == []
    assert set(asked.waiting) == set(range(count))
    assert asked.blamed == []
    assert asked.times == min(count, 2)


@given(members, st.integers(0, 59), st.sampled_from([OSError, ConnectionResetError, TimeoutError]))
def test_a_member_that_makes_the_outside_seem_away_is_blamed_or_all_wait_for_the_next_time(
    count: int, poisoned: int, broken: type[Exception]
) -> None:
    """All wait only when the poisoned member was itself the probe for the others."""
    asked = Asked({poisoned: broken})
    done = asked.run(range(count))
    sound = [member for member in range(count) if member != poisoned]
    if asked.waiting:
        assert (done, asked.blamed, set(asked.waiting)) == ([], [], set(range(count)))
    else:
        assert (sorted(done), asked.blamed) == (sound, [poisoned] if poisoned < count else [])


@given(members, st.integers(0, 59), st.integers(0, 59))
def test_no_member_is_forgotten_whatever_goes_wrong(count: int, poisoned: int, away: int) -> None:
    asked = Asked({poisoned: ValueError, away: ConnectionResetError})
    asked.run(range(count))
    assert set(asked.done) | set(asked.blamed) | set(asked.waiting) == set(range(count))
    assert not set(asked.done) & set(asked.blamed)

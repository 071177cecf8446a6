"""Timers: overdue marks and the end of a hold."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dispatch.errors import IllegalMove
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database
from dispatch.tickets import handling, timers
from tests.factories import (
    NOC,
    NOW,
    acts,
    claimed,
    dump,
    fault,
    held,
    hop,
    on_board,
    put_in_force,
    refused,
    ticket,
    work,
)

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def made(database: Database, in_force: Rulebook, script: Script) -> int:
    """A dispatched fault; its id."""
    return fault(database, in_force, script).ticket_id


def fire(database: Database, rulebook: Rulebook, now: datetime, limit: int = 99) -> int:
    with database.write() as tx:
        return timers.fire_due_timers(tx, rulebook, now, limit)


def test_a_hop_not_claimed_in_time_is_marked_late_once_and_stays_on_the_board(
    database: Database, in_force: Rulebook, made: int
) -> None:
    hop_id = on_board(database, in_force, made)
    due = NOW + timedelta(minutes=15)
    assert [fire(database, in_force, at) for at in (due - SECOND, due, due + HOUR)] == [0, 1, 0]
    row = hop(database, hop_id)
    assert (row.state, row.late, row.wake_at) == ("waiting", True, None)
    last = acts(database, made)[-1]
    assert (last.act, last.actor, last.detail) == ("overdue", "relay", {"team": "noc", "state": "waiting"})


def test_a_hop_not_reported_in_time_is_marked_late(database: Database, in_force: Rulebook, made: int) -> None:
    hop_id = claimed(database, in_force, made, NOC)
    assert [fire(database, in_force, at) for at in (NOW + 2 * HOUR - SECOND, NOW + 2 * HOUR)] == [0, 1]
    assert (hop(database, hop_id).state, hop(database, hop_id).late) == ("claimed", True)


def test_a_hop_claimed_late_and_reported_late_is_marked_for_both(
    database: Database, in_force: Rulebook, made: int
) -> None:
    hop_id = on_board(database, in_force, made)
    fire(database, in_force, NOW + HOUR)
    with database.write() as tx:
        handling.claim(tx, in_force, handling.Claim(hop_id, NOC), NOW + HOUR)
    fire(database, in_force, NOW + 3 * HOUR)
    assert [act.detail["state"] for act in acts(database, made) if act.act == "overdue"] == ["waiting", "claimed"]


def test_a_hold_ends_by_itself_and_its_time_does_not_count(database: Database, in_force: Rulebook, made: int) -> None:
    until = NOW + 5 * HOUR
    hop_id = held(database, in_force, made, NOC, until)
    assert [fire(database, in_force, at) for at in (until - SECOND, until)] == [0, 1]
    row = hop(database, hop_id)
    assert (row.state, row.holder, row.held_seconds, row.late) == ("claimed", "zhao", 5 * 3600, False)
    assert row.wake_at == NOW + 7 * HOUR
    last = acts(database, made)[-1]
    assert (last.act, last.actor) == ("resume", "relay")
    assert [fire(database, in_force, at) for at in (NOW + 7 * HOUR - SECOND, NOW + 7 * HOUR)] == [0, 1]
    assert hop(database, hop_id).late


def test_a_hop_overdue_before_its_hold_is_not_marked_again(database: Database, in_force: Rulebook, made: int) -> None:
    hop_id = claimed(database, in_force, made, NOC)
    fire(database, in_force, NOW + 2 * HOUR)
    with database.write() as tx:
        handling.hold(tx, in_force, hop_id, NOW + 5 * HOUR, "等", NOC, NOW + 3 * HOUR)
    fire(database, in_force, NOW + 5 * HOUR)
    assert fire(database, in_force, NOW + 99 * HOUR) == 0
    assert [act.act for act in acts(database, made)][-3:] == ["overdue", "hold", "resume"]


def test_at_most_the_limit_of_timers_fires_at_once_oldest_first(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    ids = []
    for n in range(3):
        made = fault(database, in_force, script, f"GZ{n}").ticket_id
        ids.append(on_board(database, in_force, made, NOW + n * SECOND))
    assert fire(database, in_force, NOW + HOUR, 2) == 2
    assert [hop(database, hop_id).late for hop_id in ids] == [True, True, False]
    assert fire(database, in_force, NOW + HOUR, 2) == 1
    assert fire(database, in_force, NOW + HOUR, 2) == 0


def test_a_hop_under_way_to_a_board_has_no_timer(database: Database, in_force: Rulebook, made: int) -> None:
    before = dump(database)
    assert fire(database, in_force, NOW + 99 * HOUR) == 0
    assert dump(database) == before


def test_many_timers_of_all_kinds_fire_in_one_transaction(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = [fault(database, in_force, script, f"GZ{n}").ticket_id for n in range(3)]
    work(database, in_force)
    claimed(database, in_force, made[1], NOC)
    held(database, in_force, made[2], NOC, NOW + HOUR)
    assert fire(database, in_force, NOW + 2 * HOUR) == 3
    assert [acts(database, ticket_id)[-1].act for ticket_id in made] == ["overdue", "overdue", "resume"]
    assert {ticket(database, ticket_id).state for ticket_id in made} == {"open"}


def test_a_hop_that_is_not_on_hold_is_not_resumed(database: Database, in_force: Rulebook, made: int) -> None:
    hop_id = claimed(database, in_force, made, NOC)
    with refused(database, IllegalMove, "resume: it is claimed") as tx:
        handling.resume(tx, in_force, hop_id, NOC, NOW)


def test_two_sweeps_at_once_never_wake_the_same_hop(postgresql: Database, rulebook: Rulebook, script: Script) -> None:
    put_in_force(postgresql, rulebook)
    for n in range(4):
        fault(postgresql, rulebook, script, f"GZ{n}")
    on_board(postgresql, rulebook, 1)
    with postgresql.write() as one, postgresql.write() as other:
        assert timers.fire_due_timers(one, rulebook, NOW + HOUR, 3) == 3
        assert timers.fire_due_timers(other, rulebook, NOW + HOUR, 3) == 1

"""转接队列: who has waited longest is answered next, one agent a call, and who hung up is called back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dispatch.domain.roles import Actor
from dispatch.errors import CallTaken, IllegalMove, NotAllowed, NotFound
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database
from dispatch.tickets import intake, transfers
from dispatch.tickets.intake import FaultReport
from dispatch.tickets.transfers import LEASE, CallQueue
from tests import factories as f

OTHER = replace(f.AGENT_10086, name="other.seat")
SECOND = timedelta(seconds=1)


def transferred(database: Database, rules: Rulebook, script: Script, number: str, now: datetime, note: str = "") -> int:
    """A call that 10050 transfers now; the ticket's id."""
    f.account(database, number)
    with database.write() as tx:
        taken = intake.submit(tx, rules, script, FaultReport(number, "no-internet", "断网"), f.AGENT_10050, now)
        intake.transfer(tx, taken.ticket_id, note, f.AGENT_10050, now)
    return taken.ticket_id


def queue(database: Database, now: datetime = f.NOW, actor: Actor = f.AGENT_10086) -> CallQueue:
    with database.read() as tx:
        return transfers.queue(tx, actor, now)


def take_next(database: Database, now: datetime = f.NOW, actor: Actor = f.AGENT_10086) -> int | None:
    with database.write() as tx:
        return transfers.take_next(tx, actor, now)


def hang_up(database: Database, ticket_id: int, now: datetime = f.NOW, actor: Actor = f.AGENT_10086) -> None:
    with database.write() as tx:
        transfers.hang_up(tx, ticket_id, actor, now)


def test_the_queue_has_the_note_of_10050_and_the_oldest_on_top(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    first = transferred(database, in_force, script, "GZ1", f.NOW, "已重启光猫")
    second = transferred(database, in_force, script, "GZ2", f.NOW + SECOND)
    waiting = queue(database, f.NOW + 2 * SECOND).on_line
    assert [each.call.id for each in waiting] == [first, second]
    assert (waiting[0].note, waiting[0].transferred_by) == ("已重启光猫", f.AGENT_10050.name)
    assert (waiting[0].call.since, waiting[0].call.account, waiting[0].taken_by) == (f.NOW, "GZ1", None)


def test_the_next_call_is_the_oldest_that_nobody_answers(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    first = transferred(database, in_force, script, "GZ1", f.NOW)
    second = transferred(database, in_force, script, "GZ2", f.NOW + SECOND)
    assert take_next(database, f.NOW + 2 * SECOND) == first
    assert take_next(database, f.NOW + 3 * SECOND) == first  # the agent's own
    assert take_next(database, f.NOW + 4 * SECOND, OTHER) == second
    assert take_next(database, f.NOW + 5 * SECOND, replace(OTHER, name="third.seat")) is None
    assert [each.taken_by for each in queue(database, f.NOW + 5 * SECOND).on_line] == [f.AGENT_10086.name, "other.seat"]


def test_a_call_is_free_again_three_minutes_after_a_seat_died(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    call = transferred(database, in_force, script, "GZ1", f.NOW)
    take_next(database)
    assert take_next(database, f.NOW + LEASE - SECOND, OTHER) is None
    assert take_next(database, f.NOW + LEASE, OTHER) == call


def test_nobody_takes_over_or_refers_a_call_that_another_answers(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    call = transferred(database, in_force, script, "GZ1", f.NOW)
    take_next(database)
    with pytest.raises(CallTaken), database.write() as tx:
        intake.take_over(tx, in_force, script, call, f.SOLVED, OTHER, f.NOW)
    with pytest.raises(CallTaken), database.write() as tx:
        intake.refer(tx, call, "电信的线", OTHER, f.NOW)
    with pytest.raises(CallTaken), database.write() as tx:
        transfers.take(tx, call, OTHER, f.NOW)
    with database.write() as tx:
        intake.take_over(tx, in_force, script, call, f.SOLVED, f.AGENT_10086, f.NOW)
    assert queue(database) == ([], [])
    with pytest.raises(IllegalMove), database.write() as tx:
        transfers.take(tx, call, OTHER, f.NOW)


def test_who_hung_up_is_on_the_call_back_list_and_not_in_the_queue(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    call = transferred(database, in_force, script, "GZ1", f.NOW)
    take_next(database)
    hang_up(database, call)
    on_line, to_call_back = queue(database)
    assert (on_line, [each.call.id for each in to_call_back]) == ([], [call])
    assert take_next(database) is None
    with database.write() as tx:
        transfers.take(tx, call, OTHER, f.NOW)
        assert transfers.current(tx, OTHER, f.NOW) == call
    assert [act.act for act in f.acts(database, call)][-3:] == ["take call", "hang up", "take call"]


def test_a_call_of_another_area_is_neither_seen_nor_taken(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    call = transferred(database, in_force, script, "GZ1", f.NOW)
    elsewhere = replace(f.AGENT_10086, areas=frozenset({"panyu"}))
    assert queue(database, actor=elsewhere) == ([], [])
    assert take_next(database, actor=elsewhere) is None
    with pytest.raises(NotFound):
        hang_up(database, call, actor=elsewhere)


def test_only_10086_answers(database: Database) -> None:
    with pytest.raises(NotAllowed):
        take_next(database, actor=f.AGENT_10050)
    with pytest.raises(NotAllowed):
        queue(database, actor=f.CLERK)


def keep(database: Database, ticket_id: int, now: datetime, actor: Actor = f.AGENT_10086) -> None:
    with database.write() as tx:
        transfers.keep(tx, ticket_id, actor, now)


def test_a_call_stays_with_its_agent_through_a_long_dialogue_and_the_history_has_it_once(
    sqlite: Database, rulebook: Rulebook, script: Script
) -> None:
    f.put_in_force(sqlite, rulebook)
    call = transferred(sqlite, rulebook, script, "GZ1", f.NOW)
    take_next(sqlite)
    for minute in range(1, 9):
        keep(sqlite, call, f.NOW + timedelta(minutes=minute))
        with pytest.raises(CallTaken):
            keep(sqlite, call, f.NOW + timedelta(minutes=minute), OTHER)
    assert take_next(sqlite, f.NOW + timedelta(minutes=10), OTHER) is None
    assert take_next(sqlite, f.NOW + timedelta(minutes=8) + LEASE, OTHER) == call
    with pytest.raises(CallTaken):
        keep(sqlite, call, f.NOW + timedelta(minutes=12))
    assert [act.act for act in f.acts(sqlite, call)].count("take call") == 2


def test_who_only_looks_at_a_call_does_not_take_it(sqlite: Database, rulebook: Rulebook, script: Script) -> None:
    f.put_in_force(sqlite, rulebook)
    call = transferred(sqlite, rulebook, script, "GZ1", f.NOW)
    keep(sqlite, call, f.NOW)
    assert [each.taken_by for each in queue(sqlite).on_line] == [None]


def test_those_are_counted_who_wait_on_the_line_in_ones_areas_for_an_answer(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    def waiting(now: datetime, actor: Actor = f.AGENT_10086) -> int:
        with database.read() as tx:
            return transfers.waiting(tx, actor, now)

    calls = [transferred(database, in_force, script, f"GZ{n}", f.NOW) for n in range(3)]
    assert waiting(f.NOW) == 3
    assert waiting(f.NOW, replace(f.AGENT_10086, areas=frozenset({"panyu"}))) == 0
    take_next(database)
    hang_up(database, calls[1])
    assert (waiting(f.NOW), waiting(f.NOW + LEASE)) == (1, 2)
    with pytest.raises(NotAllowed):
        waiting(f.NOW, f.CLERK)

"""Hops are sent, received, failed and woken, each by its index."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, insert, text, update

from dispatch.reports import lists
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops, tickets
from dispatch.storage.database import Database, Tx
from dispatch.storage.hops import SentHop
from dispatch.storage.outbox import MOST_FAILURES, Pair
from dispatch.storage.tables import tickets as t
from dispatch.storage.ticket_changes import write_act
from tests.factories import LEASE, NOW, account, claimed, fault, held, hop, live_id, on_board, put_in_force
from tests.factories import NOC as ZHAO
from tests.query_plans import plan

MINUTE = timedelta(minutes=1)
TEAMS = ["noc", "system-support"]


def take(database: Database, now: datetime = NOW, limit: int = 100, teams: list[str] = TEAMS) -> list[SentHop]:
    with database.write() as tx:
        return hops.take_due(tx, now, LEASE, limit, teams)


def receive(database: Database, sent: list[SentHop], now: datetime = NOW) -> list[Pair]:
    with database.write() as tx:
        return hops.receive(tx, [each.pair for each in sent], now, LEASE)


def fail(database: Database, pair: Pair, now: datetime = NOW) -> bool:
    with database.write() as tx:
        return hops.fail(tx, pair, "noc.line-test: ValueError", now)


@pytest.fixture
def five(database: Database, in_force: Rulebook, script: Script) -> list[int]:
    """Five faults at NOC, the first the youngest; their hops' ids."""
    made = [fault(database, in_force, script, f"GZ{n}", NOW - n * MINUTE).ticket_id for n in range(5)]
    return [live_id(database, ticket_id) for ticket_id in made]


def test_the_oldest_hops_are_taken_first_and_never_more_than_the_limit(database: Database, five: list[int]) -> None:
    assert [sent.id for sent in take(database, limit=2)] == sorted(five[-2:])
    assert [sent.id for sent in take(database, limit=2)] == sorted(five[1:3])
    assert [sent.id for sent in take(database, limit=2)] == five[:1]
    assert take(database, limit=2) == []


def test_a_hop_that_is_not_due_yet_is_not_taken(database: Database, five: list[int]) -> None:
    assert {sent.id for sent in take(database, NOW - 2 * MINUTE)} == set(five[2:])


def test_only_the_given_teams_hops_are_taken(database: Database, in_force: Rulebook, script: Script) -> None:
    network = live_id(database, fault(database, in_force, script, "GZ1").ticket_id)
    system = live_id(database, fault(database, in_force, script, "GZ2", symptom="account-system").ticket_id)
    assert [sent.id for sent in take(database, teams=["system-support"])] == [system]
    assert take(database, teams=[]) == []
    assert [sent.id for sent in take(database, teams=["noc"])] == [network]


def test_the_teams_with_due_hops_are_listed_with_the_time_since(database: Database, five: list[int]) -> None:
    with database.read() as tx:
        assert hops.teams_due(tx, NOW, TEAMS) == {"noc": NOW - 4 * MINUTE}
        assert hops.teams_due(tx, NOW, ["archive"]) == {}
        assert hops.teams_due(tx, NOW - 60 * MINUTE, TEAMS) == {}


def test_each_teams_share_is_limited_so_that_one_backlog_delays_no_other_team(
    database: Database, in_force: Rulebook, script: Script, five: list[int]
) -> None:
    youngest = fault(database, in_force, script, "GZ9", symptom="account-system").ticket_id
    assert [sent.id for sent in take(database, limit=2)] == [*sorted(five[-2:]), live_id(database, youngest)]


def test_every_sending_has_a_new_generation_and_keeps_the_time_of_the_first(
    database: Database, five: list[int]
) -> None:
    for round_ in range(3):
        assert {sent.generation for sent in take(database, NOW + round_ * LEASE)} == {round_ + 1}
    row = hop(database, five[0])
    assert (row.state, row.sent_at, row.wake_at) == ("sent", NOW, NOW + 3 * LEASE)


def test_a_sent_hop_is_sent_again_once_its_lease_is_over_and_not_before(database: Database, five: list[int]) -> None:
    assert len(take(database)) == 5
    assert take(database, NOW + LEASE - timedelta(microseconds=1)) == []
    assert len(take(database, NOW + LEASE)) == 5


def test_only_the_hops_at_a_messages_generation_are_received(database: Database, five: list[int]) -> None:
    first = take(database)
    again = take(database, NOW + LEASE)
    assert receive(database, first) == []
    assert receive(database, again[:3]) == [sent.pair for sent in again[:3]]
    assert receive(database, again) == [sent.pair for sent in again[3:]]  # the others were delivered twice
    assert receive(database, [SentHop(999_999, 1, "noc", 1, "fault", 0)]) == []


def test_every_step_has_its_own_generation_so_a_repeated_delivery_finds_nothing(
    database: Database, five: list[int]
) -> None:
    pairs = receive(database, take(database))
    with database.write() as tx:
        advanced = hops.note_steps_done(tx, five, 1, NOW, LEASE)
        assert advanced == [(hop_id, generation + 1) for hop_id, generation in pairs]
        assert hops.lock_received(tx, pairs) == []
        assert [row.steps_done for row in hops.lock_received(tx, advanced)] == [1] * 5
        assert [row.id for row in hops.read_received(tx, advanced)] == sorted(five)


def test_a_hop_received_five_times_without_an_end_is_quarantined_when_its_lease_runs_out(
    database: Database, five: list[int]
) -> None:
    now = NOW
    for failures in range(MOST_FAILURES):
        sent = take(database, now)
        assert [each.failures for each in sent] == [failures] * 5
        receive(database, sent, now)
        now += LEASE
    assert take(database, now) == []
    row = hop(database, five[0])
    assert (row.state, row.failures, row.wake_at) == ("quarantined", MOST_FAILURES, None)
    assert "worker died" in str(row.failure)


def test_a_hop_sent_but_never_received_is_sent_again_without_limit(database: Database, five: list[int]) -> None:
    for round_ in range(3 * MOST_FAILURES):
        assert {sent.failures for sent in take(database, NOW + round_ * LEASE)} == {0}
    assert hop(database, five[0]).state == "sent"


def test_a_failure_backs_off_ever_longer_and_the_fifth_quarantines(database: Database, five: list[int]) -> None:
    now, pauses = NOW, []
    for number in range(1, MOST_FAILURES + 1):
        pair = next(pair for pair in receive(database, take(database, now), now) if pair[0] == five[0])
        assert fail(database, pair, now) == (number == MOST_FAILURES)
        row = hop(database, five[0])
        pauses.append(row.wake_at and (row.wake_at - now).total_seconds())
        now += timedelta(hours=1)
    assert pauses == [2, 4, 8, 16, None]
    assert (row.state, row.failure) == ("quarantined", "noc.line-test: ValueError")


def test_a_failure_of_a_stale_message_is_not_counted(database: Database, five: list[int]) -> None:
    stale = receive(database, take(database))[0]
    take(database, NOW + LEASE)  # the worker was too slow, so the hop was sent again
    before = hop(database, stale[0])
    assert not fail(database, stale)
    assert hop(database, stale[0]) == before


def test_a_hop_that_reaches_the_board_has_its_failures_reset(database: Database, five: list[int]) -> None:
    pair = receive(database, take(database))[0]
    fail(database, pair)
    receive(database, take(database, NOW + LEASE), NOW + LEASE)
    with database.write() as tx:
        hops.put_on_board(tx, [pair[0]], NOW, NOW)
    assert (hop(database, pair[0]).failures, hop(database, pair[0]).failure) == (0, None)


def test_only_a_hop_sent_to_a_worker_reaches_a_board(database: Database, five: list[int]) -> None:
    with database.write() as tx:
        hops.put_on_board(tx, five, NOW, NOW)
    assert {hop(database, hop_id).state for hop_id in five} == {"due"}


def test_a_worker_may_receive_a_hop_in_the_same_transaction_that_boards_it(database: Database, five: list[int]) -> None:
    pairs = [sent.pair for sent in take(database)]
    later = NOW + MINUTE
    with database.write() as tx:
        assert {row.state for row in hops.lock_received(tx, pairs)} == {"received"}
        hops.put_on_board(tx, five, later, None)
    assert {(row.state, row.received_at) for row in (hop(database, hop_id) for hop_id in five)} == {("waiting", later)}
    with database.write() as tx:
        assert hops.lock_received(tx, pairs) == []


def test_an_unpublished_hop_is_due_again_at_the_given_time_unless_it_moved_on(
    database: Database, five: list[int]
) -> None:
    sent = take(database)
    with database.write() as tx:
        hops.postpone(tx, [each.pair for each in sent[:2]] + [(sent[2].id, sent[2].generation - 1)], NOW + MINUTE)
    assert [hop(database, each.id).state for each in sent] == ["due", "due", "sent", "sent", "sent"]
    assert [each.id for each in take(database, NOW + MINUTE, limit=9)] == sorted(five)


def test_a_message_with_a_hop_of_a_withdrawn_ticket_moves_its_neighbours_alone(
    database: Database, five: list[int]
) -> None:
    sent = take(database)
    with database.write() as tx:
        tx.execute(update(t.hop).where(t.hop.c.id == five[2]).values(state="withdrawn", ended_at=NOW, wake_at=None))
    assert [hop_id for hop_id, _ in receive(database, sent)] == sorted(set(five) - {five[2]})


def test_the_oldest_hops_on_boards_whose_time_has_come_are_woken(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    waiting = on_board(database, in_force, fault(database, in_force, script, "GZ1").ticket_id)  # until 08:15
    on_hold = held(database, in_force, fault(database, in_force, script, "GZ2").ticket_id, ZHAO, NOW + MINUTE)
    in_hand = claimed(database, in_force, fault(database, in_force, script, "GZ3").ticket_id, ZHAO)  # until 10:00

    fault(database, in_force, script, "GZ4")  # due, and on no board

    def woken(minutes: int, limit: int = 9) -> list[int]:
        with database.write() as tx:
            return [row.id for row in hops.lock_woken(tx, NOW + minutes * MINUTE, limit)]

    assert woken(0) == []
    assert woken(15) == [waiting, on_hold]
    assert woken(15, limit=1) == [on_hold]
    assert woken(120) == [waiting, on_hold, in_hand]


def test_two_relays_at_once_never_take_the_same_hop(postgresql: Database, rulebook: Rulebook, script: Script) -> None:
    put_in_force(postgresql, rulebook)
    made = {fault(postgresql, rulebook, script, f"GZ{n}").ticket_id for n in range(6)}
    with postgresql.write() as one, postgresql.write() as other:  # neither waits for the other's commit
        first = hops.take_due(one, NOW, LEASE, 4, TEAMS)
        second = hops.take_due(other, NOW, LEASE, 4, TEAMS)
        third = hops.take_due(other, NOW, LEASE, 4, TEAMS)
    assert (len(first), len(second), third) == (4, 2, [])
    assert {sent.ticket_id for sent in first + second} == made


# -- by which indexes --------------------------------------------------------------------------


@pytest.fixture
def crowded(database: Database, in_force: Rulebook, script: Script) -> Database:
    """A database after a year: three thousand old hops, three hundred live ones, ten of them due."""
    account(database)
    template = dict(live_row(database, fault(database, in_force, script).ticket_id)._mapping)
    old, alive, due = 3_000, 290, 10
    states = ["reported"] * old + ["waiting"] * alive + ["due"] * due
    with database.write() as tx:
        ticket = dict(tx.execute(t.ticket.select()).one()._mapping)
        made = [
            {**ticket, "id": None, "state": "closed" if state == "reported" else "open", "ended_at": NOW}
            | ({} if state == "reported" else {"ended_at": None})
            for state in states
        ]
        for row in made:
            del row["id"]
        ids = tickets.insert_tickets(tx, made)
        rows = [
            {
                **template,
                "ticket_id": ticket_id,
                "state": state,
                "team": f"team-{ticket_id % 20}" if state == "waiting" else "noc",
                "ended_at": NOW if state == "reported" else None,
                "wake_at": {"reported": None, "waiting": NOW + timedelta(days=1), "due": NOW}[state],
                "finding": "fixed",
            }
            for ticket_id, state in zip(ids, states, strict=True)
        ]
        for row in rows:
            del row["id"]
        tx.execute(insert(t.hop), rows)
        tx.execute(text("ANALYZE"))
    return database


def live_row(database: Database, ticket_id: int) -> Row[Any]:
    with database.read() as tx:
        return tx.execute(t.hop.select().where(t.hop.c.ticket_id == ticket_id)).one()


SCAN = re.compile(r"Seq Scan on (hop|ticket|history)|SCAN (hop|ticket|history)\b(?! USING INDEX ix_hop_)")

QUERIES: dict[str, tuple[Callable[[Tx], object], str]] = {
    "what is due": (lambda tx: hops.take_due(tx, NOW, LEASE, 100, ["noc"]), "ix_hop_off_board"),
    "whose is due": (lambda tx: hops.teams_due(tx, NOW, ["noc", "archive"]), "ix_hop_off_board"),
    "whether anything wakes": (lambda tx: hops.is_woken(tx, NOW), "ix_hop_wake_at"),
    "what wakes": (lambda tx: hops.lock_woken(tx, NOW, 100), "ix_hop_wake_at"),
    "a team's board": (lambda tx: lists.board(tx, "team-7", 50), "ix_hop_board"),
    "a ticket's live hop": (lambda tx: hops.find(tx, 3_100), "uq_hop_|autoindex_hop_"),
    "an account's open ticket": (lambda tx: tickets.open_faults(tx, [1]), "ix_ticket_account_id|ix_ticket_open"),
    "a ticket's live hop, locked": (lambda tx: hops.lock_one(tx, 3_100), "uq_hop_|autoindex_hop_"),
    "a numbered hop, locked": (lambda tx: hops.lock_one(tx, 3_100, 1), "uq_hop_|autoindex_hop_"),
    "a ticket's visits": (lambda tx: hops.visits(tx, 3_100), "uq_hop_|autoindex_hop_"),
    "a hop, locked": (lambda tx: hops.lock(tx, [3_100, 3_101]), ""),
    "a message's hops": (lambda tx: hops.receive(tx, [(3_100, 1), (3_101, 1)], NOW, LEASE), ""),
}


def test_sqlite_updates_each_hop_of_a_batch_by_its_id(crowded: Database) -> None:
    if crowded.kind == "sqlite":  # PostgreSQL rightly scans a table of this size
        found = plan(crowded, lambda tx: hops.update_hops(tx, [{"id": n, "late": True} for n in range(3_100, 3_300)]))
        assert "SEARCH hop USING INTEGER PRIMARY KEY" in found


def test_every_query_of_the_hot_path_uses_its_index(crowded: Database) -> None:
    assert len(take(crowded)) == 10 + 1
    for what, (act, index) in QUERIES.items():
        found = plan(crowded, act)
        assert re.search(index, found), f"{what}:\n{found}"
        assert not SCAN.search(found), f"{what}:\n{found}"


WORKERS_OWN: dict[str, Callable[[Tx], object]] = {
    "a message's hops": lambda tx: hops.lock_received(tx, [(1, 1), (2, 1)]),
    "ended hops": lambda tx: hops.update_hops(tx, [{"id": 1, "late": True}]),
    "moved tickets": lambda tx: write_act(tx, (), tickets=[{"id": 1, "reopened": 0}]),
    "whole journeys": lambda tx: hops.of_tickets(tx, [1, 2]),
}


@pytest.mark.parametrize("what", WORKERS_OWN)
def test_a_worker_on_a_new_database_keeps_no_plan_that_scans_whole_tables(postgresql: Database, what: str) -> None:
    """A worker keeps a plan as long as it runs, and the table that was empty at its start is full a day later."""
    worker = Database(postgresql.url, plans_by_index_only=True)
    found = plan(worker, WORKERS_OWN[what])
    worker.dispose()
    assert not re.search("Hash|Merge|Seq Scan on (hop|ticket|account)", found), found
    assert re.search("Index (Only )?Scan using (pk_|uq_)", found), found

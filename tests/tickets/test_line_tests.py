"""Line tests that were not possible: written with their retest, made up for once, whoever acts at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from dispatch.domain.retest import FIRST, LONGEST
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops, retests
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables import tickets as t
from dispatch.tickets import followup, handling, line_tests
from tests import factories as f
from tests.killed_transaction import is_all_or_nothing

GOOD = {"optical_power": -19.5, "online": True, "suspect": "none"}
LATER = f.NOW + LONGEST


@pytest.fixture
def three(database: Database, in_force: Rulebook, script: Script) -> list[int]:
    """Three faults on NOC's board whose lines couldn't be tested; their hops' ids."""
    return untested(database, in_force, script)


def untested(database: Database, rulebook: Rulebook, script: Script) -> list[int]:
    made = [f.fault(database, rulebook, script, f"GZ{n}").ticket_id for n in range(3)]
    hop_ids = [f.on_board(database, rulebook, ticket_id) for ticket_id in made]
    with database.write() as tx:
        note(tx, hop_ids)
    return hop_ids


def note(tx: Tx, hop_ids: list[int]) -> None:
    line_tests.note(tx, list(hops.lock(tx, hop_ids).values()), {}, f.NOW)


def begin(tx: Tx, limit: int = 9) -> list[tuple[int, int]]:
    return [sent.pair for sent in line_tests.begin_tries(tx, LATER, f.LEASE, limit, ["noc"])]


def line_acts(database: Database) -> list[tuple[int | None, str]]:
    query = select(t.history.c.hop_id, t.history.c.act).where(t.history.c.act.contains("line test"))
    with database.read() as tx:
        return [(row.hop_id, row.act) for row in tx.execute(query.order_by(t.history.c.hop_id))]


def test_a_hop_without_a_test_and_its_retest_are_written_together_or_not_at_all(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    hop_id = f.on_board(database, in_force, f.fault(database, in_force, script).ticket_id)
    is_all_or_nothing(database, lambda tx: note(tx, [hop_id]))
    with database.read() as tx:
        assert retests.waiting(tx) == (1, f.NOW)
        assert retests.of_ticket(tx, f.hop(database, hop_id).ticket_id) == {hop_id: f.NOW + FIRST}


@pytest.mark.parametrize(
    "act",
    [
        lambda tx, pairs: line_tests.note_retested(tx, pairs, {pairs[0][0]: GOOD}, LATER),
        lambda tx, pairs: line_tests.postpone(tx, pairs, LATER),
        lambda tx, _: line_tests.begin_tries(tx, LATER + LONGEST, f.LEASE, 9, ["noc"]),
        lambda tx, _: line_tests.begin_tries(tx, LATER + 300 * LONGEST, f.LEASE, 9, ["noc"]),
    ],
    ids=["tested", "away", "begun", "given up"],
)
def test_each_act_on_a_retest_is_all_or_nothing(
    database: Database, three: list[int], act: Callable[[Tx, list[tuple[int, int]]], object]
) -> None:
    with database.write() as tx:
        pairs = begin(tx)
    is_all_or_nothing(database, lambda tx: act(tx, pairs))


def test_noting_a_missing_test_twice_leaves_one_retest_with_its_first_time(
    database: Database, three: list[int]
) -> None:
    with database.write() as tx:
        begun = begin(tx)
        note(tx, three)
        assert [(row.hop_id, row.tries) for row in retests.lock(tx, begun)] == begun


def test_retests_of_teams_without_room_stay_due_and_never_more_than_the_limit_begin(
    database: Database, three: list[int]
) -> None:
    with database.write() as tx:
        assert retests.teams_due(tx, LATER) == {"noc"}
        assert line_tests.begin_tries(tx, LATER, f.LEASE, 9, ["installer"]) == []
        assert [len(begin(tx, limit=2)) for _ in range(3)] == [2, 1, 0]
        assert retests.teams_due(tx, LATER) == set()


def test_two_relays_at_once_never_begin_the_same_try(postgresql: Database, rulebook: Rulebook, script: Script) -> None:
    f.put_in_force(postgresql, rulebook)
    three = untested(postgresql, rulebook, script)
    with postgresql.write() as one, postgresql.write() as other:  # neither waits for the other's commit
        first, second = begin(one, limit=2), begin(other)
    assert sorted(hop_id for hop_id, _ in first + second) == three


@pytest.mark.parametrize("ends", ["reported", "withdrawn"])
def test_a_result_and_the_hop_s_end_at_once_leave_one_of_them_first_and_no_retest(
    postgresql: Database, rulebook: Rulebook, script: Script, ends: str
) -> None:
    f.put_in_force(postgresql, rulebook)
    three = untested(postgresql, rulebook, script)
    with postgresql.write() as tx:
        pairs = begin(tx)
    tickets = {hop_id: f.hop(postgresql, hop_id).ticket_id for hop_id in three}
    if ends == "reported":
        with postgresql.write() as tx:
            for hop_id in three:
                handling.claim(tx, rulebook, handling.Claim(hop_id, f.NOC), f.NOW)
    barrier = threading.Barrier(3)

    def test_again() -> None:
        barrier.wait(30)
        with postgresql.write() as tx:
            line_tests.note_retested(tx, pairs, dict.fromkeys(three, GOOD), LATER)

    def end() -> None:
        barrier.wait(30)
        for hop_id in three:
            with postgresql.write() as tx:
                if ends == "reported":
                    report = handling.Report(hop_id, f.NOC, "fixed", {"cause": "fibre"})
                    handling.end(tx, rulebook, report, LATER)
                else:
                    followup.withdraw(tx, tickets[hop_id], "好了", f.CLERK, LATER)

    with ThreadPoolExecutor(3) as people:
        for done in [people.submit(each) for each in (test_again, test_again, end)]:
            done.result()
    for hop_id in three:
        acts = [act.act for act in f.acts(postgresql, tickets[hop_id])]
        assert acts.count("line test") <= 1
        assert {"report", "withdraw"} & set(acts)
        if "line test" in acts:
            assert acts.index("line test") < acts.index("report" if ends == "reported" else "withdraw")
    with postgresql.write() as tx:
        assert begin(tx) == []
        assert tx.execute(select(t.retest)).all() == []

"""The system that tests lines is away: people work on without it, and the lines are tested when it is back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded
from kombu import Connection
from sqlalchemy import select

from dispatch.domain.retest import GIVEN_UP, LONGEST
from dispatch.ports.line_test import SimulatedLineTester
from dispatch.routing.prehandling import Script
from dispatch.runtime import metrics
from dispatch.storage import retests
from dispatch.storage.rows import HistoryRow
from dispatch.storage.tables import tickets as t
from dispatch.tickets import followup, handling, line_tests
from tests import factories as f
from tests.workers.stepped_workers import SteppedWorkers
from workers.context import Context
from workers.task_names import retest_task

RETEST = retest_task("noc")


@pytest.fixture
def made(stage: SteppedWorkers, script: Script) -> list[int]:
    """Ten faults on their way to NOC; their tickets' ids."""
    database = stage.context.database
    return [f.fault(database, stage.rulebook, script, f"GZ{n}").ticket_id for n in range(10)]


@pytest.fixture
def untested(stage: SteppedWorkers, made: list[int], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The same on NOC's board, where they came while the system was away; their hops' ids."""
    with away(monkeypatch):
        stage.work("noc")
    hop_ids = [f.live_id(stage.context.database, ticket_id) for ticket_id in made]
    assert states(stage, hop_ids) == ["waiting"] * 10
    return hop_ids


@contextmanager
def away(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None, number: str | None = None) -> Iterator[None]:
    """The system answers with this error, for one account or for all."""
    sound = SimulatedLineTester._line

    def line(self: SimulatedLineTester, account: str) -> Any:
        if number in (None, account):
            raise error or ConnectionRefusedError
        return sound(self, account)

    with monkeypatch.context() as gone:
        gone.setattr(SimulatedLineTester, "_line", line)
        yield


def states(stage: SteppedWorkers, hop_ids: list[int]) -> list[str]:
    return [f.hop(stage.context.database, hop_id).state for hop_id in hop_ids]


def found(stage: SteppedWorkers, hop_id: int) -> Any:
    with stage.context.database.read() as tx:
        return tx.execute(select(t.hop.c.found).where(t.hop.c.id == hop_id)).scalar_one()


def told(stage: SteppedWorkers, ticket_id: int) -> list[HistoryRow]:
    """The entries about line tests in the ticket's history."""
    return [act for act in f.acts(stage.context.database, ticket_id) if "line test" in act.act]


def waiting(stage: SteppedWorkers) -> dict[int, datetime]:
    """When the lines are tested again, by hop id."""
    with stage.context.database.read() as tx:
        return {row.hop_id: row.due_at for row in tx.execute(select(t.retest).order_by(t.retest.c.hop_id))}


def failures(stage: SteppedWorkers, hop_ids: list[int]) -> int:
    return sum(f.hop(stage.context.database, hop_id).failures for hop_id in hop_ids)


def test_lines_are_tested_when_the_system_is_back_and_board_and_history_say_what_was_found(
    stage: SteppedWorkers, made: list[int], untested: list[int]
) -> None:
    assert stage.retest("noc") == [], "not yet: the system was asked just now"
    assert len(stage.retest("noc", LONGEST)) == 10
    tester = SimulatedLineTester()
    for n, (ticket_id, hop_id) in enumerate(zip(made, untested, strict=True)):
        result = dict(tester.test([f"GZ{n}"])[f"GZ{n}"])
        (entry,) = told(stage, ticket_id)
        assert (entry.act, entry.actor, entry.hop_id, entry.detail) == (
            "line test",
            "worker",
            hop_id,
            {"found": result},
        )
        assert found(stage, hop_id) == {"tested_at": entry.at.isoformat(timespec="seconds"), **result}
    assert waiting(stage) == {}
    assert states(stage, untested) == ["waiting"] * 10


def test_a_line_is_tested_again_once_however_often_and_late_its_messages_come(
    stage: SteppedWorkers, made: list[int], untested: list[int]
) -> None:
    lost = stage.send_retests("noc", LONGEST)
    stage.retest("noc", 2 * LONGEST, times=3)
    stage.deliver(RETEST, lost)
    assert [len(told(stage, ticket_id)) for ticket_id in made] == [1] * 10


def test_a_message_of_an_earlier_try_is_stale(stage: SteppedWorkers, made: list[int], untested: list[int]) -> None:
    lost = stage.send_retests("noc", LONGEST)
    stage.send_retests("noc", 2 * LONGEST)
    before = metrics.STALE.labels("hops")._value.get()
    assert stage.deliver(RETEST, lost) == []
    assert metrics.STALE.labels("hops")._value.get() - before == 10
    assert not any(told(stage, ticket_id) for ticket_id in made)


def test_while_the_system_stays_away_it_is_asked_ever_more_seldom_and_nothing_fails(
    stage: SteppedWorkers, untested: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = metrics.OUT_OF_REACH.labels(RETEST)._value.get()
    pauses = []
    with away(monkeypatch):
        now = datetime.now(UTC)
        for _ in range(8):
            now += LONGEST
            stage.context.clock.told = now
            stage.retest("noc")
            (due_at,) = set(waiting(stage).values())
            pauses.append((due_at - now).total_seconds())
    assert pauses == [20, 40, 80, 160, 300, 300, 300, 300]
    assert metrics.OUT_OF_REACH.labels(RETEST)._value.get() > before
    assert failures(stage, untested) == 0
    assert states(stage, untested) == ["waiting"] * 10


def test_after_a_day_without_the_system_the_test_is_given_up_and_the_history_says_so(
    stage: SteppedWorkers, made: list[int], untested: list[int]
) -> None:
    assert stage.retest("noc", GIVEN_UP + LONGEST) == []
    assert waiting(stage) == {}
    assert [[act.act for act in told(stage, ticket_id)] for ticket_id in made] == [["no line test"]] * 10
    assert found(stage, untested[0]) == {"line_test": "unavailable"}


def test_a_hop_that_has_ended_is_not_tested_any_more(
    stage: SteppedWorkers, made: list[int], untested: list[int]
) -> None:
    database, rulebook = stage.context.database, stage.rulebook
    on_the_way = stage.send_retests("noc", LONGEST)
    with database.write() as tx:
        now = datetime.now(UTC)
        followup.withdraw(tx, made[0], "好了", f.CLERK, now)
        handling.claim(tx, rulebook, handling.Claim(untested[1], f.NOC), now)
        handling.end(tx, rulebook, handling.Report(untested[1], f.NOC, "fixed", {"cause": "fibre"}), now)
    with database.read() as tx:
        assert retests.waiting(tx).hops == 8
    stage.deliver(RETEST, on_the_way)
    assert [len(told(stage, ticket_id)) for ticket_id in made] == [0, 0, *[1] * 8]
    assert stage.retest("noc", 2 * LONGEST) == []
    assert waiting(stage) == {}


def test_a_hop_that_somebody_has_in_hand_gets_its_test(
    stage: SteppedWorkers, made: list[int], untested: list[int]
) -> None:
    with stage.context.database.write() as tx:
        handling.claim(tx, stage.rulebook, handling.Claim(untested[0], f.NOC), datetime.now(UTC))
    stage.retest("noc", LONGEST)
    row = f.hop(stage.context.database, untested[0])
    assert (row.state, row.holder) == ("claimed", f.NOC.name)
    assert "optical_power" in found(stage, untested[0])


@pytest.mark.parametrize("error", [ConnectionResetError(), ValueError("no such line GZ6")])
def test_one_line_that_cannot_be_tested_waits_alone_and_its_hop_stays_with_people(
    stage: SteppedWorkers, made: list[int], untested: list[int], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(random, "choice", lambda pairs: pairs[0])  # the line that is asked alone is a sound one
    with away(monkeypatch, error, "GZ6"):
        stage.retest("noc", LONGEST)
        assert list(waiting(stage)) == [untested[6]]
        for n in range(2, 10):
            assert [hop_id for hop_id, _ in stage.retest("noc", n * LONGEST)] == [untested[6]]
    assert (states(stage, untested), failures(stage, untested)) == (["waiting"] * 10, 0)
    stage.retest("noc", 10 * LONGEST)
    assert [len(told(stage, ticket_id)) for ticket_id in made] == [1] * 10


def test_a_system_that_never_answers_keeps_no_fault_off_the_board_and_counts_as_away(
    stage: SteppedWorkers, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    counters = [metrics.OUT_OF_REACH.labels("noc.line-test"), metrics.OUT_OF_REACH.labels(RETEST)]
    before = [counter._value.get() for counter in counters]
    with away(monkeypatch, SoftTimeLimitExceeded()):
        stage.work("noc")
        hop_ids = [f.live_id(stage.context.database, ticket_id) for ticket_id in made]
        assert states(stage, hop_ids) == ["waiting"] * 10
        stage.retest("noc", LONGEST)
    assert [counter._value.get() for counter in counters] == [count + 1 for count in before]
    assert len(waiting(stage)) == 10
    stage.retest("noc", 2 * LONGEST)
    assert [len(told(stage, ticket_id)) for ticket_id in made] == [1] * 10


def test_a_line_whose_test_kills_its_worker_is_soon_tried_alone(
    stage: SteppedWorkers, made: list[int], untested: list[int]
) -> None:
    from workers.relay import _batches

    database, lease = stage.context.database, stage.context.settings.lease_span
    sizes = []
    for n in range(1, 5):
        with database.write() as tx:
            begun = line_tests.begin_tries(tx, datetime.now(UTC) + n * LONGEST, lease, 1000, ["noc"])
        sizes.append([len(batch) for batch in _batches(begun, lambda sending: sending.team, 100)])
    assert sizes == [[10], [10], [1] * 10, [1] * 10]


def test_a_worker_whose_clock_is_wrong_leaves_the_test_to_another(
    stage: SteppedWorkers, made: list[int], untested: list[int]
) -> None:
    stage.context.clock.guard.machine = lambda: datetime.now(UTC) + timedelta(hours=1)
    with stage.context.database.autocommit_read() as tx:
        stage.context.clock.guard.measure(tx)
    stage.deliver(RETEST, stage.send_retests("noc"))
    assert not any(told(stage, ticket_id) for ticket_id in made)
    assert len(waiting(stage)) == 10


def test_the_relay_publishes_what_is_due_as_soon_as_the_team_s_queue_has_room(
    stage: SteppedWorkers, app: Celery, context: Context, untested: list[int]
) -> None:
    from workers.relay import Relay

    relay = Relay(context)
    with Connection("memory://") as connection:
        queue = app.amqp.queues["noc"].bind(connection.channel())
        queue.declare()
        queue.purge()
        relay.send_retests()
        assert queue.get(no_ack=True) is None, "nothing is due yet"
        context.clock.told = datetime.now(UTC) + LONGEST
        relay.send_retests()
        context.clock.told += LONGEST
        relay.send_retests()  # the first message still waits
        message = queue.get(no_ack=True)
        assert message is not None
        assert message.headers["task"] == RETEST
        assert message.decode()[0] == [[[hop_id, 1] for hop_id in untested]]
        assert queue.get(no_ack=True) is None

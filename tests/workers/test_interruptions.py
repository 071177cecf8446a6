"""A database that refuses to work costs no hop an attempt: workers try again, and what they gave up is sent again."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from dispatch.routing.prehandling import Script
from dispatch.storage import patience as patience_of
from dispatch.storage.database_faults import OF_SQLITE, OF_SQLSTATE, database_fault
from dispatch.storage.outbox import MOST_FAILURES, Pair
from dispatch.storage.patience import when_free
from tests import factories as f
from tests.storage.test_database_faults import of_postgresql, of_sqlite
from tests.web.test_database_refuses import held
from tests.workers.stepped_workers import SteppedWorkers
from workers import batch as batch_of
from workers.batch import Batch
from workers.interruptions import PAUSES, Interruptions

LEASE = timedelta(seconds=30)
REFUSALS = [*map(of_postgresql, OF_SQLSTATE), *map(of_sqlite, OF_SQLITE)]


def batch(refusals: list[DBAPIError]) -> tuple[Batch[int, int], list[object]]:
    """A batch whose act meets these refusals first; the list gets the members that are blamed or must wait."""
    blamed: list[object] = []

    def act(members: object) -> list[int]:
        if refusals:
            raise refusals.pop(0)
        return list(members)  # type: ignore[call-overload,no-any-return]

    return Batch(act, lambda member, _: blamed.append(member), lambda members, _: blamed.extend(members)), blamed


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda wrong: str(database_fault(wrong).name))  # type: ignore[union-attr]
def test_no_refusal_of_the_database_is_blamed_on_a_hop_or_an_effect(
    refusal: DBAPIError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_of, "TRIES", (0.0, 0.0))
    fault = database_fault(refusal)
    assert fault is not None
    healing, blamed = batch([refusal])
    if fault.repeats:
        assert healing.run([1, 2, 3]) == [1, 2, 3]
    lasting, blamed_too = batch([refusal] * 1000)
    with pytest.raises(DBAPIError):
        lasting.run([1, 2, 3])
    assert not blamed + blamed_too


def receive(stage: SteppedWorkers, after: timedelta) -> list[Pair]:
    return stage.deliver("noc.receive", stage.send("noc", after=after))


def test_hops_whose_workers_gave_up_in_interruption_after_interruption_count_no_failure(
    stage: SteppedWorkers, script: Script
) -> None:
    database = stage.context.database
    hop_id = f.live_id(database, f.fault(database, stage.rulebook, script).ticket_id)
    interruptions, now = Interruptions(database, LEASE), datetime.now(UTC)
    for _ in range(MOST_FAILURES + 1):
        stage.context.clock.told = now
        [(received, generation)] = receive(stage, now - datetime.now(UTC) + timedelta(seconds=1))
        assert received == hop_id
        interruptions.note()
        healed = now + timedelta(seconds=20)  # the worker has given up, its lease still runs
        interruptions.excuse(healed)
        assert f.hop(database, hop_id).state == "received"
        now = healed + LEASE + timedelta(seconds=5)
        interruptions.excuse(now)
        assert f.hop(database, hop_id).generation == generation
    assert (f.hop(database, hop_id).failures, f.hop(database, hop_id).state) == (0, "due")


def test_a_hop_that_was_received_after_the_interruption_still_counts_a_worker_that_died(
    stage: SteppedWorkers, script: Script
) -> None:
    database = stage.context.database
    hop_id = f.live_id(database, f.fault(database, stage.rulebook, script).ticket_id)
    interruptions = Interruptions(database, LEASE)
    interruptions.note()
    interruptions.excuse(datetime.now(UTC) - timedelta(seconds=1))
    receive(stage, timedelta())
    later = datetime.now(UTC) + LEASE + timedelta(seconds=5)
    interruptions.excuse(later)
    stage.send("noc", after=later - datetime.now(UTC))
    assert f.hop(database, hop_id).failures == 1


def test_the_relay_waits_longer_and_longer_but_never_for_long() -> None:
    waiting = Interruptions(None, LEASE)  # type: ignore[arg-type]
    assert [waiting.note() for _ in range(5)] == [*PAUSES, PAUSES[-1], PAUSES[-1]]


def test_a_relay_meets_every_refusal_without_ending(stage: SteppedWorkers, monkeypatch: pytest.MonkeyPatch) -> None:
    from workers.relay import Relay

    relay, refusals = Relay(stage.context), list(REFUSALS)

    def refuse() -> bool:
        if not refusals:
            relay.stop.set()
            return False
        raise refusals.pop()

    monkeypatch.setattr(relay, "clock_is_right", refuse)
    monkeypatch.setattr(relay.stop, "wait", lambda _seconds: None)
    relay.run()
    assert not refusals


def test_a_process_that_starts_while_the_lock_is_held_waits_for_it(
    stage: SteppedWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, refused = stage.context.database, threading.Event()
    monkeypatch.setattr(patience_of, "PAUSE_SECONDS", 0.01)

    def write() -> str:
        try:
            with database.write(0.05):
                return "written"
        except DBAPIError:
            refused.set()
            raise

    found: list[str] = []
    starting = threading.Thread(target=lambda: found.append(when_free(write)), daemon=True)
    with held(database):
        starting.start()
        assert refused.wait(10)
        assert not found
    starting.join(10)
    assert found == ["written"]


def test_a_process_that_starts_with_a_database_that_must_be_mended_ends() -> None:
    def open_it() -> None:
        raise of_postgresql("42P01")

    with pytest.raises(DBAPIError):
        when_free(open_it)

"""A result that a worker computes before it takes the write lock holds only while its hops don't change."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import archive, history
from dispatch.storage.database import Database, Tx
from dispatch.storage.rows import LockedHop
from dispatch.storage.ticket_changes import write_act
from dispatch.tickets import closing, followup
from dispatch.tickets.next_hop import Changes, DirectlySent
from tests.factories import AGENT_10086, ticket
from tests.workers import stepped_workers as stage_of
from tests.workers.stepped_workers import SteppedWorkers
from workers import hop as worker
from workers.stretch import Step

FILE = Step("file", end=closing.archive, last=True)


@pytest.fixture
def fixed(stage: SteppedWorkers, script: Script) -> int:
    return stage_of.fixed(stage, script)


def interrupted_by(act: Callable[[Tx], object], database: Database) -> tuple[Step, list[int]]:
    """The archive's step, with an act in between, after its first computation; and the number of hops computed each
    time."""
    worked_out: list[int] = []

    def end(tx: Tx, rulebook: Rulebook, mine: Sequence[LockedHop], now: datetime, direct: DirectlySent) -> Changes:
        found = closing.archive(tx, rulebook, mine, now, direct)
        worked_out.append(len(mine))
        if len(worked_out) == 1:
            with database.write() as other:
                act(other)
        return found

    return replace(FILE, end=end), worked_out


def run(stage: SteppedWorkers, step: Step) -> None:
    worker.run_step(step, 0, "archive.file", stage.send("archive"))


def test_a_precomputed_result_is_written_unchanged_when_nothing_happens_meanwhile(
    stage: SteppedWorkers, fixed: int
) -> None:
    step, worked_out = interrupted_by(lambda _tx: None, stage.context.database)
    run(stage, step)
    assert worked_out == [1]
    assert ticket(stage.context.database, fixed).state == "archived"


def test_an_urge_in_between_is_in_the_record(stage: SteppedWorkers, fixed: int) -> None:
    database = stage.context.database

    def urge(tx: Tx) -> None:
        followup.urge(tx, stage.rulebook, fixed, "急着用", AGENT_10086, datetime.now(UTC))

    step, worked_out = interrupted_by(urge, database)
    run(stage, step)
    with database.read() as tx:
        (record,) = archive.records(tx, fixed)
    acts = [each["act"] for each in json.loads(record.content)["history"]]
    assert worked_out == [1, 1]
    assert acts[-1] == "urge"
    assert ticket(database, fixed).urged == 1


def test_an_act_that_changes_only_the_history_is_in_the_record_too(stage: SteppedWorkers, fixed: int) -> None:
    database = stage.context.database

    def note(tx: Tx) -> None:
        write_act(tx, [history.entry(fixed, datetime.now(UTC), "urge", AGENT_10086)])

    step, _ = interrupted_by(note, database)
    run(stage, step)
    with database.read() as tx:
        (record,) = archive.records(tx, fixed)
        told = [row.act for row in history.of_tickets(tx, [fixed])]
    acts = [each["act"] for each in json.loads(record.content)["history"]]
    assert acts == told[:-1], "all that came before the archive's own end"


def test_a_report_withdrawn_in_between_is_not_archived(stage: SteppedWorkers, fixed: int) -> None:
    database = stage.context.database

    def withdraw(tx: Tx) -> None:
        followup.withdraw(tx, fixed, "自己好了", AGENT_10086, datetime.now(UTC))

    step, _ = interrupted_by(withdraw, database)
    run(stage, step)
    assert ticket(database, fixed).state == "withdrawn"
    with database.read() as tx:
        assert archive.records(tx, fixed) == []

"""A worker publishes the hops that it has made itself, and leaves them to the relay when it can't."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from kombu import Connection, Queue
from prometheus_client import REGISTRY

from dispatch.routing.prehandling import Script
from dispatch.storage.hops import SentHop
from dispatch.tickets import handling
from tests.factories import NOC, fault, hop, live_id
from tests.workers.stepped_workers import SteppedWorkers
from workers.chains import chains
from workers.context import Context
from workers.publishing import Publisher

LONG = timedelta(days=1)
SURVEY = "callback-survey"


@pytest.fixture
def stage(context: Context, app: Celery) -> SteppedWorkers:
    """A stage whose workers have an in-memory broker."""
    context.direct_sender.publisher = Publisher(app, chains(context.rules.get()))
    return SteppedWorkers(context, app)


@pytest.fixture
def surveys(app: Celery) -> Iterator[Queue]:
    """The surveys' queue, empty."""
    with Connection("memory://") as connection:
        queue = app.amqp.queues[SURVEY].bind(connection.channel())
        queue.declare()
        queue.purge()
        yield queue
        queue.purge()


@pytest.fixture
def fixed(stage: SteppedWorkers, script: Script) -> int:
    """A fault that NOC has fixed: the archive's hop is due; its ticket's id."""
    database, rulebook, now = stage.context.database, stage.rulebook, datetime.now(UTC)
    ticket_id = fault(database, rulebook, script, "GZ1").ticket_id
    hop_id = live_id(database, ticket_id)
    stage.work("noc")
    with database.write() as tx:
        handling.claim(tx, rulebook, handling.Claim(hop_id, NOC), now)
        handling.end(tx, rulebook, handling.Report(hop_id, NOC, "fixed", {"cause": "fibre"}), now)
    return ticket_id


def survey(stage: SteppedWorkers, ticket_id: int) -> Any:
    row = hop(stage.context.database, live_id(stage.context.database, ticket_id))
    assert row.team == SURVEY
    return row


def test_the_following_hop_is_published_by_the_worker_that_made_it(
    stage: SteppedWorkers, surveys: Queue, fixed: int
) -> None:
    stage.work("archive")
    row = survey(stage, fixed)
    assert (row.state, row.generation) == ("sent", 1)
    message = surveys.get(no_ack=True)
    assert message is not None
    arguments, _, _ = json.loads(message.body)
    assert (message.headers["task"], arguments) == (f"{SURVEY}.prepare", [[[row.id, 1]]])
    assert stage.send(SURVEY) == []  # the relay takes no part


def test_hops_published_by_a_worker_are_counted_as_sent_like_the_relays(
    stage: SteppedWorkers, surveys: Queue, fixed: int
) -> None:
    def sent() -> float:
        return REGISTRY.get_sample_value("paidan_sent_total", {"to": SURVEY}) or 0.0

    before = sent()
    stage.work("archive")
    assert sent() == before + 1


def test_a_worker_publishes_nothing_to_a_queue_with_work_waiting(
    stage: SteppedWorkers, surveys: Queue, fixed: int
) -> None:
    publisher = stage.context.direct_sender.publisher
    assert publisher is not None
    publisher.publish_hops([SentHop(99, 1, SURVEY, 9, "fault", 0)])
    stage.work("archive")
    assert survey(stage, fixed).state == "due"
    assert [hop_id for hop_id, _ in stage.send(SURVEY)] == [survey(stage, fixed).id]


def test_an_unpublished_hop_is_due_again_in_a_moment(
    stage: SteppedWorkers, surveys: Queue, fixed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(Publisher, "publish_hops", away)
    stage.work("archive")
    row = survey(stage, fixed)
    assert row.state == "due"
    assert row.wake_at <= datetime.now(UTC) + timedelta(seconds=1)


def test_a_broker_that_cannot_be_asked_for_room_leaves_the_work_to_the_relay(
    stage: SteppedWorkers, surveys: Queue, fixed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> set[str]:
        raise ConnectionRefusedError

    monkeypatch.setattr(Publisher, "with_room", away)
    stage.work("archive")
    assert survey(stage, fixed).state == "due"


def test_a_worker_that_dies_before_it_has_published_leaves_the_hop_to_its_lease(
    stage: SteppedWorkers, surveys: Queue, fixed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(Publisher, "publish_hops", killed)
        with pytest.raises(Killed):
            stage.work("archive")
    assert survey(stage, fixed).state == "sent"
    assert stage.send(SURVEY) == []
    stage.work(SURVEY, after=LONG)
    assert survey(stage, fixed).state == "waiting"
    assert set(stage.effects().values()) == {1}


def test_a_repeated_message_is_recorded_as_received_before_its_work_is_tried(
    stage: SteppedWorkers, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker may have died of the message, and so may the second."""

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    ticket_id = fault(stage.context.database, stage.rulebook, script, "GZ1").ticket_id
    hop_id = live_id(stage.context.database, ticket_id)
    pairs = stage.send("noc")
    monkeypatch.setattr("dispatch.ports.line_test.SimulatedLineTester._line", killed)
    with pytest.raises(Killed):
        stage.deliver("noc.line-test", pairs)
    assert hop(stage.context.database, hop_id).state == "sent"
    monkeypatch.setattr("workers.app._was_delivered_before", lambda: True)
    with pytest.raises(Killed):
        stage.deliver("noc.line-test", pairs)
    assert hop(stage.context.database, hop_id).state == "received"
    assert stage.deliver("noc.line-test", pairs) == []  # a third delivery waits for its lease and counts as a failure

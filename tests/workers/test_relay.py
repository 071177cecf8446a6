"""The contents of a message: ids for the workers, ticket numbers for Flower, no customer data."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from kombu import Connection
from sqlalchemy import select, update

from dispatch.domain.search import SearchKind, read_query
from dispatch.domain.ticket import HopState
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import given_out, heartbeats, hops, search_index, search_queries, survey_links
from dispatch.storage.database import Database, Tx
from dispatch.storage.hops import SentHop
from dispatch.storage.outbox import Waited
from dispatch.storage.tables import tickets as t
from dispatch.tickets import followup
from tests import factories as f
from workers.chains import chains
from workers.context import Context
from workers.publishing import Publisher


@pytest.fixture
def publisher(app: Celery, context: Context) -> Publisher:
    return Publisher(app, chains(context.rules.get()))


def publish(publisher: Publisher, *batch: SentHop) -> Any:
    """Send to an in-memory broker; return the message that is there then."""
    with Connection("memory://") as connection:
        queue = publisher.app.amqp.queues[batch[0].team].bind(connection.channel())
        queue.declare()
        queue.purge()
        publisher.publish_hops(batch)
        message = queue.get(no_ack=True)
    assert message is not None
    return message


@pytest.fixture
def published(publisher: Publisher) -> Any:
    """A message with two NOC hops."""
    return publish(publisher, SentHop(7, 1, "noc", 41, "fault", 0), SentHop(8, 3, "noc", 42, "fault", 0))


def test_a_message_names_hops_by_id_and_generation_and_the_chain_goes_on_from_step_to_step(published: Any) -> None:
    arguments, _, embedded = json.loads(published.body)
    assert arguments == [[[7, 1], [8, 3]]]
    assert published.headers["task"] == "noc.line-test"
    assert [step["task"] for step in reversed(embedded["chain"])] == ["noc.board"]


def test_ticket_numbers_are_a_stamped_header_that_flower_shows(published: Any) -> None:
    assert published.headers["stamps"]["ticket"] == ["F00000041", "F00000042"]
    assert published.headers["argsrepr"] == "(2 hops: F00000041 F00000042)"


@pytest.mark.parametrize("vain", [{"failures": 1}, {"waited": Waited(31.0, expired=True)}])
def test_a_hop_sent_in_vain_before_is_received_by_a_task_of_its_own(publisher: Publisher, vain: dict[str, Any]) -> None:
    message = publish(publisher, SentHop(7, 2, "noc", 41, "fault", 0)._replace(**vain))
    _, _, embedded = json.loads(message.body)
    assert message.headers["task"] == "noc.receive"
    assert [step["task"] for step in reversed(embedded["chain"])] == ["noc.line-test", "noc.board"]


def test_due_hops_gather_briefly_while_work_waits_in_any_queue(
    app: Celery,
    context: Context,
    publisher: Publisher,
    rulebook: Rulebook,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from workers import relay as relays  # it needs the app

    with Connection("memory://") as connection:
        for name in rulebook.teams:
            queue = app.amqp.queues[name].bind(connection.channel())
            queue.declare()
            queue.purge()
        monkeypatch.setattr(relays, "GATHER_SECONDS", 3600)
        relay = relays.Relay(context)
        f.fault(context.database, rulebook, script, "GZ1", now=datetime.now(UTC))
        assert relay.send_due() == 1  # no queue has work
        f.fault(context.database, rulebook, script, "GZ2", now=datetime.now(UTC), category="system")
        assert relay.send_due() == 0
        monkeypatch.setattr(relays, "GATHER_SECONDS", 0)
        assert relay.send_due() == 1


def test_every_sweep_moves_some_old_cases_into_the_case_store(
    app: Celery, context: Context, sqlite: Database, rulebook: Rulebook, script: Script
) -> None:
    from workers.relay import MOST_AGED, Relay  # it needs the app

    f.put_in_force(sqlite, rulebook)
    ids = [f.fault(sqlite, rulebook, script, number=f"GZ{n}").ticket_id for n in range(MOST_AGED + 1)]
    for ticket_id in ids:
        with sqlite.write() as tx:
            followup.withdraw(tx, ticket_id, "好了", f.CLERK, f.NOW)
    assert context.settings.store_span < datetime.now(UTC) - f.NOW
    relay = Relay(context)
    stored = []
    relay.retain()
    assert not any(f.ticket(sqlite, ticket_id).stored_at for ticket_id in ids), "its rows aren't sealed yet"
    relay._aged = float("-inf")
    for _ in range(3):
        relay.seal()
        relay.retain()
        stored.append(sum(f.ticket(sqlite, ticket_id).stored_at is not None for ticket_id in ids))
    assert stored == [MOST_AGED, MOST_AGED + 1, MOST_AGED + 1]


def test_the_relay_hashes_the_tokens_of_surveys_that_an_earlier_release_left_in_clear(
    app: Celery, context: Context, sqlite: Database, rulebook: Rulebook, script: Script
) -> None:
    from workers.relay import Relay  # it needs the app

    f.put_in_force(sqlite, rulebook)
    survey = f.archived(sqlite, rulebook, f.fault(sqlite, rulebook, script).ticket_id)
    with sqlite.write() as tx:
        tx.execute(update(t.survey).values(token="of-the-release-before"))
    Relay(context).retain()
    with sqlite.read() as tx:
        assert tx.execute(select(t.survey.c.token)).scalars().all() == [None]
        found = survey_links.by_tokens(tx, ["of-the-release-before"])
    assert [each.hop_id for each in found.values()] == [survey]


def test_an_idle_relay_fires_no_timer_asks_for_no_lock_and_looks_less_often(
    app: Celery, context: Context, sqlite: Database, rulebook: Rulebook, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers import relay as relays  # it needs the app

    now = datetime.now(UTC)
    context.rules.get()
    accepted = f.fault(sqlite, rulebook, script, now=now)
    f.on_board(sqlite, rulebook, accepted.ticket_id, now=now)
    relay, locked = relays.Relay(context), []
    write = context.database.write

    def counted() -> AbstractContextManager[Tx]:
        locked.append(True)
        return write()

    monkeypatch.setattr(context.database, "write", counted)
    relay.fire_timers()
    assert not locked
    assert relay._patience() == relays.SWEEP_SECONDS
    relay._busy -= relays.IDLE_AFTER_SECONDS
    assert relay._patience() == relays.IDLE_SWEEP_SECONDS
    due = f.live(sqlite, accepted.ticket_id).wake_at  # type: ignore[union-attr]
    assert due is not None
    context.clock.told = due
    relay.fire_timers()
    assert len(locked) == 1
    assert f.live(sqlite, accepted.ticket_id).late  # type: ignore[union-attr]
    assert relay._patience() == relays.SWEEP_SECONDS, "one timer may bring the next"


def test_a_relay_whose_clock_is_an_hour_ahead_marks_nothing_overdue_and_goes_on_when_it_is_right(
    app: Celery, context: Context, sqlite: Database, rulebook: Rulebook, script: Script
) -> None:
    from workers.relay import Relay  # it needs the app

    now = datetime.now(UTC)
    f.put_in_force(sqlite, rulebook)
    accepted = f.fault(sqlite, rulebook, script, now=now)
    f.on_board(sqlite, rulebook, accepted.ticket_id, now=now)
    due = f.live(sqlite, accepted.ticket_id).wake_at  # type: ignore[union-attr]
    assert due is not None
    hour_ahead = due - now + timedelta(hours=1)
    context.clock.guard.machine = lambda: datetime.now(UTC) + hour_ahead
    relay = Relay(context)
    turns: list[bool] = []

    def wait(timeout: float | None = None) -> bool:
        """Each pause is one turn of the relay; in the third the clock is set right."""
        turns.append(relay.context.clock.is_right())
        if len(turns) == 2:
            context.clock.guard.machine = lambda: datetime.now(UTC)
        if len(turns) >= 5:
            relay.stop.set()
        return relay.stop.is_set()

    relay.stop.wait = wait  # type: ignore[method-assign]
    relay.run()
    assert turns[:2] == [False, False]
    assert turns[-1]
    assert not f.live(sqlite, accepted.ticket_id).late  # type: ignore[union-attr]
    assert "overdue" not in [entry.act for entry in f.acts(sqlite, accepted.ticket_id)]
    with sqlite.read() as tx:
        (row,) = heartbeats.processes(tx, datetime.now(UTC))
    assert (row.kind, row.seen_at < datetime.now(UTC) + timedelta(minutes=1)) == ("relay", True)


def test_hops_that_come_to_a_worker_with_a_wrong_clock_stay_due_for_another(
    app: Celery, context: Context, sqlite: Database, rulebook: Rulebook, script: Script
) -> None:
    f.put_in_force(sqlite, rulebook)
    accepted = f.fault(sqlite, rulebook, script, now=datetime.now(UTC))
    with sqlite.write() as tx:
        sent = hops.take_due(tx, datetime.now(UTC), context.settings.lease_span, 10, ["noc"])
    context.clock.guard.machine = lambda: datetime.now(UTC) + timedelta(hours=1)
    assert app.tasks["noc.line-test"]([list(sending.pair) for sending in sent]) == []
    row = f.live(sqlite, accepted.ticket_id)
    assert row is not None
    assert (row.state, row.failures) == ("due", 0)
    assert row.wake_at is not None
    assert row.wake_at < datetime.now(UTC) + timedelta(minutes=1)


def test_a_relay_writes_down_what_was_given_out_and_sends_nothing_of_a_database_that_was_put_back(
    app: Celery, context: Context, sqlite: Database, rulebook: Rulebook, script: Script
) -> None:
    from workers.relay import Relay  # it needs the app

    f.put_in_force(sqlite, rulebook)
    made = f.fault(sqlite, rulebook, script).ticket_id
    Relay(context).note_given_out()
    assert given_out.known(context.settings)["ticket"] == made
    file = context.settings.root / given_out.FILE
    file.write_text(file.read_text().replace(f'"ticket": {made}', f'"ticket": {made + 100}'))
    with pytest.raises(SystemExit):
        Relay(context).run()
    hop = f.live(sqlite, made)
    assert hop is not None
    assert hop.state == HopState.DUE


def test_the_relay_builds_the_index_of_the_search(
    app: Celery, context: Context, sqlite: Database, rulebook: Rulebook, script: Script
) -> None:
    from workers.relay import Relay  # it needs the app

    f.put_in_force(sqlite, rulebook)
    made = f.fault(sqlite, rulebook, script)
    with sqlite.write() as tx:
        search_index.begin(tx, SearchKind.TICKET)
    Relay(context).retain()
    with sqlite.read() as tx:
        assert search_index.state(tx, SearchKind.TICKET).cursor is None
        assert search_queries.find(tx, SearchKind.TICKET, read_query(made.number), None, 9) == [made.ticket_id]

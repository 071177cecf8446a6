"""The Celery app: a queue and a module for every team, settings that keep the work, messages that hold ids only."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from celery import Celery
from celery.worker import consumer as default_consumer
from kombu import Connection
from kombu.utils.imports import symbol_by_name

from dispatch.domain.roles import Actor
from dispatch.errors import MissingPart
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import EFFECTS, Rulebook
from dispatch.storage import accounts, hops
from dispatch.storage.hops import SentHop
from tests.factories import CLERK, LEASE, NOW
from workers.chains import chains, stretches
from workers.context import Context
from workers.task_names import DELIVER, receive_task, retest_task


def test_a_start_is_not_refused_for_a_team_without_a_module_whose_hops_go_straight_onto_its_board(
    app: Celery, rulebook: Rulebook
) -> None:
    more = {**rulebook.teams, "field-power": rulebook.teams["supervisor"]}
    assert chains(replace(rulebook, teams=more))["field-power"] == ["field-power.board"]
    assert chains(rulebook, ["field-power"])["field-power"] == ["field-power.board"], "of no rules, with open hops"


def test_a_start_is_refused_for_an_automatic_team_without_a_module(app: Celery, rulebook: Rulebook) -> None:
    more = {**rulebook.teams, "field-power": rulebook.teams["archive"]}
    with pytest.raises(MissingPart, match=r"field-power.*workers/teams/field_power\.py"):
        stretches(replace(rulebook, teams=more))


def test_a_start_is_not_refused_for_a_module_whose_team_the_rules_have_no_more(app: Celery, rulebook: Rulebook) -> None:
    fewer = {name: team for name, team in rulebook.teams.items() if name != "data-network"}
    assert stretches(replace(rulebook, teams=fewer)).keys() == fewer.keys()


def test_the_app_refuses_to_start_without_a_broker(
    context: Context, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers.app import make_app

    monkeypatch.delenv("DISPATCH_BROKER_URL")
    with pytest.raises(MissingPart, match="DISPATCH_BROKER_URL"):
        make_app()


def test_every_team_has_its_own_queue_the_effects_have_one_and_no_other_exists(app: Celery, rulebook: Rulebook) -> None:
    queues = {name: queue.routing_key for name, queue in app.amqp.queues.items()}
    assert queues == {name: name for name in (*rulebook.teams, EFFECTS)}


def test_tasks_are_named_by_team_and_step_in_the_order_of_the_chain(app: Celery, rulebook: Rulebook) -> None:
    found = chains(rulebook)
    assert found["noc"] == ["noc.line-test", "noc.board"]
    assert found["installer"] == ["installer.assign", "installer.board"]
    assert found["archive"] == ["archive.file"]
    assert found["callback-survey"] == ["callback-survey.prepare", "callback-survey.ask"]
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    received = {task(team) for team in rulebook.teams for task in (receive_task, retest_task)}
    assert ours == {name for names in found.values() for name in names} | received | {DELIVER}
    assert all(name.partition(".")[0] in (*rulebook.teams, EFFECTS) for name in ours)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("task_serializer", "json"),
        ("accept_content", ["json"]),
        ("event_serializer", "json"),
        ("task_ignore_result", True),
        ("result_backend", None),
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", True),
        ("task_acks_on_failure", True),
        ("task_acks_on_timeout", True),
        ("task_create_missing_queues", False),
        ("worker_prefetch_multiplier", 1),
        ("worker_cancel_long_running_tasks_on_connection_loss", True),
        ("worker_soft_shutdown_timeout", 30),
        ("worker_enable_soft_shutdown_on_idle", True),
        ("broker_connection_retry_on_startup", True),
        ("broker_connection_max_retries", None),
        ("broker_connection_timeout", 4),
        ("worker_hijack_root_logger", False),
    ],
)
def test_no_setting_lets_celery_drop_work(app: Celery, setting: str, value: object) -> None:
    assert app.conf[setting] == value


def test_publishing_gives_up_soon_because_the_hops_stay_due(app: Celery) -> None:
    policy = app.conf.task_publish_retry_policy
    assert policy["max_retries"] * policy["interval_max"] <= 5


PRIVATE = {"account": "SECRET-77", "mobile": "13912345678", "area": "secret-area", "description": "客户说的话"}


@pytest.fixture
def private_fault(context: Context, rulebook: Rulebook, script: Script) -> SentHop:
    """A fault of a customer whose every word would be recognised, taken by the relay."""
    from dispatch.tickets import intake
    from dispatch.tickets.intake import FaultReport

    in_force = context.rules.get()
    with context.database.write() as tx:
        accounts.enter_existing(
            tx, [(PRIVATE["account"], PRIVATE["area"], PRIVATE["mobile"])], Actor("x", "clerk"), NOW
        )
        report = FaultReport(PRIVATE["account"], "no-internet", PRIVATE["description"])
        intake.submit(tx, in_force, script, report, CLERK, NOW)
        return hops.take_due(tx, datetime.now(UTC), LEASE, 10, list(in_force.teams))[0]


def message_to(app: Celery, context: Context, sending: SentHop, team: str) -> Any:
    """Return the message with which the relay would send this hop to a team."""
    from workers.relay import Relay

    with Connection("memory://") as connection:
        queue = app.amqp.queues[team].bind(connection.channel())
        queue.declare()
        queue.purge()
        Relay(context).publisher.publish_hops([sending._replace(team=team)])
        message = queue.get(no_ack=True)
    assert message is not None
    return message


def test_a_message_to_any_team_holds_ids_and_numbers_and_no_customer_data(
    app: Celery, context: Context, private_fault: SentHop, rulebook: Rulebook
) -> None:
    for team in rulebook.teams:
        message = message_to(app, context, private_fault, team)
        headers = json.dumps([message.headers, message.properties], ensure_ascii=False, default=str)
        everything = message.body.decode() + headers
        for name, value in PRIVATE.items():
            assert value not in everything, (team, name)
            assert json.dumps(value)[1:-1] not in everything, (team, name)
        arguments, keywords, _ = json.loads(message.body)
        assert (arguments, keywords) == ([[[private_fault.id, private_fault.generation]]], {})


def test_a_steps_message_holds_only_ids_too(app: Celery, private_fault: SentHop) -> None:
    pairs: Any = [private_fault.pair]
    for step in ("noc.receive", "noc.line-test"):
        pairs = app.tasks[step](pairs)
        assert re.fullmatch(r"\[\[\d+, \d+\]\]", json.dumps(pairs))


def test_messages_name_their_tickets_in_a_stamp_of_every_step_of_the_chain(
    app: Celery, context: Context, private_fault: SentHop
) -> None:
    message = message_to(app, context, private_fault, "noc")
    assert message.headers["stamps"] == {"ticket": ["F00000001"]}
    assert message.headers["stamped_headers"] == ["ticket"]
    _, _, embedded = json.loads(message.body)
    assert [step["options"]["ticket"] for step in embedded["chain"]] == [["F00000001"]]


def test_a_worker_makes_no_queues_for_messages_of_a_later_time(app: Celery) -> None:
    consumer = symbol_by_name(app.conf.worker_consumer)
    steps = consumer.Blueprint.default_steps
    assert not [each for each in steps if "delayed" in each]
    assert set(default_consumer.Consumer.Blueprint.default_steps) - set(steps) == {
        "celery.worker.consumer.delayed_delivery:DelayedDelivery"
    }

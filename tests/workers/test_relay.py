"""What a message carries: ids for the workers, ticket numbers for Flower, nothing about a customer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kombu import Connection

from dispatch.storage.hops import Sending


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Publishes a batch of two NOC hops into a broker in memory; the message that lies there then."""
    monkeypatch.setenv("DISPATCH_BROKER_URL", "memory://")
    from workers.app import app
    from workers.relay import Relay
    from workers.world import world

    relay = Relay(world())
    with Connection("memory://") as connection:
        channel = connection.channel()
        app.amqp.queues["noc"].bind(channel).declare()
        relay._publish_hops([Sending(7, 1, "noc", 41, "fault", 0), Sending(8, 3, "noc", 42, "fault", 0)])
        message = app.amqp.queues["noc"].bind(channel).get(no_ack=True)
    assert message is not None
    return message


def test_a_message_names_hops_by_id_and_generation_and_the_chain_goes_on_from_step_to_step(published: Any) -> None:
    arguments, _, embedded = json.loads(published.body)
    assert arguments == [[[7, 1], [8, 3]]]
    assert [step["task"] for step in reversed(embedded["chain"])] == ["noc.line-test", "noc.board"]


def test_the_tickets_numbers_are_a_stamped_header_and_what_flower_shows(published: Any) -> None:
    assert published.headers["stamps"]["ticket"] == ["F00000041", "F00000042"]
    assert published.headers["argsrepr"] == "(2 hops: F00000041 F00000042)"

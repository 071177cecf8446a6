"""Celery's consumer, without the delivery of messages at a later time by the broker.

On RabbitMQ with quorum queues, Celery makes 28 exchanges and queues `celery_delayed_…` for messages with an ETA, and
warns at every start that our exchange, a direct one, can't use them. Paidan sends no such message: what must happen
later is a row with a due time. Celery has no setting for it.
"""

from __future__ import annotations

from typing import ClassVar

from celery.worker import consumer

_STEPS = consumer.Consumer.Blueprint.default_steps


class Consumer(consumer.Consumer):
    """Named by the setting `worker_consumer`."""

    class Blueprint(consumer.Consumer.Blueprint):
        default_steps: ClassVar[list[str]] = [step for step in _STEPS if not step.endswith(":DelayedDelivery")]

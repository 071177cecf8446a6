"""A worker's task events for Flower, published in larger batches.

Celery buffers events but flushes the buffer in the event loop's next round: three times per message, once even before
the message reaches the pool process. Those flushes took a third of the main process's time.
"""

from __future__ import annotations

from typing import Any

from celery import bootsteps

GATHER_SECONDS = 0.1
"""Longest time that an event waits for others; Flower refreshes only every few seconds."""


class GatherEvents(bootsteps.StartStopStep):
    """A bootstep of the consumer, run after the one that makes its event dispatcher."""

    requires = ("celery.worker.consumer.events:Events",)

    def start(self, parent: Any) -> None:
        dispatcher, hub = parent.event_dispatcher, parent.hub
        waiting: list[object] = []

        def publish() -> None:
            waiting.clear()
            dispatcher.flush()

        def buffered() -> None:
            if not waiting:
                waiting.append(hub.call_later(GATHER_SECONDS, publish))

        if hub is not None:
            dispatcher.on_send_buffered = buffered

    def stop(self, parent: Any) -> None:
        """Publish the events that still wait."""
        if parent.event_dispatcher is not None:
            parent.event_dispatcher.flush()

"""A worker's task events for Flower, gathered for a moment.

Celery buffers them and publishes the buffer in the loop's next round: three times a message, and once before the
message reaches the process that does its work. That was a third of the main process's time.
"""

from __future__ import annotations

from typing import Any

from celery import bootsteps

GATHER_SECONDS = 0.1
"""How long an event may wait for others; Flower asks anew every few seconds."""


class GatherEvents(bootsteps.StartStopStep):
    """A step of the consumer's start, after the one that makes its dispatcher of events."""

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
        """What still waits is published."""
        if parent.event_dispatcher is not None:
            parent.event_dispatcher.flush()

"""A failed acknowledgement counts as a lost connection, so that the worker reconnects.

Celery would log the failure and go on, with the message still counted as fetched. Our workers prefetch one message, so
such a worker would never fetch another, although its heartbeats go on and the broker is well. Raising the error makes
the worker reconnect; the broker then delivers the message again, and it is stale if its work was done.
"""

from __future__ import annotations

from typing import Any

import celery
from celery.worker import request


class StrictRequest(request.Request):
    """A received message whose failed acknowledgement raises."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options | {"connection_errors": ()})  # Celery would only log these errors


class Task(celery.Task):
    """A task whose messages are StrictRequests."""

    Request = f"{__name__}:{StrictRequest.__name__}"

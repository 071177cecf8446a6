"""A message that can't be acknowledged is a lost connection, and the worker connects anew.

Celery notes it in its log and goes on, with the message still counted as fetched. A worker of ours fetches one message
at a time: it would never fetch another, although it gives its signs of life and the broker is well. Raised, it is what
every other lost connection is: what was fetched comes again, and is stale if it was done.
"""

from __future__ import annotations

from typing import Any

import celery
from celery.worker import request


class StrictRequest(request.Request):
    """A message in a worker's hands."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options | {"connection_errors": ()})  # of these it would only tell the log


class Task(celery.Task):
    """One whose messages are such."""

    Request = f"{__name__}:{StrictRequest.__name__}"

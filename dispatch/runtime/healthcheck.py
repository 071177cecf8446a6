"""`python -m dispatch.runtime.healthcheck WHAT`: exit status 0 when a process of this container is alive, 1 when not.

WHAT is a process's URL, or the `.ready` file of a relay or worker, which touches the file as long as it works.
The check runs every few seconds, so this module imports nothing slow.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import urllib.request
from pathlib import Path

OLDEST = 30.0
"""Seconds after which a `.ready` file counts as dead. A worker touches its file every two seconds, a relay in each
round."""


def beat(run: Path, name: str) -> None:
    """Touch the file that `mark_ready` made; do nothing before that."""
    with contextlib.suppress(FileNotFoundError):
        os.utime(run / f"{name}.ready")


def is_alive(what: str) -> bool:
    """Return whether the URL answers with status 200, or the file was touched within OLDEST seconds."""
    try:
        if "://" in what:
            with urllib.request.urlopen(what, timeout=5) as answer:  # noqa: S310 — a URL of this container
                return bool(answer.status == 200)
        return time.time() - Path(what).stat().st_mtime < OLDEST
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_alive(sys.argv[1]) else 1)

"""`python -m dispatch.runtime.healthcheck WHAT`: exit status 0 when a process here is alive, 1 when not.

WHAT is the file in which a relay or worker leaves its mark (it renews it as long as it reaches what it needs), or the
URL of one that answers. Asked every few seconds, so it imports nothing that takes time.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import urllib.request
from pathlib import Path

OLDEST = 30.0
"""Seconds since a sign of life, at most: a worker gives one every two seconds, a relay with every round."""


def beat(run: Path, name: str) -> None:
    """Renew the mark that `mark_ready` left; before that there is none."""
    with contextlib.suppress(FileNotFoundError):
        os.utime(run / f"{name}.ready")


def is_alive(what: str) -> bool:
    try:
        if "://" in what:
            with urllib.request.urlopen(what, timeout=5) as answer:  # noqa: S310 — our own container's
                return bool(answer.status == 200)
        return time.time() - Path(what).stat().st_mtime < OLDEST
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_alive(sys.argv[1]) else 1)

"""Failpoints: named places at which a process kills itself with kill -9, between commit, publish and acknowledgement.

A file with a failpoint's name arms it. The first process that reaches it removes the file and dies, so that each arming
is one death. The failpoints themselves are in `injected/sitecustomize.py`; only child processes of chaos have them.
"""

from __future__ import annotations

from pathlib import Path

NAMES = (
    "relay.before-commit",  # rows are marked as sent in a transaction that is lost
    "relay.committed",  # marked as sent, not published
    "relay.published",  # published, and the relay doesn't know
    "worker.before-commit",  # a step is written, and not committed
    "worker.committed",  # committed; neither in the ledger nor published
    "worker.before-publish",  # in the ledger, not yet published to the next step
    "worker.published",  # published, not acknowledged: the broker will deliver the message again
    "worker.handed-in",  # the short-message gateway has accepted, and the confirmation isn't written
    "worker.before-acknowledgement",  # the worker's main process dies with the acknowledgement
    "worker.acknowledged",  # the worker's main process dies right after it
    "web.before-commit",  # a report is written, and not committed
    "web.committed",  # committed, and the reporter gets no answer
)


class Failpoints:
    """The failpoints of one installation: a folder that its child processes look into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def arm(self, name: str) -> None:
        assert name in NAMES, name
        (self.folder / name).touch()

    def was_hit(self, name: str) -> bool:
        return not (self.folder / name).exists()

    def disarm(self, name: str) -> bool:
        """Disarm; return False when a process has died there in the meantime."""
        try:
            (self.folder / name).unlink()
        except FileNotFoundError:
            return False
        return True

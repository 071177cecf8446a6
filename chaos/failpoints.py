"""Named places at which a process dies by its own kill -9, between commit, publish and acknowledgement.

A place is armed by a file of its name. The first process that comes there takes the file away and dies, so that each
arming is one death. The places themselves are in `injected/sitecustomize.py`: a process that isn't a child of chaos has
none.
"""

from __future__ import annotations

from pathlib import Path

NAMES = (
    "relay.before-commit",  # rows are marked as sent, and nobody will know
    "relay.committed",  # marked as sent, not published
    "relay.published",  # published, and the relay doesn't know
    "worker.before-commit",  # a step is written, and not committed
    "worker.committed",  # committed; neither in the ledger nor handed on
    "worker.before-publish",  # in the ledger, not handed on
    "worker.published",  # handed on, not acknowledged: the broker will bring the message again
    "worker.handed-in",  # the short-message gateway has accepted, and nobody has confirmed
    "worker.before-acknowledgement",  # the worker's main process dies with the acknowledgement
    "worker.acknowledged",  # and right after it
    "web.before-commit",  # a report is written, and not committed
    "web.committed",  # committed, and its reporter isn't told
)


class Failpoints:
    """The failpoints of one installation: a folder that its children know."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def arm(self, name: str) -> None:
        assert name in NAMES, name
        (self.folder / name).touch()

    def was_hit(self, name: str) -> bool:
        return not (self.folder / name).exists()

    def disarm(self, name: str) -> bool:
        """Disarm; return False when a process has died there meanwhile."""
        try:
            (self.folder / name).unlink()
        except FileNotFoundError:
            return False
        return True

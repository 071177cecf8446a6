"""Short messages 短信. Messages may be handed in twice; the gateway recognises an idempotency key that it has seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dispatch.ports.ledger import Ledger
from dispatch.ports.simulated_file import make, opened


@dataclass(frozen=True, slots=True)
class Message:
    """`key` is the idempotency key: the gateway delivers a key once, however often it is handed in."""

    key: str
    number: str
    text: str


class SmsGateway(Protocol):
    """The port: the operator's SMS gateway."""

    def send(self, messages: Sequence[Message]) -> None:
        """Send the messages; a return means that all are accepted. Raises OSError when the gateway is out of reach."""


class SimulatedSmsGateway:
    """A gateway with its own file outside our database: the delivered messages in order, one for each key.

    The ledger beside the file has a line for each message that was really delivered.
    """

    simulated = True
    _TABLE = "delivered (id INTEGER PRIMARY KEY, key TEXT UNIQUE, number TEXT, text TEXT, handed_in INTEGER DEFAULT 1)"

    def __init__(self, file: Path) -> None:
        self.file = file
        self.ledger = Ledger(file.with_suffix(".tsv"))
        make(file, self._TABLE)

    def send(self, messages: Sequence[Message]) -> None:
        hand_in = (
            "INSERT INTO delivered (key, number, text) VALUES (?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET handed_in = handed_in + 1 RETURNING handed_in"
        )
        new = []
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for message in messages:
                [times] = connection.execute(hand_in, (message.key, message.number, message.text)).fetchone()
                if times == 1:
                    new.append(message.key)
            connection.execute("COMMIT")
        self.ledger.write("deliver", new)

    def inbox(self, after: int = 0, limit: int = 1000) -> list[tuple[int, str]]:
        """Return (position, text) of at most `limit` delivered messages after the position `after`, in order."""
        with self._open() as connection:
            rows = connection.execute("SELECT id, text FROM delivered WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
            return list(rows)

    def inbox_end(self) -> int:
        """Return the position of the newest message, 0 when there is none."""
        with self._open() as connection:
            return int(connection.execute("SELECT coalesce(max(id), 0) FROM delivered").fetchone()[0])

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        return opened(self.file, self._TABLE)

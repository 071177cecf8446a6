"""Answers of systems outside that an act depends on: asked before its transaction, cited by their ids inside of it.

So nobody waits for a system outside while the database is locked, and an act that is repeated after a crash stands on
the same answer. An answer counts for its own question, for ten minutes; a system out of reach is an answer, too, on
which no act can stand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.errors import PortUnavailable
from dispatch.storage import port_answers
from dispatch.storage.database import Database, Tx
from dispatch.storage.field_cipher import FieldCipher

GOOD_FOR = timedelta(minutes=10)

Answer = Mapping[str, object]
"""An answer as JSON; without personal data, for it is stored in clear."""


@dataclass(frozen=True, slots=True)
class PortQuestion:
    """A question to a port. `asked` holds plain values, secrets too: only a keyed hash of it is stored."""

    port: str
    asked: Mapping[str, object]

    def hashes(self, cipher: FieldCipher) -> list[str]:
        """The hashes with which the question may be stored, the one for a new row first."""
        return cipher.indexes("port", self.port, json.dumps(self.asked, sort_keys=True, default=str))


def ask(
    database: Database, cipher: FieldCipher, question: PortQuestion, call: Callable[[], Answer], now: datetime
) -> int:
    """Ask a system outside with `call`, keep what it answered, and return the answer's id. Call it outside of any
    transaction. An OSError is kept as no answer."""
    try:
        answer: Answer | None = call()
    except OSError:
        answer = None
    with database.write() as tx:
        return keep(tx, cipher, question, answer, now)


def keep(tx: Tx, cipher: FieldCipher, question: PortQuestion, answer: Answer | None, now: datetime) -> int:
    """Keep an answer; None: the system was out of reach."""
    return port_answers.add(tx, question.port, question.hashes(cipher)[0], answer, now)


def cited(tx: Tx, cipher: FieldCipher, question: PortQuestion, ids: Sequence[int], now: datetime) -> Answer:
    """The newest of these answers to this question. Raises PortUnavailable when there is none, or it is too old."""
    hashes = question.hashes(cipher)
    for row in port_answers.find(tx, ids, question.port):
        if row.question_hash in hashes:
            if row.answer is None or now - row.asked_at >= GOOD_FOR:
                break
            return row.answer
    raise PortUnavailable()

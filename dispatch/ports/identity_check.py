"""身份核验: whether a name and a document's number belong together, and whether its bearer is on a list of fraudsters.

Sources: 网络安全法 art. 24 (network access only to people whose identity is known), 反电信网络诈骗法 art. 9 (operators
register real names), 11 (who is found suspicious must prove anew who they are).
"""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from sqlite3 import Connection
from typing import Protocol

from dispatch.ports.simulated_file import WAIT_SECONDS, make, opened

CHECK_SECONDS = 3.0
"""The longest that an answer may take, because a customer waits for it at the counter."""


class RegistryAnswer(StrEnum):
    """What the registry of documents says of a name and a number."""

    MATCH = "match"
    MISMATCH = "mismatch"
    NONE = "none"  # it doesn't know the number
    AWAY = "away"


class FraudAnswer(StrEnum):
    """What the list of fraudsters says."""

    CLEAR = "clear"
    LISTED = "listed"
    AWAY = "away"


class CheckPurpose(StrEnum):
    """What somebody is checked for; a real system may be asked to say so."""

    OPEN = "open"
    TRANSFER = "transfer"
    RESET_PASSWORD = "reset-password"  # noqa: S105
    END_LOSS = "end-loss"
    MODIFY = "modify"
    RECHECK = "recheck"  # of a customer whose registration was in doubt


@dataclass(frozen=True, slots=True)
class IdentityAnswer:
    """Both answers; `reference` is the checking system's own, to ask there again."""

    registry: RegistryAnswer
    fraud: FraudAnswer
    reference: str


class IdentityCheck(Protocol):
    """The port: whoever knows documents and fraudsters for the operator."""

    def ask(self, kind: str, number: str, name: str, country: str | None, purpose: CheckPurpose) -> IdentityAnswer:
        """Return what is known of a document. `kind` is one of `domain.identity`, `number` normalised, `country` that
        of a passport. It only reads. Raises OSError when the system is out of reach or doesn't answer within
        `CHECK_SECONDS`."""


class SimulatedIdentityCheck:
    """A system with its own file outside our database: the answers that it was told to give. Everybody else matches
    and is on no list."""

    simulated = True

    _TABLE = "told (bearer TEXT PRIMARY KEY, registry TEXT, fraud TEXT)"

    def __init__(self, file: Path) -> None:
        self.file = file
        make(file, self._TABLE)

    def tell(self, kind: str, number: str, country: str | None, registry: RegistryAnswer, fraud: FraudAnswer) -> None:
        """From now on answer so about this document."""
        with self._open() as system:
            row = (_bearer(kind, number, country), registry, fraud)
            system.execute("INSERT OR REPLACE INTO told VALUES (?, ?, ?)", row)

    def ask(self, kind: str, number: str, name: str, country: str | None, purpose: CheckPurpose) -> IdentityAnswer:
        bearer = _bearer(kind, number, country)
        with self._open(wait=CHECK_SECONDS) as system:
            told = system.execute("SELECT registry, fraud FROM told WHERE bearer = ?", (bearer,)).fetchone()
        registry, fraud = told or (RegistryAnswer.MATCH, FraudAnswer.CLEAR)
        reference = hashlib.blake2b(f"{bearer}/{name}/{purpose}".encode(), digest_size=6).hexdigest()
        return IdentityAnswer(RegistryAnswer(registry), FraudAnswer(fraud), f"SIM-{reference}")

    def _open(self, *, wait: float = WAIT_SECONDS) -> AbstractContextManager[Connection]:
        return opened(self.file, self._TABLE, wait=wait)


def _bearer(kind: str, number: str, country: str | None) -> str:
    """A document as the file knows it: the simulated system keeps no number."""
    return hashlib.blake2b(f"{kind}/{country or ''}/{number}".encode(), digest_size=16).hexdigest()

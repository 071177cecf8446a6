"""The line test 线路测试: what the network-management system measures on a customer's line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol, TypedDict


class LineTest(TypedDict):
    """Optical power in dBm as the customer's terminal receives it; `online` is the PPPoE session."""

    optical_power: float
    online: bool
    suspect: str  # a guess for the person at the board: inside-plant, outside-plant, system or none


class LineTester(Protocol):
    def test(self, accounts: Sequence[str]) -> Mapping[str, LineTest]:
        """One result an account. Only reads, so may be asked again. Raises OSError with the system out of reach."""


class SimulatedLineTester:
    """Answers like a GPON line, the same for the same account: −27 dBm and less is too weak (ITU-T G.984.2, B+)."""

    WEAKEST = -27.0

    def test(self, accounts: Sequence[str]) -> Mapping[str, LineTest]:
        return {account: self._line(account) for account in accounts}

    def _line(self, account: str) -> LineTest:
        dice = hashlib.blake2b(account.encode(), digest_size=2).digest()
        power = round(-16 - dice[0] / 255 * 16, 1)
        online = power > self.WEAKEST and dice[1] % 4 != 0
        if power <= self.WEAKEST:
            suspect = "outside-plant"
        elif online:
            suspect = "none"
        else:
            suspect = "system" if dice[1] % 8 == 0 else "inside-plant"
        return {"optical_power": power, "online": online, "suspect": suspect}

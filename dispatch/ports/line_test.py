"""The line test 线路测试: the network-management system's measurements of a customer's line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol, TypedDict


class LineTest(TypedDict):
    """`optical_power`: dBm received at the customer's terminal; `online`: whether the PPPoE session is up."""

    optical_power: float
    online: bool
    suspect: str  # a guess for the person at the board: inside-plant, outside-plant, system or none


class LineTester(Protocol):
    """The port: the network-management system that tests lines."""

    def test(self, accounts: Sequence[str], *, mended_by: str | None = None) -> Mapping[str, LineTest]:
        """Return a result for each account number. It only reads, so calls may be repeated.

        `mended_by`: the team that says that it has mended these lines, while one of its people waits for the answer; a
        real system measures all the same, and answers or gives up within seconds. Raises OSError when the system is
        out of reach.
        """


class SimulatedLineTester:
    """Answers like a GPON line, always the same for an account. −27 dBm and less is too weak (ITU-T G.984.2, B+).

    A line that a team has mended is good, but light that is too weak nobody mends from a desk (`DESKS`).
    """

    simulated = True

    WEAKEST = -27.0
    DESKS = ("noc", "system-support", "data-network")

    def test(self, accounts: Sequence[str], *, mended_by: str | None = None) -> Mapping[str, LineTest]:
        lines = {account: self._line(account) for account in accounts}
        return (
            lines if mended_by is None else {account: self._mended(line, mended_by) for account, line in lines.items()}
        )

    def _mended(self, line: LineTest, by: str) -> LineTest:
        if line["suspect"] == "outside-plant" and by in self.DESKS:
            return line
        return {"optical_power": max(line["optical_power"], -22.0), "online": True, "suspect": "none"}

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

"""账务核查 What billing says of an account that is suspended for arrears, as system support sees it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch.domain.money import write_yuan
from dispatch.domain.title import Title

BILLING = "billing"
"""The entry of a hop's `found`: an answer, or AWAY."""
AWAY = "unavailable"


def answer(owed: int, at: datetime | None = None, fen: int = 0, reference: str = "") -> dict[str, Any]:
    """What is owed, in fen, and the last payment: `at` in the zone in which people read it; None: there is none."""
    paid = {"paid": fen, "paid_at": at.isoformat(timespec="seconds"), "reference": reference} if at else {}
    return {"owed": owed, **paid}


def told(found: Mapping[str, Any] | str) -> tuple[Title, bool]:
    """(the answer in words, whether it calls for attention: nothing is owed, or nobody knows)."""
    if isinstance(found, str):
        return Title("计费系统暂不可用", "Billing is out of reach"), True
    owed = write_yuan(found["owed"])
    zh, en = (f"欠费 {owed} 元", f"{owed} yuan owed") if found["owed"] else ("已无欠费", "nothing owed")
    if "paid_at" in found:
        at, fen = datetime.fromisoformat(found["paid_at"]), write_yuan(found["paid"])
        reference = found["reference"]
        zh += f"，{at:%m-%d %H:%M} 缴 {fen} 元" + (f"（{reference}）" if reference else "")
        en += f", {fen} yuan paid {at:%m-%d %H:%M}" + (f" ({reference})" if reference else "")
    return Title(zh, en), not found["owed"]

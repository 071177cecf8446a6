"""How a line is, by its newest test. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dispatch.domain.title import Title, TitledEnum, Wording

WEAKEST, STRONGEST = -27.0, -8.0
"""dBm between which a terminal receives (ITU-T G.984.2, class B+)."""


class LineState(TitledEnum):
    NORMAL = "normal", Title("正常", "normal")
    ABNORMAL = "abnormal", Title("异常", "abnormal")
    DARK = "dark", Title("无光或光弱", "dark")


def line_state(test: Mapping[str, Any]) -> LineState:
    """The state by a result of `ports.line_test`. Dark: less light than a terminal receives."""
    power = float(test["optical_power"])
    if power < WEAKEST:
        return LineState.DARK
    good = test["online"] and power <= STRONGEST and test["suspect"] == "none"
    return LineState.NORMAL if good else LineState.ABNORMAL


def is_test(found: Mapping[str, Any] | None) -> bool:
    """Return whether a worker's note holds a line test's result."""
    return found is not None and "optical_power" in found


def measured(test: Mapping[str, Any]) -> Wording:
    """What a test measured, for people."""
    power = f"{float(test['optical_power']):.1f} dBm".replace("-", "−")
    return Wording(
        f"{power}，{'在线' if test['online'] else '离线'}", f"{power}, {'online' if test['online'] else 'offline'}"
    )

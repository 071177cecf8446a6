"""The kinds of tickets 工单. Each kind has a flow of the same name in `routing_rules.yaml`. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.domain.title import Title, TitledEnum


class Kind(TitledEnum):
    FAULT = "fault", Title("故障单", "Fault")
    CONSTRUCTION = "construction", Title("施工单", "Construction order")
    MOVE = "move", Title("移机单", "Move order")


ORDERS = (Kind.CONSTRUCTION, Kind.MOVE)
"""The kinds that builders work on. Only cancel and refund ends one that failed."""

NEW_LINE, MOVED_HOUSE = "new-installation", "move"

ORDER_SYMPTOMS: Mapping[str, Title] = {
    NEW_LINE: Title("新装", "New installation"),
    MOVED_HOUSE: Title("移机", "Move"),
}
"""Symptoms that no script knows: those of construction orders."""

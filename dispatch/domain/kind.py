"""The kinds of tickets 工单. Each kind has a flow of the same name in `routing_rules.yaml`. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.domain.complaint import ComplaintKind
from dispatch.domain.title import Title, TitledEnum


class Kind(TitledEnum):
    FAULT = "fault", Title("故障单", "Fault")
    CONSTRUCTION = "construction", Title("施工单", "Construction order")
    MOVE = "move", Title("移机单", "Move order")
    COMPLAINT = "complaint", Title("投诉单", "Complaint")


ORDERS = (Kind.CONSTRUCTION, Kind.MOVE)
"""The kinds that builders work on. Only cancel and refund ends one that failed."""

NEW_LINE, MOVED_HOUSE = "new-installation", "move"

OWN_SYMPTOMS: Mapping[str, Title] = {
    NEW_LINE: Title("新装", "New installation"),
    MOVED_HOUSE: Title("移机", "Move"),
    **{kind: kind.label for kind in ComplaintKind},
}
"""Symptoms that no script knows: those of orders, and the kinds of complaints."""

SERVICE = "service"
OWN_CATEGORIES: Mapping[str, Title] = {SERVICE: Title("服务", "Service")}
"""Categories that no fault has: a complaint's."""

"""The kinds of tickets 工单. Each kind has a flow of the same name in `routing_rules.yaml`. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dispatch.domain.title import Title, TitledEnum


class Kind(TitledEnum):
    FAULT = "fault", Title("故障单", "Fault")
    CONSTRUCTION = "construction", Title("施工单", "Construction order")


ORDER_SYMPTOMS: Mapping[str, Title] = {"new-installation": Title("新装", "New installation")}
"""Symptoms that no script knows: those of construction orders."""

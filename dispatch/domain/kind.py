"""The kinds of tickets 工单. Each kind has a flow of the same name in `routing_rules.yaml`. Pure."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    FAULT = "fault"  # 故障单
    CONSTRUCTION = "construction"  # 施工单

"""The channels by which a fault report comes in 受理渠道. Source: 家庭宽带业务流程 V1.0, section 7, steps 1–5."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    HOTLINE_10050 = "hotline-10050"  # Tietong's broadband line: judges whose business it is, then transfers
    HOTLINE_10086 = "hotline-10086"
    COUNTER = "counter"
    COMMUNITY_MANAGER = "community-manager"


CHANNELS: tuple[str, ...] = tuple(Channel)

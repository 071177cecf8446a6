"""The channels by which a fault report comes in 受理渠道. Source: 家庭宽带业务流程 V1.0, section 7, steps 1–5."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from dispatch.domain.title import Title


class Channel(StrEnum):
    HOTLINE_10050 = "hotline-10050"  # Tietong's broadband line: judges whose business it is, then transfers
    HOTLINE_10086 = "hotline-10086"
    COUNTER = "counter"
    COMMUNITY_MANAGER = "community-manager"


CHANNELS: tuple[str, ...] = tuple(Channel)

CHANNEL_TITLES: Mapping[str, Title] = {
    Channel.HOTLINE_10050: Title("10050热线", "10050 hotline"),
    Channel.HOTLINE_10086: Title("10086热线", "10086 hotline"),
    Channel.COUNTER: Title("营业厅", "Counter"),
    Channel.COMMUNITY_MANAGER: Title("小区经理", "Community manager"),
}

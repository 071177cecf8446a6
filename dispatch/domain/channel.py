"""The channels by which a fault report comes in 受理渠道. Source: 家庭宽带业务流程 V1.0, section 7, steps 1–5."""

from __future__ import annotations

from dispatch.domain.title import Title, TitledEnum


class Channel(TitledEnum):
    # Tietong's broadband line: judges whose business it is, then transfers.
    HOTLINE_10050 = "hotline-10050", Title("10050热线", "10050 hotline")
    HOTLINE_10086 = "hotline-10086", Title("10086热线", "10086 hotline")
    COUNTER = "counter", Title("营业厅", "Counter")
    COMMUNITY_MANAGER = "community-manager", Title("小区经理", "Community manager")


CHANNELS: tuple[str, ...] = tuple(Channel)

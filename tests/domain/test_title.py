"""Names for people have one home: the enumeration of what is named."""

from __future__ import annotations

from dispatch.domain.channel import Channel
from dispatch.domain.kind import Kind
from dispatch.domain.roles import Role
from dispatch.domain.ticket import HopState, TicketState
from dispatch.domain.title import Title


def test_whatever_people_read_of_has_a_name_in_both_languages() -> None:
    for member in (*Kind, *Channel, *Role, *HopState, *TicketState):
        assert member.label.zh, member
        assert member.label.en, member


def test_a_stored_value_is_shown_by_its_name_and_one_of_a_newer_release_as_it_is() -> None:
    assert Kind.label_of("construction") == Title("施工单", "Construction order")
    assert Channel.label_of("wechat") == Title("wechat", "wechat")

"""投诉 Complaints: what they are about, who brings them, and how soon the operator gets in touch and replies. Pure.

The times are data (`complaints.yaml`, read by `complaints_file`). A complaint is a ticket whose symptom is the kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from dispatch.domain.compensation import CompensationTerms
from dispatch.domain.title import Title, TitledEnum

LONGEST_REPLY = timedelta(days=15)
"""电信用户申诉处理办法: a customer who has no reply after 15 days may take the matter to the authority."""


class ComplaintKind(TitledEnum):
    """Subject of a complaint. The order is the file's."""

    ATTITUDE = "attitude", Title("服务态度", "Attitude")
    MISSED_VISIT = "missed-visit", Title("未按约上门", "Missed visit")
    REAL_NAME = "real-name", Title("实名登记", "Real-name registration")
    PRIVACY = "privacy", Title("个人信息保护", "Personal data")
    QUALITY = "quality", Title("宽带质量", "Quality of the line")
    CHARGES = "charges", Title("资费争议", "Charges")
    MARKETING = "marketing", Title("营销宣传", "Marketing")
    OTHER = "other-complaint", Title("其他投诉", "Something else")


class ComplaintSource(TitledEnum):
    """Source of a complaint."""

    CUSTOMER = "customer", Title("客户本人", "The customer")
    GOVERNMENT_LINE = "12345", Title("12345热线", "Hotline 12345")
    REGULATOR = "regulator", Title("通信管理局", "The regulator")


class Agreement(TitledEnum):
    """Opinion of a customer on a reply."""

    YES = "yes", Title("认可", "Accepted")
    NO = "no", Title("不认可", "Not accepted")
    UNREACHED = "unreached", Title("联系不上", "Not reached")


class Promised(Protocol):
    """A complaint's times."""

    contact_by: datetime
    contacted_at: datetime | None
    reply_by: datetime
    replied_at: datetime | None
    ended_at: datetime | None


def is_late(each: Promised, now: datetime) -> bool:
    """Return whether the contact or the first reply was late, or is overdue while the complaint goes on."""
    until = each.ended_at or now
    return (each.contacted_at or until) > each.contact_by or (each.replied_at or until) > each.reply_by


class TimeLimits(NamedTuple):
    """How long after a complaint the customer is in touch with us, and has our reply."""

    contact: timedelta
    reply: timedelta


@dataclass(frozen=True, slots=True)
class ComplaintTerms:
    """The operator's file. `kinds` has every kind; `sources` those that are quicker than the kind. `version`: of the
    file's content."""

    version: str
    kinds: Mapping[ComplaintKind, TimeLimits]
    sources: Mapping[ComplaintSource, TimeLimits]
    compensation: CompensationTerms

    def limits(self, kind: ComplaintKind, source: ComplaintSource) -> TimeLimits:
        """The shorter of what the kind and the source allow, each by itself."""
        own, other = self.kinds[kind], self.sources.get(source)
        return own if other is None else TimeLimits(min(own.contact, other.contact), min(own.reply, other.reply))

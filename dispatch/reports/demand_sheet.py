"""The demands as a table for network planning: their columns, and each demand as a row of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo

from dispatch.domain.demand import ENDED_FOR, DemandState
from dispatch.domain.language import Language
from dispatch.domain.naming import masked_mobile, masked_name
from dispatch.domain.title import Title
from dispatch.reports.spreadsheet import as_csv
from dispatch.storage.place_rows import DemandLine

COLUMNS = (
    Title("需求编号", "Demand"),
    Title("片区", "Area"),
    Title("登记地址", "Address"),
    Title("标准地址", "Standard address"),
    Title("联系人", "Contact"),
    Title("手机号码", "Mobile"),
    Title("速率 Mbit/s", "Mbit/s"),
    Title("次数", "Times asked"),
    Title("状态", "State"),
    Title("结束原因", "Ended for"),
    Title("首次登记", "First asked"),
    Title("最近登记", "Last asked"),
    Title("通知", "Told"),
)


def demands_as_csv(rows: Iterable[DemandLine], language: Language, zone: tzinfo, *, clear: bool = False) -> str:
    """The demands as CSV, times in `zone`; `clear`: with names and numbers as they are."""
    head = [each.zh if language == "zh" else each.en for each in COLUMNS]
    return as_csv(head, _cells(rows, language, zone, clear))


def _cells(rows: Iterable[DemandLine], language: Language, zone: tzinfo, clear: bool) -> Iterator[list[object]]:
    def said(title: Title) -> str:
        return title.zh if language == "zh" else title.en

    def moment(at: datetime | None) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else ""

    for row in rows:
        yield [
            row.id,
            row.area,
            row.address,
            row.standard,
            row.contact if clear else masked_name(row.contact),
            row.mobile if clear else masked_mobile(row.mobile),
            row.speed,
            row.asked,
            said(DemandState(row.state).label),
            said(ENDED_FOR[row.ended_for]) if row.ended_for else "",
            moment(row.at),
            moment(row.last_at or row.at),
            moment(row.told_at),
        ]

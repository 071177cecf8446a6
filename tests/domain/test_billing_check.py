"""账务核查: what billing says of a suspended account, in words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from dispatch.domain import billing_check

PAID_AT = datetime(2026, 11, 30, 15, 20, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_a_payment_is_told_with_its_time_and_reference() -> None:
    title, bad = billing_check.told(billing_check.answer(0, PAID_AT, 120_00, "4200001"))
    assert (title.zh, bad) == ("已无欠费，11-30 15:20 缴 120.00 元（4200001）", True)
    assert title.en == "nothing owed, 120.00 yuan paid 11-30 15:20 (4200001)"


def test_what_is_owed_is_told_in_yuan() -> None:
    title, bad = billing_check.told(billing_check.answer(136_20))
    assert (title.zh, title.en, bad) == ("欠费 136.20 元", "136.20 yuan owed", False)


def test_billing_out_of_reach_is_told_as_such() -> None:
    title, bad = billing_check.told(billing_check.AWAY)
    assert (title.zh, bad) == ("计费系统暂不可用", True)

"""非我方来电 on its page: a 10050 agent records a caller who isn't ours, and sees it in the list and counted."""

from __future__ import annotations

from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Open
from tests.demonstration import Demo


def test_an_agent_records_a_caller_who_is_not_ours(demo: Demo, opened: Open) -> None:
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["agent-10050"]).close()
    page = window.open("/referrals")
    page.locator("[name=caller]").fill("020-8123 4567")
    page.locator("[name=whose]").select_option("telecom")
    page.locator("[name=what]").fill("电信宽带断网")
    page.locator("[name=told]").fill("请拨打10000")
    page.get_by_role("button", name="登记").click()
    card = page.locator("[data-referral]").first
    card.wait_for()
    assert "中国电信" in card.inner_text()
    assert "02081234567" in card.inner_text()
    assert "请拨打10000" in card.inner_text()
    window.check(page)

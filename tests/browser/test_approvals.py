"""Approvals 审批 on their page: a supervisor approves one request and refuses another."""

from __future__ import annotations

from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Open
from tests.demonstration import API, Demo


def test_a_supervisor_presses_approve_and_refuse(demo: Demo, opened: Open) -> None:
    with demo.signed_in("clerk") as client:
        asked = {"act": "cash-refund", "subject": "account/1", "area": "tianhe", "fen": 120000}
        numbers = [
            client.post(f"{API}/approvals", json={**asked, "reason": reason}).json()["approval"]
            for reason in ("客户坚持要现金，金额较大", "客户没有银行卡，要现金退费")
        ]
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["supervisor"]).close()
    page = window.open("/approvals")
    yes, no = (page.locator(f"[data-approval='{each}']") for each in numbers)
    assert "1200.00 元" in yes.inner_text()
    window.check(page)

    yes.locator('form[data-api$="/approve"] button').click()
    yes.get_by_text("已批准", exact=True).wait_for()
    no.locator('form[data-api$="/refuse"] button').click()
    no.get_by_text("未批准", exact=True).wait_for()

    assert page.locator("form[data-api*=approvals]").count() == 0

    with demo.signed_in("clerk") as client:
        third = client.post(f"{API}/approvals", json={**asked, "reason": "客户急等，请尽快审批一下"}).json()["approval"]
    page.locator(f"[data-approval='{third}'] form").first.wait_for()  # it comes by itself

"""销户结算 on the counter's page: previewed, confirmed, and the account closed by it."""

from __future__ import annotations

from playwright.sync_api import Locator

from dispatch.demo.households import Household
from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Open
from tests.demonstration import API, Demo


def test_a_settlement_is_previewed_and_confirmed_and_the_account_closed_by_it(demo: Demo, opened: Open) -> None:
    device = demo.get("network-service-support", "/devices?state=issued&limit=9")["items"][-1]
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["clerk"]).close()
    page = window.open("/counter")
    holder = next(Household(n) for n in range(1, 700) if Household(n).address == _address(demo, device["account"]))

    def filled(operation: str) -> Locator:
        page.locator(f"[data-shows={operation}]").click()
        form = page.locator(f"[data-operation={operation}]")
        form.locator('[name="account"]').fill(device["account"])
        form.locator('[name="document_number"]').fill(holder.document_number)
        form.locator('[name="reason"]').select_option("moving")
        form.locator('[name="lost"]').fill(device["serial"])
        return form

    preview = filled("settle-preview")
    preview.locator('[name="returned"]').fill(device["serial"])
    window.expects.add(422)  # it is returned or lost, not both
    preview.locator("form button.btn-lg").click()
    preview.locator("form > [role=alert]", has_text=device["serial"]).wait_for()
    preview.locator('[name="lost"]').fill("")
    preview.locator("form button.btn-lg").click()
    preview.locator("[data-done] h2").wait_for()
    seen = preview.locator("[data-result]").inner_text()
    assert "核价号" in seen
    window.check(page)

    closing = filled("close")
    closing.locator('[name="lost"]').fill("")
    closing.locator('[name="returned"]').fill(device["serial"])
    closing.locator('[name="quote"]').fill(_value(preview, "核价号"))
    due = _value(preview, "合计")
    if not due.startswith("-") and due != "0.00":
        closing.locator('[name="payment.method"]').select_option("cash")
        closing.locator('[name="payment.amount"]').fill(due)
    for _ in range(5):  # an open fault, a penalty, the settlement
        window.expects.add(409)
        closing.locator("form button.btn-lg").click()
        closing.locator("[data-done] h2:visible, input[name=confirm]:not(:checked)").first.wait_for()
        if closing.locator("[data-done]").is_visible():
            break
        boxes = closing.locator("input[name=confirm]:not(:checked)")
        while boxes.count():
            boxes.first.check()
        window.check(page)
    closing.locator("[data-done] h2").wait_for()
    assert device["account"] in closing.locator("[data-result]").inner_text()


def _value(form: Locator, label: str) -> str:
    """The value that the result shows beside a label."""
    return str(form.locator("[data-result] dt", has_text=label).locator("xpath=following-sibling::dd[1]").inner_text())


def _address(demo: Demo, account: str) -> str:
    with demo.signed_in("clerk") as client:
        found = client.post(f"{API}/customers/find", json={"account": account}).json()
    return str(found["items"][0]["address"])

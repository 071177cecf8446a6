"""转接 on its page: a call from 10050 comes up by itself at 10086, is answered, hung up and called back."""

from __future__ import annotations

from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Open
from tests.demonstration import API, Demo


def transferred(demo: Demo, description: str) -> str:
    """A report that 10050 transfers with a note; the ticket's number."""
    account = demo.get("clerk", "/accounts?limit=50")["items"][-1]["account"]
    with demo.signed_in("agent-10050") as client:
        report = {"account": account, "symptom": "no-internet", "description": description, "despite_duplicate": True}
        ticket = str(client.post(f"{API}/faults", json=report).json()["ticket"])
        client.post(f"{API}/tickets/{ticket}/transfer", json={"note": "已重启光猫"})
    return ticket


def test_a_transferred_call_comes_up_is_answered_and_called_back(demo: Demo, opened: Open) -> None:
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["agent-10086"]).close()
    page = window.open("/transfers")
    ticket = transferred(demo, "整晚断网")
    card = page.locator(f"[data-call='{ticket}']")
    card.wait_for()
    assert "已重启光猫" in card.inner_text()
    window.check(page)
    window.open("/tickets").locator("[data-counted]", has_text="个来电在等").wait_for()
    with page.expect_response("**/keep") as kept:  # the page keeps the call while the agent talks
        page.get_by_role("button", name="接听下一个").click()  # whoever has waited longest
        page.wait_for_url("**/take-over")
    assert kept.value.ok

    page = window.open("/transfers")
    page.locator(f"[data-call='{ticket}']").get_by_role("button", name="接听", exact=True).click()
    page.wait_for_url(f"**/tickets/{ticket}/take-over")
    assert "已重启光猫" in page.locator("main").inner_text()

    queue = window.open("/transfers")
    queue.locator(f"[data-call='{ticket}']").get_by_role("button", name="客户已挂断").click()
    back = queue.locator(f"[data-call='{ticket}']").get_by_role("button", name="回拨")
    back.click()
    queue.wait_for_url(f"**/tickets/{ticket}/take-over")
    assert "请回拨" in queue.locator("main").inner_text()

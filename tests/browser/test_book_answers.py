"""【查】 on the counter's page: the books' answer is preselected, and another one asks why."""

from __future__ import annotations

from dispatch.domain.suspension import SuspensionKind
from dispatch.storage.database import Database
from tests import factories as f
from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Open
from tests.demonstration import API, Demo


def _lost_line(demo: Demo) -> str:
    """A line of its own that is reported lost."""
    account = "GZBOOKS1"
    with demo.signed_in("clerk") as client:
        client.post(f"{API}/accounts", json={"account": account, "area": "tianhe", "mobile": "13800138000"})
    database = Database(f"sqlite:///{demo.home.folder / 'paidan.db'}")
    f.suspended(database, SuspensionKind.LOST, account)
    database.dispose()
    return account


def test_an_agent_sees_what_the_books_say_and_answers_otherwise_with_a_note(demo: Demo, opened: Open) -> None:
    account = _lost_line(demo)
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["agent-10086"]).close()
    page = window.open("/counter")
    if not page.locator("#fault-account").is_visible():
        page.locator("[data-shows=fault]").click()
    form = page.locator("[data-fault]")
    form.locator("[name=account]").fill(account)
    form.locator("[name=account]").press("Tab")
    form.locator("[data-line-warnings]").get_by_text("挂失").wait_for()
    form.locator("[name=symptom]").select_option("no-internet")
    said = form.locator("[data-booked]")
    said.wait_for()
    assert "系统显示：挂失" in said.inner_text()
    assert form.locator(".answers .btn-primary").inner_text() == "客户报停"
    window.check(page)
    form.get_by_role("button", name="其他原因停机").click()
    note = form.locator("[name='notes.account-state']")
    note.fill("客户出示公安机关通知")
    form.locator("[name=description]").fill("家里上不了网")
    window.check(page)
    form.get_by_role("button", name="提交报修").click()
    page.locator("[data-operation=fault] [data-ticket-link]").wait_for()
    ticket = page.locator("[data-operation=fault] [data-done] h2").inner_text()
    with demo.signed_in("agent-10086") as client:
        seen = client.get(f"{API}/tickets/{ticket}").json()
    assert (seen["ticket"]["state"], seen["history"][0]["detail"]["overruled"]) == (
        "solved",
        {"account-state": "客户出示公安机关通知"},
    )

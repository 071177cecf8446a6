"""Complaints 投诉 on their pages: an agent takes one, a supervisor calls, credits the bill and replies."""

from __future__ import annotations

from tests.acceptance.conftest import eventually
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.browser.user_actions import send_report
from tests.demonstration import API, Demo


def test_a_complaint_is_taken_called_about_credited_and_answered(demo: Demo, opened: Open) -> None:
    account = demo.get("supervisor", "/accounts?limit=1")["items"][0]["account"]
    agent = opened(size=DESKTOP, language="zh")
    agent.sign_in(*demo.users["agent-10086"]).close()
    page = agent.open("/complaints")
    form = page.locator("form#take")
    form.locator("[name=account]").fill(account)
    form.locator("[name=kind]").select_option("missed-visit")
    form.locator("[name=source]").select_option("12345")
    form.locator("[name=text]").fill("约好上午上门，等了一天没人来")
    form.locator("[name=wish]").fill("尽快上门，减免当月月费")
    form.locator("button").click()
    card = page.locator("[data-complaint]").first
    card.wait_for()
    number = card.get_attribute("data-complaint") or ""
    assert "12345热线" in card.inner_text()
    agent.check(page)

    ticket = agent.open(f"/tickets/{number}")
    call = ticket.locator("#do-contact")
    call.locator("summary").click()
    call.locator('[name=reached][value="true"]').check()
    call.locator("[name=note]").fill("已致歉，改约明天上午")
    call.locator("button").click()
    ticket.get_by_text("按时").first.wait_for()

    agent.expects.add(409)  # more than the desk may give
    paid = ticket.locator("#do-compensate-goodwill")
    paid.locator("summary").click()
    paid.locator("[name=amount]").fill("80.00")
    paid.locator("form").first.locator("[name=reason]").fill("爽约一天，协商减免")
    paid.locator("form").first.locator("button").click()
    asking = paid.locator("[data-ask-approval]")
    asking.locator("[name=reason]").fill("客户等了一天，已转12345热线")
    agent.check(ticket)
    asking.locator("button").click()
    field = paid.locator('[name="approvals.0"]')
    ticket.wait_for_function("field => field.value !== ''", arg=field.element_handle())
    approval = field.input_value()

    with demo.signed_in("supervisor") as client:
        assert client.post(f"{API}/approvals/{approval}/approve", json={}).is_success
    paid.locator("form").first.locator("button").click()
    ticket.locator('[data-given="goodwill"]').wait_for()
    assert "80.00" in ticket.locator('[data-given="goodwill"]').inner_text()
    agent.check(ticket)

    supervisor = opened(size=PHONE, language="zh")
    supervisor.sign_in(*demo.users["supervisor"]).close()
    eventually(lambda: demo.get("supervisor", "/teams/complaints/board")["items"])
    hop = next(
        each["hop"]
        for each in demo.get("supervisor", "/teams/complaints/board?limit=200")["items"]
        if each["hop"].startswith(number)
    )
    work = supervisor.open(f"/teams/complaints/hops/{hop}")
    work.get_by_role("button", name="接单").first.click()
    eventually(lambda: demo.get("supervisor", f"/hops/{hop}")["hop"]["state"] == "claimed")
    work = supervisor.open(f"/teams/complaints/hops/{hop}")
    supervisor.check(work)
    reply = {"reply": "经核实确实爽约，已向您致歉", "accepted": "=yes", "upheld": "=yes"}
    send_report(work, "replied", reply)
    eventually(lambda: demo.get("supervisor", f"/hops/{hop}")["hop"]["state"] == "reported")
    assert "成立" in supervisor.open(f"/tickets/{number}").locator("main").inner_text()

"""退单退费台: the list of failed orders, and on each card contact, appointment and refund, a click each."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dispatch.demo.households import PASSWORD
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.demonstration import Demo


def test_a_failed_order_is_called_appointed_and_paid_back_on_its_card(demo: Demo, opened: Open) -> None:
    orders = demo.get("clerk", "/accounts/failed-orders?limit=20")["items"]
    order = orders[-1]
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["clerk"]).close()
    page = window.open("/counter")
    page.locator('nav a[href="/refunds"]').click()
    cards = page.locator("[data-order]")
    cards.first.wait_for()
    assert [each.get_attribute("data-order") for each in cards.all()] == [each["order"] for each in orders]
    card = page.locator(f'[data-order="{order["order"]}"]')
    assert order["mobile"] in card.inner_text()
    window.check(page)

    card.locator("[data-contact] button").click()
    number = card.locator("[data-number] strong")
    number.wait_for()
    assert number.inner_text().isdigit()

    at = (datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=2)).replace(hour=10, minute=0)
    card.locator("[data-appoint] summary").click()
    card.locator('[name="at"]').fill(f"{at:%Y-%m-%dT%H:%M}")
    card.locator("[data-appoint] button").click()
    card.locator(".state", has_text="已约").wait_for()

    card.locator("summary", has_text="退费").click()
    form = card.locator("[data-refund]")
    form.locator('[name="password"]').fill(PASSWORD)
    form.locator('[name="reason"]').select_option("customer-withdrew")
    form.locator("summary", has_text="经办人").click()
    assert form.locator('[name="agent.name"]').is_visible(), "a unit's handler comes for the money"
    window.expects.add(422)  # it must be said what becomes of the invoice
    form.locator("button.btn-primary").click()
    form.locator("[role=alert]", has_text="returned").wait_for()
    form.locator('[name="invoice"]').select_option("returned")
    window.check(page)
    form.locator("button.btn-primary").click()
    card.locator("[data-done] h2").wait_for()
    assert "受理单" in card.locator("[data-papers]").inner_text()
    window.check(page)
    left = demo.get("clerk", "/accounts/failed-orders?limit=20")["items"]
    assert order["order"] not in [each["order"] for each in left]


def test_the_refund_desk_fits_a_phone_in_english(demo: Demo, opened: Open) -> None:
    window = opened(size=PHONE, language="en")
    window.sign_in(*demo.users["clerk"]).close()
    page = window.open("/refunds")
    page.locator("h1", has_text="Refund desk").wait_for()
    window.check(page)

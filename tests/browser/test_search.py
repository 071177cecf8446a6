"""查找 in a browser: `/` from any page, hits walked by keys, an account opened at the counter, no document left."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.demonstration import Demo


def test_a_slash_leads_to_the_search_and_keys_through_its_hits_to_the_customer(demo: Demo, opened: Open) -> None:
    number = demo.get("clerk", "/accounts?limit=1")["items"][0]["account"]
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["clerk"]).close()
    page = window.open("/tickets")
    box = page.locator("[data-search-box]")
    page.locator("body").press("/")
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    box.press("Escape")
    expect(box).not_to_be_focused()
    page.locator("body").press("/")
    box.fill("体育西路")
    box.press("Enter")
    page.locator("[data-kind=address] mark", has_text="体育西路").first.wait_for()
    window.check(page)
    hits = page.locator("[data-hit]")
    page.locator("body").press("j")
    expect(hits.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(hits.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(hits.nth(0)).to_be_focused()
    page.keyboard.press("/")
    expect(box).to_be_focused()
    box.fill(number)
    box.press("Enter")
    account = page.locator("[data-kind=account] [data-hit]", has_text=number)
    account.focus()
    account.press("Enter")
    page.wait_for_url("**/counter#account=*")
    page.locator(f'[data-choose="{number}"].active').wait_for()


def test_a_document_s_number_leaves_the_address(demo: Demo, opened: Open) -> None:
    window = opened(size=PHONE, language="zh")
    window.sign_in(*demo.users["clerk"]).close()
    page = window.open("/search")
    box = page.locator("[data-search-box]")
    box.fill("11010519491231002X")
    box.press("Enter")
    page.get_by_text("没有查到").wait_for()
    page.wait_for_function("() => location.search === ''")
    expect(box).to_have_value("")
    window.check(page)

"""Pages whose script is forbidden, late or lost: what was typed comes into no address, and people are told."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route

from tests.browser.chromium import PHONE, Window
from tests.browser.conftest import Open
from tests.browser.visited_pages import places
from tests.demonstration import Demo

SECRET = "typed-by-nobody-else"


def filled(page: Page, name: str, password: str) -> Page:
    page.locator("#name").fill(name)
    page.locator("#password").fill(password)
    return page


def asked(window: Window) -> list[str]:
    """The addresses that the window's pages ask for from now on."""
    addresses: list[str] = []
    window.context.on("request", lambda request: addresses.append(request.url))
    return addresses


@pytest.mark.parametrize(("language", "told"), [("zh", "本页需要 JavaScript"), ("en", "This page needs JavaScript")])
def test_without_script_a_page_says_so_and_the_password_stays_out_of_every_address(
    demo: Demo, opened: Open, language: str, told: str
) -> None:
    window = opened(size=PHONE, language=language, script=False)
    window.expects.add(405)
    addresses = asked(window)
    page = window.open("/sign-in")
    page.locator("noscript .no-script").wait_for()
    assert told in page.locator("noscript .no-script").inner_text()
    filled(page, demo.users["clerk"][0], SECRET).locator("main form button").click()
    page.get_by_text("method-not-allowed").wait_for()
    assert not [each for each in addresses if SECRET in each or "?" in each]


def test_a_form_that_is_sent_before_the_script_has_come_is_sent_when_it_is_there(demo: Demo, opened: Open) -> None:
    window = opened()
    addresses, held = asked(window), list[Route]()
    page = window.page()
    page.route("**/forms.js", lambda route: held.append(route), times=1)
    page.goto(f"{demo.url}/sign-in", wait_until="commit")
    filled(page, *demo.users["supervisor"]).locator("main form button").click()
    page.locator("main form[aria-busy]").wait_for()
    assert "?" not in page.url
    for each in held:
        each.continue_()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    assert not [each for each in addresses if demo.users["supervisor"][1] in each]


def test_a_form_whose_script_was_lost_says_that_nothing_was_sent(demo: Demo, opened: Open) -> None:
    window = opened(language="en")
    page = window.page()
    page.route("**/forms.js", lambda route: route.abort())
    page.goto(f"{demo.url}/sign-in")
    filled(page, *demo.users["supervisor"]).locator("main form button").click()
    page.get_by_text("nothing was sent").wait_for()
    assert page.locator("#password").input_value() == demo.users["supervisor"][1]
    window.faults.clear()


def test_no_form_of_any_page_with_a_password_in_it_is_sent_by_get(demo: Demo, opened: Open) -> None:
    windows: dict[str | None, Window] = {}
    seen = 0
    for place in places(demo):
        if place.role not in windows:
            windows[place.role] = opened()
            if place.role is not None:
                windows[place.role].sign_in(*demo.users[place.role]).close()
        page = windows[place.role].open(place.path)
        page.locator("main h1").first.wait_for(state="attached")
        forms = page.locator("form").evaluate_all(
            "all => all.map(f => [f.getAttribute('method'), 'api' in f.dataset, !!f.querySelector('[type=password]')])"
        )
        for method, of_the_api, secret in forms:
            assert method in ("get", "post"), place
            assert method == "post" or not (of_the_api or secret), place
        seen += len(forms)
        page.close()
    assert seen > 30

"""Every page, in both languages, on a desk and on a phone, has no errors and no accessibility barriers."""

from __future__ import annotations

import pytest

from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.browser.visited_pages import places
from tests.demonstration import Demo


@pytest.mark.parametrize(
    ("size", "language", "dark"),
    [(DESKTOP, "zh", False), (DESKTOP, "en", True), (PHONE, "zh", True), (PHONE, "en", False)],
    ids=["desk-zh-light", "desk-en-dark", "phone-zh-dark", "phone-en-light"],
)
def test_every_page_is_free_of_errors_and_barriers_and_fits(
    demo: Demo, opened: Open, size: tuple[int, int], language: str, dark: bool
) -> None:
    wrong: list[str] = []
    windows = {}
    for place in places(demo):
        if place.role not in windows:
            windows[place.role] = opened(size=size, language=language, dark=dark)
            if place.role is not None:
                windows[place.role].sign_in(*demo.users[place.role]).close()
        page = windows[place.role].open(place.path)
        page.locator("main h1").first.wait_for()
        try:
            windows[place.role].check(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], "it is wider than its window"
            assert page.evaluate("document.documentElement.lang")[:2] == language
        except AssertionError as fault:
            wrong.append(f"{place.name}: {fault}")
        windows[place.role].faults.clear()
        page.close()
    assert not wrong, "\n".join(wrong)


def test_a_tickets_page_fits_a_phone_whatever_was_found_out(demo: Demo, opened: Open) -> None:
    phone = opened(size=PHONE, language="en")
    phone.sign_in(*demo.users["supervisor"]).close()
    page = phone.open("/tickets")
    widths = {}
    for number in (f"F{n:08d}" for n in range(1, 200, 2)):
        shown = page.goto(f"{demo.url}/tickets/{number}")
        if shown is not None and shown.ok:
            widths[number] = page.evaluate("document.documentElement.scrollWidth")
    assert len(widths) > 30
    assert {number: width for number, width in widths.items() if width > PHONE[0]} == {}

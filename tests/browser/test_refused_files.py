"""A rules file that is refused is told on the board of who may know it, and leads to the reasons."""

from __future__ import annotations

from dispatch.routing.loader import load
from tests.browser.chromium import PHONE
from tests.browser.conftest import Open
from tests.demonstration import Demo


def test_a_supervisor_sees_on_a_board_that_the_rules_are_refused_and_goes_to_the_reasons(
    demo: Demo, opened: Open
) -> None:
    good = demo.rules.read_text(encoding="utf-8")
    desk, phone = opened(language="zh"), opened(size=PHONE, language="en")
    demo.rules.write_text(good.replace("to: data-network", "to: data-netwrok"), encoding="utf-8")
    try:
        for window in (desk, phone):
            window.sign_in(*demo.users["supervisor"]).close()
            page = window.open("/teams/noc")
            window.check(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            page.locator("#refused-files a").click()
            page.wait_for_url("**/admin/rules")
            assert "data-netwrok" in page.get_by_role("alert").last.inner_text()
            window.check(page)
    finally:
        demo.rules.write_text(good, encoding="utf-8")
    assert load(demo.rules).text == good
    page = desk.open("/teams/noc")
    assert page.locator("#refused-files").count() == 0

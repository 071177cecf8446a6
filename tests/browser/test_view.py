"""客户统一视图 on the counter's page: everything known of a customer, in the words of the page's language alone."""

from __future__ import annotations

import re

import pytest

from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.browser.counter_forms import counter, fits, line
from tests.demonstration import Demo

NUMBERS = re.compile(r"\b(kd\d+|[A-Z]{1,4}[0-9A-F]{8,}|\d{3}\*+\d+)\b")
"""Accounts, tickets, slips, devices."""


@pytest.mark.parametrize(("language", "size"), [("zh", DESKTOP), ("en", PHONE)])
def test_the_view_has_no_word_of_the_other_language_and_no_code(
    demo: Demo, opened: Open, language: str, size: tuple[int, int]
) -> None:
    window, page = counter(demo, opened, "clerk", language, size)
    account, holder = line(24)
    page.locator("[data-find] [data-wanted]").fill(account)
    page.locator("[data-find] button").last.click()
    view = page.locator("[data-view]")
    view.locator("[data-customer]", has_text={"zh": "居民身份证", "en": "Resident identity card"}[language]).wait_for()
    for part in view.locator("[data-rows]:not([hidden])").all():
        if part.get_attribute("open") is None:
            part.locator("summary").click()
    said = NUMBERS.sub("", view.inner_text() + page.locator("[data-found]").inner_text())
    assert re.search({"zh": "已确认", "en": "Confirmed"}[language], said), "what was sent outside is told as well"
    if language == "zh":
        assert re.findall(r"[A-Za-z]{3,}", said) == []
    else:
        assert re.findall(r"[\u4e00-\u9fff]", said.replace(holder.address, "").replace(holder.name[0], "")) == []
    fits(window, page, size)

"""Somebody who has claimed a hop by mistake gives it back with one button, and a colleague claims it."""

from __future__ import annotations

import pytest

from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.browser.people import PASSWORD, add_user, claim_at_noc, of_hop
from tests.demonstration import Demo


@pytest.mark.parametrize(("language", "size", "reason"), [("zh", PHONE, ""), ("en", DESKTOP, "I leave at noon")])
def test_a_claim_is_given_back_and_the_hop_waits_on_the_board_again(
    demo: Demo, opened: Open, language: str, size: tuple[int, int], reason: str
) -> None:
    name = add_user(demo, f"back-{language}", "noc")
    hop = claim_at_noc(demo, name)
    window = opened(language=language, size=size)
    window.sign_in(name, PASSWORD).close()
    page = window.open(f"/teams/noc/hops/{hop}")
    page.locator("details:has(#reason-give-back) summary").click()
    window.check(page)
    page.locator("#reason-give-back").fill(reason)
    page.locator('form[data-api$="/give-back"] button').click()
    page.wait_for_url("**/teams/noc*")
    assert of_hop(demo, hop) == ("waiting", None)
    page.locator(f"#column-waiting #job-{hop}").wait_for(state="attached")

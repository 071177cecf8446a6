"""签名 on the slip's page: the customer draws by a mouse or a finger; what they drew is printed on the slip."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from dispatch.demo.households import PASSWORD, Household
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.browser.counter_forms import fits
from tests.browser.user_actions import COME_MS
from tests.demonstration import API, Demo
from tests.slips import paper


def slip_of_an_opening(demo: Demo, household: int) -> str:
    """The serial of the slip of an opening that was carried out just now."""
    customer = Household(household)
    holder = {
        "name": customer.name,
        "document_kind": "resident-id",
        "document_number": customer.document_number,
        "mobile": customer.mobile,
    }
    paid = {"method": "cash", "amount": "200.00"}
    asked = {"address": customer.address, "holder": holder, "plan": "standard-300", "password": PASSWORD}
    with demo.signed_in("clerk") as client:
        done = client.post(f"{API}/accounts/open", json={**asked, "payment": paid})
        assert done.status_code == 200, done.text
    return str(done.json()["papers"][0]["number"])


def strokes(page: Page) -> list[list[tuple[float, float]]]:
    """Two strokes across the frame, in the page's pixels."""
    frame = page.locator("canvas").bounding_box()
    assert frame is not None

    def at(x: float, y: float) -> tuple[float, float]:
        return frame["x"] + frame["width"] * x, frame["y"] + frame["height"] * y

    zigzag = [at(0.15 + 0.07 * n, 0.25 if n % 2 else 0.75) for n in range(10)]
    return [zigzag, [at(0.2, 0.85), at(0.5, 0.8), at(0.85, 0.9)]]


def draw_by_mouse(page: Page) -> None:
    for first, *rest in strokes(page):
        page.mouse.move(*first)
        page.mouse.down()
        for each in rest:
            page.mouse.move(*each, steps=6)
        page.mouse.up()


def draw_by_finger(page: Page) -> None:
    """Touches as the screen sends them; the page must not scroll meanwhile."""
    screen = page.context.new_cdp_session(page)
    for first, *rest in strokes(page):
        screen.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [_point(first)]})
        for each in rest:
            screen.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [_point(each)]})
        screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def _point(place: tuple[float, float]) -> dict[str, float]:
    return {"x": place[0], "y": place[1]}


def ink(page: Page) -> int:
    """The number of pixels of the frame that aren't white."""
    return int(
        page.locator("canvas").evaluate(
            """pad => pad.getContext("2d").getImageData(0, 0, pad.width, pad.height).data
                .filter((value, at) => at % 4 === 0 && value < 128).length"""
        )
    )


@pytest.mark.parametrize(
    ("language", "size", "household"), [("zh", DESKTOP, 659), ("en", PHONE, 660)], ids=["mouse", "finger"]
)
def test_a_customer_signs_the_slip_in_the_frame_and_the_print_shows_it(
    demo: Demo, opened: Open, language: str, size: tuple[int, int], household: int
) -> None:
    draw = draw_by_finger if size == PHONE else draw_by_mouse
    serial = slip_of_an_opening(demo, household)
    window = opened(size=size, language=language)
    window.sign_in(*demo.users["clerk"]).close()
    page = window.open(f"/slips/{serial}")
    sign, clear = page.locator("[data-sign]"), page.locator("[data-clear]")
    page.locator("canvas").scroll_into_view_if_needed()
    assert sign.is_disabled(), "an empty frame is no signature"
    assert ink(page) == 0
    fits(window, page, size)

    scrolled = page.evaluate("scrollY")
    draw(page)
    assert page.evaluate("scrollY") == scrolled
    assert ink(page) > 1_000
    clear.click()
    assert ink(page) == 0
    assert sign.is_disabled()
    draw(page)
    fits(window, page, size)
    sign.click()

    page.locator("[data-signed]").wait_for(timeout=COME_MS)
    fits(window, page, size)
    [digest] = re.findall(r"\b[0-9a-f]{64}\b", page.locator(".hash").first.inner_text())
    printed = window.context.request.get(f"{demo.url}{API}/slips/{serial}").body()
    assert digest in paper.text(printed)
    assert page.locator("canvas").count() == 0, "it is signed once"


def test_a_customer_signs_the_paper_and_the_clerk_records_it(demo: Demo, opened: Open) -> None:
    serial = slip_of_an_opening(demo, 661)
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["clerk"]).close()
    page = window.open(f"/slips/{serial}")
    page.locator("summary", has_text="纸质受理单").click()
    fits(window, page, DESKTOP)
    page.locator("[data-paper] button").click()
    page.locator("[data-signed]", has_text="已在纸质受理单上签名").wait_for(timeout=COME_MS)
    fits(window, page, DESKTOP)

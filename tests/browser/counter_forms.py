"""The forms of the counter's page: choose an operation, fill in what it asks for, and carry it out or be refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Locator, Page

from dispatch.demo.households import Household
from tests.browser.chromium import Window
from tests.browser.conftest import Open
from tests.browser.user_actions import COME_MS
from tests.demonstration import Demo

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)

ANSWERED = """section => {
    const shown = (part) => section.querySelector(part)?.hidden === false;
    return !section.querySelector("form[aria-busy]") && (["[data-done]", "form > .alert", "[data-refusal]"].some(shown)
        || section.querySelector(".is-invalid, [data-warnings] input:not(:checked)"));
}"""


def line(n: int) -> tuple[str, Household]:
    """The account of a line that the demonstration opened at the counter, and its holder."""
    return f"kd{n:010d}", Household(n)


def served(demo: Demo, among: Sequence[int]) -> int:
    """The first of these lines that works: a few of the demonstration's could not be built, or are on their way."""
    known = {device["account"] for device in issued(demo)}
    return next(n for n in among if line(n)[0] in known)


def issued(demo: Demo) -> list[dict[str, str]]:
    """The devices that stand at customers'."""
    items: list[dict[str, str]] = demo.get("network-service-support", "/devices?state=issued&limit=200")["items"]
    return items


def counter(demo: Demo, opened: Open, role: str, language: str, size: tuple[int, int]) -> tuple[Window, Page]:
    """The counter's page of the role's user. Refusals are expected."""
    window = opened(size=size, language=language)
    window.expects |= {409, 422}
    window.sign_in(*demo.users[role]).close()
    return window, window.open("/counter")


def fits(window: Window, page: Page, size: tuple[int, int]) -> None:
    """Check that the page has no error and no barrier, and is as wide as its window."""
    window.check(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0], "it is wider than its window"


def form_of(page: Page, operation: str) -> Locator:
    """The section of the operation, with an empty form."""
    page.locator(f"[data-shows={operation}]").click()
    section = page.locator(f"[data-operation={operation}]")
    if section.locator("[data-again]").is_visible():
        section.locator("[data-again]").click()
    return section


def fill(section: Locator, **fields: str) -> None:
    """Fill in the fields in this order: what the reason hides isn't there to be filled in. `__` stands for a dot."""
    for name, value in fields.items():
        field = section.locator(f'[name="{name.replace("__", ".")}"]')
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def scan(section: Locator, kind: str, folder: Path) -> None:
    """Add a scan of this kind."""
    path = folder / f"{kind}.png"
    path.write_bytes(PNG)
    kept = section.locator("[data-scan-list] button").count()
    section.locator("[data-scan-kind]").select_option(kind)
    section.locator("[data-scan-file]").set_input_files(path)
    section.locator("[data-scan-list] button").nth(kept).wait_for(timeout=COME_MS)


def press(section: Locator) -> None:
    """Carry the operation out, as often as there are warnings that the customer confirms first."""
    while True:
        section.locator("form button.btn-lg").click()
        handle = section.element_handle()
        section.page.wait_for_function(ANSWERED, arg=handle, timeout=COME_MS)
        warnings = section.locator("[data-warnings] input:not(:checked)")
        if not warnings.count():
            return
        while warnings.count():
            warnings.first.check()


def carried_out(section: Locator) -> str:
    """Carry the operation out; return what the page says of its result."""
    press(section)
    done = section.locator("[data-done]")
    done.locator("h2").wait_for(timeout=COME_MS)
    assert done.locator("[data-papers] a").first.is_visible()
    return done.locator("[data-result]").inner_text()


def refused(section: Locator) -> str:
    """Send the form; return the refusal that is read out to the customer."""
    press(section)
    told = section.locator("[data-refusal] p")
    told.wait_for(timeout=COME_MS)
    assert not section.locator("[data-done]").is_visible()
    return told.inner_text()


def faulty(section: Locator) -> str:
    """Send the form; return what the page says is wrong with the input."""
    press(section)
    said = section.locator("form > .alert, .invalid-feedback").locator("visible=true").first
    said.wait_for(timeout=COME_MS)
    return said.inner_text()

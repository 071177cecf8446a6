"""The system's chromium, driven by Playwright; every error in a page is recorded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)

DESKTOP, PHONE = (1440, 900), (390, 844)

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")


class ChromiumMissing(Exception):
    """Chromium is missing. The pages can't be tested without it, and a skipped test would hide that."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Raises ChromiumMissing."""
    program = shutil.which("chromium")
    if program is None:
        raise ChromiumMissing("chromium is not installed; on Debian: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Window:
    """One person's browser, with a context and a session of its own.

    `faults` are the errors in any of its pages; a test names the statuses of expected refusals beforehand by `expects`.
    """

    context: BrowserContext
    url: str
    faults: list[str] = field(default_factory=list)
    expects: set[int] = field(default_factory=set)

    def page(self) -> Page:
        page = self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        return page

    def open(self, path: str) -> Page:
        page = self.page()
        page.goto(f"{self.url}{path}")
        return page

    def sign_in(self, name: str, password: str) -> Page:
        """Sign in; return the user's first page."""
        page = self.open("/sign-in")
        page.locator("#name").fill(name)
        page.locator("#password").fill(password)
        page.locator("main form button").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    def check(self, page: Page) -> None:
        """Check that no error has occurred so far and that this page has no accessibility barrier."""
        assert not self.faults, self.faults
        assert not (found := barriers(page)), (page.url, found)

    def _console(self, message: ConsoleMessage) -> None:
        refused = "Failed to load resource" in message.text and any(f"{each}" in message.text for each in self.expects)
        if message.type in ("error", "warning") and not refused:
            self.faults.append(f"{message.location.get('url')}: {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        """Ignore requests that were cancelled when the page was left."""
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"{request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expects:
            self.faults.append(f"{response.request.method} {response.url}: {response.status}")


@contextmanager
def window(
    browser: Browser,
    url: str,
    *,
    size: tuple[int, int] = DESKTOP,
    language: str = "zh",
    dark: bool = False,
    scale: float = 1,
    zone: str = "Asia/Shanghai",
    script: bool = True,
) -> Iterator[Window]:
    """Open a window of this size, a phone's when it is as narrow as one. `zone` is the computer's time zone; without
    `script`, pages run none."""
    phone = size[0] <= PHONE[0]
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        locale="zh-CN" if language == "zh" else "en-GB",
        timezone_id=zone,
        java_script_enabled=script,
        has_touch=phone,
        is_mobile=phone,
        device_scale_factor=scale,
    )
    context.add_cookies([{"name": "paidan_lang", "value": language, "url": url}])
    try:
        yield Window(context, url)
    finally:
        context.close()


def barriers(page: Page) -> list[str]:
    """Return serious faults of accessibility, each with its rule and place. Source: the rules of axe-core (WCAG 2.2 A,
    AA)."""
    page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = page.evaluate("() => axe.run().then((run) => run.violations)")
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:160]} {json.dumps(node['any'][:1], ensure_ascii=False)[:300]}"
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"][:3]
    ]

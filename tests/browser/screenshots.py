"""`make screenshots`: a picture of every page, on a desk and on a phone, light and dark, into docs/screenshots."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.browser.chromium import DESKTOP, PHONE, Window, chromium, window
from tests.browser.visited_pages import Place, places
from tests.demonstration import Demo, demonstration

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
LOOKS: list[tuple[str, dict[str, Any]]] = [
    ("desktop-light", {"size": DESKTOP}),
    ("desktop-dark", {"size": DESKTOP, "dark": True}),
    ("phone-light", {"size": PHONE, "scale": 2}),
    ("phone-dark", {"size": PHONE, "scale": 2, "dark": True}),
    ("desktop-light-en", {"size": DESKTOP, "language": "en"}),
    ("phone-light-en", {"size": PHONE, "scale": 2, "language": "en"}),
]
SETTLED_MS = 1_500
"""Milliseconds for the animations of a page, such as a chart, to end."""


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    print("screenshots: starting a demonstration …", flush=True)
    with tempfile.TemporaryDirectory() as home, demonstration(Path(home) / "paidan") as demo, chromium() as browser:
        everywhere = list(places(demo))
        for look, how in LOOKS:
            _take(browser, demo, everywhere, look, how)
    print(f"screenshots: {len(everywhere) * len(LOOKS)} in {FOLDER}")


def _take(browser: Browser, demo: Demo, everywhere: list[Place], look: str, how: dict[str, Any]) -> None:
    for role in dict.fromkeys(place.role for place in everywhere):
        with window(browser, demo.url, **how) as opened:
            if role is not None:
                opened.sign_in(*demo.users[role]).close()
            for place in everywhere:
                if place.role == role:
                    _picture(opened, place, look)


def _picture(opened: Window, place: Place, look: str) -> None:
    page: Page = opened.open(place.path)
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=FOLDER / f"{place.name}-{look}.png")
    page.close()
    if opened.faults:
        print(f"{place.name}: {opened.faults}", file=sys.stderr)
        opened.faults.clear()


if __name__ == "__main__":
    main()

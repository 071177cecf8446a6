"""One chromium and one demonstration for all browser tests, and a window for each person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import Window, chromium, window
from tests.demonstration import Demo, demonstration

Open = Callable[..., Window]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demonstration(tmp_path_factory.mktemp("demo") / "paidan") as running:
        yield running


@pytest.fixture
def opened(browser: Browser, demo: Demo) -> Iterator[Open]:
    """Open windows of a given size, language and theme. At the test's end none may have an error."""
    windows: list[Window] = []
    with ExitStack() as around:

        def opened(**looks: Any) -> Window:
            windows.append(around.enter_context(window(browser, demo.url, **looks)))
            return windows[-1]

        yield opened
        assert not [fault for each in windows for fault in each.faults]

"""Times on a page are the desk's, shown and typed, also on a computer that is set to another time zone."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser

from dispatch.domain.time import typed_moment
from tests.browser import user_actions as w
from tests.browser.conftest import Open
from tests.demonstration import Demo

SCRIPT = Path(__file__).parents[2] / "dispatch/web/static/zone.js"
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = ("Asia/Shanghai", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo")


def test_the_pages_read_typed_times_as_the_command_line_does(browser: Browser) -> None:
    first = datetime.fromisoformat("2026-03-01T00:30")
    walls = [(first + timedelta(hours=n)).isoformat()[:16] for n in range(24 * 280)]
    module = "data:text/javascript;base64," + base64.b64encode(SCRIPT.read_bytes()).decode()
    page = browser.new_page()
    differ = {}
    for name in ZONES:
        read = page.evaluate(
            """async ([module, walls, zone]) => {
                const { withOffset, shownMoment, typedMoment } = await import(module);
                return walls.map((wall) => [withOffset(wall, zone), shownMoment(typedMoment(wall, zone), zone)]);
            }""",
            [module, walls, name],
        )
        for wall, (sent, shown) in zip(walls, read, strict=True):
            meant = typed_moment(datetime.fromisoformat(wall), ZoneInfo(name))
            if (sent, shown) != (meant.isoformat(), meant.isoformat()[:16]):
                differ[name, wall] = (sent, shown, meant.isoformat())
    page.close()
    assert differ == {}


def test_a_hold_until_tomorrow_at_nine_ends_at_nine_at_the_desk_on_a_computer_of_new_york(
    demo: Demo, opened: Open
) -> None:
    window = opened(language="en", zone="America/New_York")
    window.sign_in(*demo.users["noc"]).close()
    page = window.open("/teams/noc")
    name = str(page.locator("#column-waiting .job").last.get_attribute("id"))
    ticket = name.removeprefix("job-").rpartition("-")[0]
    w.claim(page, ticket)
    w.card(page, ticket, "claimed").locator(".job-name a").click()
    form = page.locator('form[data-api$="/hold"]')
    page.locator("details.hop-act", has=form).locator("summary").click()
    form.locator('[data-hold="tomorrow"]').click()
    tomorrow = (datetime.now(UTC).astimezone(SHANGHAI) + timedelta(days=1)).date()
    assert form.locator("#until").input_value() == f"{tomorrow}T09:00"
    form.locator("textarea").fill("the customer is in tomorrow morning")
    form.locator("button.btn-lg").click()
    held = w.card(page, ticket, "held").inner_text()
    assert f"{tomorrow:%m-%d} 09:00" in held
    window.check(page)

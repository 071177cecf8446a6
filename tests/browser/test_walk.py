"""One fault's whole way through the pages, with real workers and a real broker, each person in their own window."""

from __future__ import annotations

import re
import statistics
import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page

from dispatch.demo.households import Household
from dispatch.domain.line_state import LineState, line_state
from dispatch.ports.line_test import SimulatedLineTester
from dispatch.ports.sms import SimulatedSmsGateway
from tests.acceptance.conftest import PHOTO, eventually
from tests.browser import user_actions as w
from tests.browser.chromium import DESKTOP, PHONE, Window
from tests.browser.conftest import Open
from tests.browser.people import report_to_noc
from tests.demonstration import Demo

AGREE_SECONDS = 1.0
STILL_DARK = {"account-state": 0, "lights": 2, "after-power": 1}
"""所有灯都不亮, and still so with another socket: a ticket."""


@pytest.fixture
def at(demo: Demo, opened: Open) -> object:
    """A window in which the user of a role has a page open."""

    def at(role: str, path: str, language: str, size: tuple[int, int] = DESKTOP) -> tuple[Window, Page]:
        window = opened(size=size, language=language)
        window.sign_in(*demo.users[role]).close()
        return window, window.open(path)

    return at


@pytest.mark.parametrize(("language", "household"), [("zh", 655), ("en", 656)])
def test_a_fault_goes_from_the_counter_to_the_survey_and_comes_back(
    demo: Demo, opened: Open, at: object, language: str, household: int
) -> None:
    assert callable(at)
    customer = Household(household)
    _, wall = at("supervisor", "/wall", language)
    before = _figures(wall)

    window, counter = at("clerk", "/counter", language)
    day = (datetime.now(UTC) + timedelta(days=2)).date()
    account, slip = w.open_account(counter, customer, "standard-300", "200.00", day)
    said = {"zh": f"{day}下午", "en": f"{day} in the afternoon"}[language]
    assert said in counter.locator("[data-operation=open] [data-result]").inner_text()
    printed = window.context.request.get(f"{demo.url}{slip}")
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.body().startswith(b"%PDF")
    window.check(counter)

    order = _order(demo, account)
    ont = f"STOR{household % 12:08X}"
    window, store = at("network-service-support", "/devices", language)
    w.hand_out(store, ont, demo.users["construction"][0])
    window.check(store)

    window, builder = at("construction", "/teams/construction", language, PHONE)
    w.claim(builder, order)
    built = {"device-serial": ont.lower(), "optical-power": "-18.6", "customer-confirmed": "=true", "speed-test": "298"}
    w.report(builder, order, "installed", built, PHOTO)
    window.check(builder)
    _told(demo, rf"{account}已开通")

    window, agent = at("agent-10086", "/counter", language)
    ticket = w.report_fault(agent, account, "no-internet", STILL_DARK, "所有灯都不亮，换过插座")
    window.check(agent)

    window, noc = at("noc", "/teams/noc", language)
    window.expects.add(422)  # a report that isn't as required
    w.claim(noc, ticket)
    located = {"test-result": "光猫收不到光"}
    tested = SimulatedLineTester().test([account])[account]
    if line_state(tested) is LineState.NORMAL:  # no plant fault, unless a supervisor says so
        link = w.card(noc, ticket, "claimed").locator(".job-foot a.btn")
        page = str(link.get_attribute("href"))
        link.click()
        w.send_report(noc, "outside-plant", located)
        refused = noc.locator('form[data-api$="/report"] [role=alert]')
        refused.wait_for(timeout=w.COME_MS)
        assert {"zh": "最近一次线路测试应不为", "en": "Newest line test: must not be"}[language] in refused.inner_text()
        window, chief = at("supervisor", page, language)
        window.check(chief)
        w.override(chief, "outside-plant", located, "测试仪误报，邻居也无光")
        chief.wait_for_function("() => !location.pathname.includes('/hops/')", timeout=w.COME_MS)
    else:
        w.report(noc, ticket, "outside-plant", located)
    window, installer = at("installer", "/teams/installer", language, PHONE)
    window.expects.add(422)
    w.claim(installer, ticket)
    window.check(installer)
    w.visit(installer, ticket, "13900139000")
    _told(demo, rf"^{demo.users['installer'][0]}正在上门，电话13900139000。$")
    w.report(installer, ticket, "line-fault", {"location": "3号楼分纤箱"}, PHOTO)
    _, transmission = at("transmission", "/teams/transmission", language)
    w.claim(transmission, ticket)
    w.report(transmission, ticket, "fixed", {"cause": "=fibre"})
    w.claim(installer, ticket)
    fixed = {"cause": "=fibre", "optical-power": "-19.5", "customer-confirmed": "=true"}
    w.card(installer, ticket, "claimed").locator(".job-foot a.btn").click()
    w.send_report(installer, "fixed-on-site", fixed | {"optical-power": "-39", "customer-confirmed": "=false"})
    refused = installer.locator('form[data-api$="/report"] [role=alert]')
    refused.wait_for(timeout=w.COME_MS)
    assert "−27 … −8 dBm" in refused.inner_text()
    window, chief = at("supervisor", installer.url.replace(demo.url, ""), language)
    window.check(chief)
    w.override(chief, "fixed-on-site", fixed | {"optical-power": "-39"}, "光功率计待校准，客户测速正常")
    chief.wait_for_function("() => !location.pathname.includes('/hops/')", timeout=w.COME_MS)

    token = _told(demo, rf"{ticket}已修复.*/s/([\w-]+)$")
    window = opened(size=PHONE, language=language)
    survey = window.open(f"/s/{token}")
    window.check(survey)
    survey.locator('[name=fixed][value="true"]').check()
    survey.locator('[name=grade][value="2"]').check()
    survey.locator('[name=reasons][value="slow"]').check()
    survey.locator("[name=words]").fill("等了很久")
    window.check(survey)
    survey.locator("[data-send]").click()
    survey.locator("[data-undo-until] button").click(timeout=w.COME_MS)
    survey.locator('[name=fixed][value="false"]').check(timeout=w.COME_MS)
    survey.locator("[data-send]").click()
    survey.locator("[data-undo-until]").wait_for(timeout=w.COME_MS)
    window.check(survey)
    window, again = at("installer", "/teams/installer", language)
    same_hands = w.card(again, ticket, "waiting")
    same_hands.wait_for(timeout=30_000)
    assert "×1" in same_hands.locator(".job-marks").inner_text()
    eventually(lambda: _figures(wall) != before, 20)

    window, whole = at("supervisor", f"/tickets/{ticket}", language)
    whole.locator("main h1").wait_for()
    assert ticket in whole.locator("main h1").inner_text()
    window.check(whole)


def test_two_peoples_boards_agree_within_a_second(demo: Demo, at: object) -> None:
    assert callable(at)
    report_to_noc(demo, 3)
    _, one = at("noc", "/teams/noc", "zh")
    _, other = at("supervisor", "/teams/noc", "zh")
    took = []
    for _ in range(3):
        hop = str(one.locator("#column-waiting .job").last.get_attribute("id"))
        one.locator(f"#column-waiting #{hop} form button").click()
        started = time.monotonic()
        other.locator(f"#column-claimed #{hop}").wait_for(state="attached", timeout=w.COME_MS)
        took.append(time.monotonic() - started)
    print("boards agreed after", [f"{seconds * 1000:.0f} ms" for seconds in took])
    assert statistics.median(took) < AGREE_SECONDS


def _figures(wall: Page) -> list[str]:
    return wall.locator("#figures .bigs dd").all_inner_texts()


def _order(demo: Demo, account: str) -> str:
    """Return the construction order of a new line, as on its slip."""
    with demo.signed_in("supervisor") as client:
        tickets = client.get("/api/v1/tickets", params={"account": account}).json()["items"]
    return str(tickets[0]["number"])


def _told(demo: Demo, pattern: str) -> str:
    """Return the group that `pattern` captures in a short message, or the whole match, once the message has come."""
    sms = SimulatedSmsGateway(demo.home.folder / "sms.db")

    def found() -> str | None:
        texts = (text for _, text in reversed(sms.inbox(limit=100_000)))
        matches = (match for text in texts if (match := re.search(pattern, text)))
        return next((match[match.lastindex or 0] for match in matches), None)

    return str(eventually(found, 60))

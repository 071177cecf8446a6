"""验证码 on the counter's page: the clerk has it sent from the form that needs it, and the customer says it."""

from __future__ import annotations

import re

from dispatch.demo.households import Household
from dispatch.domain.account import AccountState
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.storage import accounts, resources
from dispatch.storage.database import Database
from tests.acceptance.conftest import eventually
from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Open
from tests.demonstration import Demo

NEW = "13800139771"


def test_a_number_is_bound_with_the_code_that_a_press_sends(demo: Demo, opened: Open) -> None:
    database = Database(f"sqlite:///{demo.home.folder / 'paidan.db'}")
    households = {Household(n).address: n for n in range(30, 60)}
    with database.read() as tx:
        lines = [row for row in accounts.latest(tx, 200) if row.state == AccountState.IN_SERVICE]
        number, household = next(
            (row.number, households[text])
            for row in lines
            if row.address_id and (text := resources.get_address(tx, row.address_id).text) in households
        )
    database.dispose()
    gateway = SimulatedSmsGateway(demo.home.folder / "sms.db")
    end = gateway.inbox_end()
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["clerk"]).close()
    page = window.open("/counter")
    page.locator("[data-shows=bind]").click()
    form = page.locator("[data-operation=bind]")
    form.locator('[name="account"]').fill(number)
    form.locator('[name="document_number"]').fill(Household(household).document_number)
    form.locator('[name="mobile"]').fill(NEW)

    form.locator("[data-send-code]").click()
    form.locator("[data-code-said]", has_text="验证码已短信发送").wait_for()
    window.check(page)
    (text,) = eventually(lambda: [text for _, text in gateway.inbox(end) if text.startswith("验证码")])
    (code,) = re.findall(r"\d{6}", text)
    form.locator('[name="code"]').fill(code)
    form.locator("form button.btn-lg").click()

    form.locator("[data-done] h2").wait_for()
    assert "138****9771" in form.locator("[data-result]").inner_text()

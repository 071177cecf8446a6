"""Demand 需求登记 on the pages: the address is asked first, and where no line can be had, the demand is registered."""

from __future__ import annotations

import csv
from pathlib import Path

from dispatch.demo.households import Household
from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Open
from tests.demonstration import Demo

NOWHERE = "广州市天河区新塘村口999号"


def test_an_opening_asks_the_address_alone_and_leads_to_the_demand_that_planners_then_see(
    demo: Demo, opened: Open, tmp_path: Path
) -> None:
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["clerk"]).close()
    counter = window.open("/counter")
    counter.locator("[data-shows=open]").click()
    opening = counter.locator("[data-operation=open]")
    assert not opening.locator('[name="holder.name"]').is_visible()
    assert not opening.locator("form button.btn-lg").is_visible()
    opening.locator('[name="address"]').fill(Household(650).address)
    opening.locator('[name="holder.name"]').wait_for()
    opening.locator('[name="address"]').fill(NOWHERE)
    opening.locator("[data-register]").click()

    form = counter.locator("[data-operation=register-demand]")
    assert form.locator('[name="address"]').input_value() == NOWHERE
    form.locator('[name="name"]').fill("陈㛃")
    form.locator('[name="mobile"]').fill("13800138999")
    form.locator('[name="speed"]').select_option("300")
    form.locator('[name="consent"]').check()
    window.check(counter)
    form.locator("form button.btn-lg").click()
    form.locator("[data-done] h2").wait_for()
    assert "待资源" in form.locator("[data-result]").inner_text()

    planner = opened(size=DESKTOP, language="zh")
    planner.sign_in(*demo.users["ops"]).close()
    page = planner.open("/demands")
    card = page.locator("[data-demand]", has_text=NOWHERE)
    assert "138****8999" in card.inner_text()
    card.locator("summary").first.click()
    card.locator('[name="reason"]').fill("约上门看线")
    card.locator('form[data-api$="/contact"] button').click()
    card.locator("[data-answer=mobile]", has_text="13800138999").wait_for()
    planner.check(page)

    page.locator("#export-reason").fill("扩容规划")
    with page.expect_download() as saved:
        page.locator("[data-download] button").click()
    saved.value.save_as(tmp_path / "demands.csv")
    rows = list(csv.DictReader((tmp_path / "demands.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row["手机号码"] for row in rows if row["登记地址"] == NOWHERE] == ["13800138999"]
    with page.expect_download() as saved:
        page.locator("[data-export]").click()
    saved.value.save_as(tmp_path / "masked.csv")
    assert "13800138999" not in (tmp_path / "masked.csv").read_text(encoding="utf-8-sig")

    card.locator("summary", has_text="通知可装").click()
    card.locator('[name="address"]').fill(Household(651).address)
    card.locator('form[data-api$="/notify"] button').click()
    page.locator("[data-demand]", has_text=NOWHERE).get_by_text("可装", exact=True).wait_for()
    page.locator("[data-demand]", has_text=NOWHERE).locator('form[data-api$="/end"] button').click()
    page.wait_for_function("address => !document.body.innerText.includes(address)", arg=NOWHERE)
    page.goto(f"{demo.url}/demands?state=ended")
    assert "客户不再需要" in page.locator("[data-demand]", has_text=NOWHERE).inner_text()

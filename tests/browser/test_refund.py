"""退单退费 on the counter's page: the customer is asked about the invoice; of a lost one the statement is kept."""

from __future__ import annotations

from pathlib import Path

from dispatch.demo.households import PASSWORD
from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Open
from tests.demonstration import Demo


def test_a_refund_asks_whether_the_invoice_is_returned_lost_or_electronic(
    demo: Demo, opened: Open, tmp_path: Path
) -> None:
    order = demo.get("clerk", "/accounts/failed-orders?limit=1")["items"][0]
    statement = tmp_path / "statement.png"
    statement.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["clerk"]).close()
    page = window.open("/counter")
    page.locator("[data-shows=refund]").click()
    form = page.locator("[data-operation=refund]")
    form.locator('[name="account"]').fill(order["account"])
    form.locator('[name="password"]').fill(PASSWORD)
    form.locator('[name="reason"]').select_option("customer-withdrew")
    options = form.locator('[name="invoice"] option').all_inner_texts()
    assert [each.strip() for each in options][1:] == ["已收回原件", "客户声明遗失", "电子发票，无须收回"]
    form.locator('[name="invoice"]').select_option("lost")
    form.locator('[name="lost_invoices"]').fill("99999999")
    window.expects.add(422)  # no such invoice is to be offset
    form.locator("form button.btn-lg").click()
    form.locator("form > [role=alert]", has_text="99999999").wait_for()
    form.locator('[name="lost_invoices"]').fill("")
    form.locator("[data-scan-kind]").select_option("invoice-loss-statement")
    form.locator("[data-scan-file]").set_input_files(statement)
    form.locator("[data-scan-list] li").wait_for()
    window.check(page)
    form.locator("form button.btn-lg").click()
    form.locator("[data-done] h2").wait_for()
    assert "红字发票" in form.locator("[data-result]").inner_text()

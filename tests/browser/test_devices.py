"""终端 on the pages: the store hands devices out and takes them in, the counter takes them back or is paid for them."""

from __future__ import annotations

from dispatch.demo.households import Household
from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Open
from tests.demonstration import API, Demo

FIRST, SECOND, BOX = "STOR0000000A", "STOR0000000B", "STOR00010000"


def test_the_store_hands_devices_out_takes_them_in_and_writes_them_off(demo: Demo, opened: Open) -> None:
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["network-service-support"]).close()
    page = window.open("/devices")
    installer = demo.users["installer"][0]

    def act(path: str, serials: str, *, refused: bool = False, **fields: str) -> None:
        form = page.locator(f'form[data-api$="/{path}"]')
        if not form.is_visible():
            form.locator("xpath=..").locator("summary").click()
        form.locator('[name="serials"]').fill(serials)
        for name, value in fields.items():
            form.locator(f'[name="{name}"]').fill(value)
        if refused:
            form.locator("button").click()
            form.locator("[role=alert]", has_text=serials).wait_for()
            return
        with page.expect_navigation():  # it is loaded again
            form.locator("button").click()

    def shown(serial: str, state: str) -> None:
        page.goto(f"{demo.url}/devices?serial={serial}")
        page.locator(f'[data-device="{serial}"]').get_by_text(state, exact=True).wait_for()

    act("hand-out", f"{FIRST}\n{SECOND.lower()} {BOX}", person=installer)
    shown(FIRST, "已领用")
    window.check(page)
    act("take-in", FIRST, note="退库")
    shown(FIRST, "在库")
    act("lose", SECOND, reason="车上被盗")
    shown(SECOND, "已遗失")
    act("scrap", FIRST, reason="进水")
    shown(FIRST, "已报废")
    window.expects.add(409)  # it isn't in the store any more
    act("hand-out", FIRST, refused=True, person=installer)

    page.locator('.filters [name="serial"]').fill("")
    page.locator('.filters [name="person"]').fill(installer)
    page.locator('.filters [name="state"]').select_option("carried")
    page.locator(".filters button").click()
    page.locator(f'[data-device="{BOX}"] a').click()
    page.locator("h1", has_text=BOX).wait_for()
    assert installer in page.locator("table").inner_text()
    window.check(page)


def test_the_counter_shows_an_accounts_devices_takes_one_back_and_is_paid_for_a_lost_one(
    demo: Demo, opened: Open
) -> None:
    window = opened(size=DESKTOP, language="zh")
    window.sign_in(*demo.users["clerk"]).close()
    page = window.open("/counter")
    lines = demo.get("network-service-support", "/devices?state=issued&limit=2")["items"]
    assert len(lines) == 2

    for operation, device in zip(("return-device", "lose-device"), lines, strict=True):
        holder = next(Household(n) for n in range(1, 700) if Household(n).address == _address(demo, device["account"]))
        page.locator(f"[data-shows={operation}]").click()
        form = page.locator(f"[data-operation={operation}]")
        form.locator('[name="account"]').fill(device["account"])
        form.locator('[name="document_number"]').fill(holder.document_number)
        form.locator('[name="serial"]').fill(device["serial"])
        if operation == "lose-device":
            form.locator('[name="payment.method"]').select_option("cash")
            form.locator('[name="payment.amount"]').fill(device["price"])
        window.check(page)
        form.locator("form button.btn-lg").click()
        form.locator("[data-done] h2").wait_for()
        assert device["serial"] in form.locator("[data-result]").inner_text()

        page.locator("[data-shows=devices]").click()
        query = page.locator("[data-operation=devices]")
        if query.locator("[data-again]").is_visible():
            query.locator("[data-again]").click()
        query.locator('[name="account"]').fill(device["account"])
        query.locator("form button.btn-lg").click()
        query.locator("[data-result]", has_text=device["serial"]).wait_for()


def _address(demo: Demo, account: str) -> str:
    with demo.signed_in("clerk") as client:
        found = client.post(f"{API}/customers/find", json={"account": account}).json()
    return str(found["items"][0]["address"])

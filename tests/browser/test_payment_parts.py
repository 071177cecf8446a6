"""分开付款: a payment in one to three parts, each by a method of its own, at opening and at closing an account."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from playwright.sync_api import Locator

from dispatch.demo.households import PASSWORD, Household
from dispatch.domain.payment import METHODS
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.browser.counter_forms import carried_out, counter, faulty, fill, fits, form_of, issued, line, refused
from tests.demonstration import API, Demo


def pay(section: Locator, *parts: tuple[str, str, str]) -> None:
    """Fill in the parts (method, yuan, reference): the first in the form, each other in a fold of its own."""
    folds = section.locator("[data-parts] details")
    for n, (method, amount, reference) in enumerate(parts):
        if n and not folds.nth(n - 1).evaluate("fold => fold.open"):
            folds.nth(n - 1).locator("summary").click()
        part = f"payment__more__{n - 1}" if n else "payment"
        fill(section, **{f"{part}__method": method, f"{part}__amount": amount, f"{part}__reference": reference})


@pytest.mark.parametrize(("language", "size", "household"), [("zh", DESKTOP, 691), ("en", PHONE, 692)])
def test_an_opening_is_paid_in_three_parts_that_make_the_exact_sum_and_each_has_its_reference(
    demo: Demo, opened: Open, language: str, size: tuple[int, int], household: int
) -> None:
    window, page = counter(demo, opened, "clerk", language, size)
    customer = Household(household)
    opening = form_of(page, "open")
    fill(opening, address=customer.address)
    opening.locator("[data-parts]").wait_for()  # a line can be had at the address
    fill(opening, holder__name=customer.name, holder__document_kind="resident-id", holder__mobile=customer.mobile)
    fill(opening, holder__document_number=customer.document_number, plan="standard-300", password=PASSWORD)
    assert opening.locator("[data-parts] details").count() == 2, "three parts at most"
    wechat, alipay = f"wx-{household}", f"ali-{household}"

    pay(opening, ("cash", "100.00", ""), ("wechat", "60.00", wechat), ("alipay", "39.99", alipay))
    assert "200.00" in refused(opening), "a fen is missing"
    fits(window, page, size)
    pay(opening, ("cash", "100.00", ""), ("wechat", "60.00", ""), ("alipay", "40.00", alipay))
    assert {"zh": "微信", "en": "WeChat"}[language].lower() in faulty(opening).lower(), "its reference is missing"
    fits(window, page, size)
    pay(opening, ("cash", "100.00", ""), ("wechat", "60.00", wechat), ("alipay", "40.00", alipay))
    result = carried_out(opening)

    number = next(word for word in result.split() if word.startswith("kd"))
    assert paid(demo, number) == told({"cash": "100.00", "wechat": "60.00", "alipay": "40.00"})
    fits(window, page, size)


@pytest.mark.parametrize(
    ("language", "size", "among"), [("zh", DESKTOP, (33, 26, 19)), ("en", PHONE, (34, 41, 42, 43))]
)
def test_a_settlement_at_closing_is_paid_in_two_parts_and_not_a_fen_less(
    demo: Demo, opened: Open, language: str, size: tuple[int, int], among: tuple[int, ...]
) -> None:
    window, page = counter(demo, opened, "clerk", language, size)
    onts = {device["account"]: device["serial"] for device in issued(demo)}

    def filled(operation: str, n: int) -> Locator:
        account, holder = line(n)
        section = form_of(page, operation)
        fill(section, account=account, document_number=holder.document_number, reason="moving", lost=onts[account])
        return section

    previews = ((n, Decimal(previewed(filled("settle-preview", n)))) for n in among if line(n)[0] in onts)
    n, due = next((n, due) for n, due in previews if due > 1)  # who has paid a year in advance is paid back
    account, _ = line(n)
    first = due - 1
    closing = filled("close", n)
    pay(closing, ("card", f"{first:.2f}", f"pos-{n}"), ("bank", "0.99", f"bank-{n}"))
    assert f"{due:.2f}" in refused(closing)
    pay(closing, ("card", f"{first:.2f}", f"pos-{n}"), ("bank", "1.00", f"bank-{n}"))
    fits(window, page, size)
    carried_out(closing)

    assert paid(demo, account) >= told({"card": f"{first:.2f}", "bank": "1.00"})
    fits(window, page, size)


def previewed(section: Locator) -> str:
    """The sum of a settlement's preview, in yuan."""
    section.locator("form button.btn-lg").click()
    section.locator("[data-done] h2").wait_for()
    total = section.locator("[data-result] dt", has_text="合计").or_(
        section.locator("[data-result] dt", has_text="Total")
    )
    return str(total.first.locator("xpath=following-sibling::dd[1]").inner_text())


def told(parts: Mapping[str, str]) -> set[tuple[str, str]]:
    """Parts (yuan by method) as the customer's view tells them."""
    return {(str(METHODS[method]), yuan) for method, yuan in parts.items()}


def paid(demo: Demo, account: str) -> set[tuple[str, str]]:
    """The payments of an account, each with its method and yuan."""
    with demo.signed_in("clerk") as client:
        seen = client.post(f"{API}/accounts/view", json={"account": account, "show": ["payments"]}).json()
    return {(each["method"], each["amount"]) for each in seen["result"]["payments"]}

"""过户 on the counter's page: the old owner settles what is owed, and the balance goes where they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dispatch.accounts.transfer import REQUIRED
from dispatch.demo.households import Household
from dispatch.ports.sms import SimulatedSmsGateway
from tests.acceptance.conftest import eventually
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.browser.counter_forms import carried_out, counter, fill, fits, form_of, line, press, scan, served
from tests.demonstration import Demo

LOOKS = [("zh", DESKTOP), ("en", PHONE)]
SETTLED = {"zh": "合计（元），负数为应退", "en": "Total in yuan, below zero: paid back"}


@pytest.mark.parametrize(
    ("language", "size", "among", "goes"), [(*LOOKS[0], (30, 29), "back"), (*LOOKS[1], (32, 33, 34), "move")]
)
def test_a_line_goes_to_a_new_owner_once_the_old_one_has_settled(
    demo: Demo, opened: Open, tmp_path: Path, language: str, size: tuple[int, int], among: tuple[int, ...], goes: str
) -> None:
    n = served(demo, among)
    window, page = counter(demo, opened, "clerk", language, size)
    account, holder = line(n)
    new = Household(2100 + n)
    giving = form_of(page, "transfer")
    fill(giving, account=account, document_number=holder.document_number, balance=goes)
    fill(giving, new_owner__name=new.name, new_owner__document_kind="resident-id", new_owner__mobile=new.mobile)
    fill(giving, new_owner__document_number=new.document_number, password="Kw4!tRz9")
    for kind in REQUIRED:
        scan(giving, kind, tmp_path)

    gateway = SimulatedSmsGateway(demo.home.folder / "sms.db")
    end = gateway.inbox_end()
    giving.locator("[data-send-code]").click()
    (text,) = eventually(lambda: [text for _, text in gateway.inbox(end) if text.startswith("验证码")])
    fill(giving, code=re.findall(r"\d{6}", text)[0])
    press(giving)  # as often as there are warnings
    told = giving.locator("[data-refusal] p")
    if told.is_visible():
        owed = re.search(r"\d+\.\d\d", told.inner_text())
        assert owed, told.inner_text()
        fits(window, page, size)
        fill(giving, payment__method="cash", payment__amount=owed[0])
        shown = carried_out(giving)
        assert owed[0] in shown
    else:
        shown = giving.locator("[data-result]").inner_text()

    assert account in shown
    assert SETTLED[language] in shown
    fits(window, page, size)

"""变更营销案 and 移机 on the counter's page: carried out for what is due, and refused with the reason to read out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.demo.households import Household
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.browser.counter_forms import carried_out, counter, fill, fits, form_of, line, refused
from tests.demonstration import Demo

LOOKS = [("zh", DESKTOP), ("en", PHONE)]


@pytest.mark.parametrize(("language", "size", "n"), [(*LOOKS[0], 25), (*LOOKS[1], 40)])
def test_a_change_of_plan_is_booked_for_the_next_bill_and_a_plan_for_units_is_refused(
    demo: Demo, opened: Open, language: str, size: tuple[int, int], n: int
) -> None:
    window, page = counter(demo, opened, "clerk", language, size)
    account, holder = line(n)
    change = form_of(page, "change-plan")
    fill(change, account=account, document_number=holder.document_number, plan="business-1000")
    assert {"zh": "商务宽带1000M", "en": "Business 1000M"}[language] in refused(change)
    fits(window, page, size)
    fill(change, plan="standard-1000", effective="next-bill")
    result = carried_out(change)
    assert {"zh": "标准宽带1000M", "en": "Standard 1000M"}[language] in result
    assert "-01" in result, "it takes effect on the first of a month"
    fits(window, page, size)


@pytest.mark.parametrize(("language", "size", "n"), [(*LOOKS[0], 35), (*LOOKS[1], 36)])
def test_a_line_moves_to_an_address_with_a_port_for_its_fee_and_nowhere_else(
    demo: Demo, opened: Open, language: str, size: tuple[int, int], n: int
) -> None:
    window, page = counter(demo, opened, "clerk", language, size)
    account, holder = line(n)
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    move = form_of(page, "move")
    fill(move, account=account, document_number=holder.document_number, address=Household(904).address)
    fill(move, day=day, part="morning", payment__method="cash", payment__amount="100.00")
    assert {"zh": "暂无接入资源", "en": "No access resources"}[language] in refused(move)
    fits(window, page, size)
    fill(move, address=Household(600 + n).address)
    result = carried_out(move)
    assert day in result
    assert {"zh": "上午", "en": "in the morning"}[language] in result
    fits(window, page, size)
    again = form_of(page, "move")
    fill(again, account=account, document_number=holder.document_number, address=Household(640 + n).address)
    fill(again, day=day, part="evening", payment__method="cash", payment__amount="100.00")
    assert {"zh": "移机", "en": "move"}[language] in refused(again)

"""Scans on the counter's page: the list begins with what this operation and who stands there need."""

from __future__ import annotations

from pathlib import Path

from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Open
from tests.browser.counter_forms import counter, fill, form_of, scan
from tests.demonstration import Demo


def test_the_list_of_scans_begins_with_what_is_needed_and_goes_on_to_what_is_not_kept_yet(
    demo: Demo, opened: Open, tmp_path: Path
) -> None:
    window, page = counter(demo, opened, "clerk", "zh", DESKTOP)
    reset = form_of(page, "reset-password")
    chosen = reset.locator("[data-scan-kind]")
    assert chosen.input_value() == "owner-document"
    fill(reset, document_number="x")
    reset.locator("details", has=page.locator('[name="agent.name"]')).locator("summary").click()
    fill(reset, agent__name="何敏")
    assert chosen.input_value() == "agent-document", "an agent stands there"
    scan(reset, "agent-document", tmp_path)
    assert chosen.input_value() == "authorisation"
    scan(reset, "licence", tmp_path)
    assert chosen.input_value() == "authorisation", "it is still to be kept"
    scan(reset, "authorisation", tmp_path)
    chosen.select_option("other")
    reset.locator("[data-scan-list] li", has_text="授权书").locator("button").click()
    assert chosen.input_value() == "authorisation", "it was removed"
    window.check(page)

    transfer = form_of(page, "transfer")
    kinds = ("owner-document", "new-owner-document", "transfer-agreement")
    for kind in kinds:
        assert transfer.locator("[data-scan-kind]").input_value() == kind
        scan(transfer, kind, tmp_path)
    assert transfer.locator("[data-scan-kind]").input_value() == kinds[-1], "nothing else is needed"

    _, official = counter(demo, opened, "supervisor", "zh", DESKTOP)
    suspension = form_of(official, "suspend")
    fill(suspension, reason="official-order")
    assert suspension.locator("[data-scan-kind]").input_value() == "official-order"

"""经办人 on the counter's page: a unit's handler with a foreign passport opens a line; an agent changes a contact."""

from __future__ import annotations

from pathlib import Path

from dispatch.demo.households import PASSWORD, Household
from dispatch.ports.identity_check import FraudAnswer, RegistryAnswer, SimulatedIdentityCheck
from tests.accounts import factories as a
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.browser.counter_forms import carried_out, counter, fill, fits, form_of, line, refused, scan
from tests.demonstration import Demo

PASSPORT = "E12345678"


def test_a_unit_opens_through_its_handler_alone_who_may_be_to_be_verified(
    demo: Demo, opened: Open, tmp_path: Path
) -> None:
    window, page = counter(demo, opened, "clerk", "zh", DESKTOP)
    unit = a.unit(3)
    form = form_of(page, "open")
    fill(form, address=Household(690).address)
    fill(
        form,
        holder__name=unit.name,
        holder__document_kind=unit.document_kind,
        holder__document_number=unit.document_number.get_secret_value(),
        holder__mobile=unit.mobile,
        plan="standard-300",
        password=PASSWORD,
        payment__method="cash",
        payment__amount="200.00",
    )
    assert "单位须由经办人持证件和授权书办理" in refused(form)
    fits(window, page, DESKTOP)

    form.locator("summary", has_text="经办人").click()
    fill(
        form,
        agent__name="Claire Martin",
        agent__document_kind="passport",
        agent__document_number=PASSPORT,
        agent__document_expires="2036-03-06",
        agent__issuing_country="FRA",
        agent__birth="1990-03-07",
        agent__mobile=a.mobile(8),
    )
    assert "缺少：单位证件、经办人证件、授权书" in refused(form)
    for kind in ("licence", "agent-document", "authorisation"):
        scan(form, kind, tmp_path)
    checking = SimulatedIdentityCheck(demo.home.folder / "identity.db")
    checking.tell("passport", PASSPORT, "FRA", RegistryAnswer.MATCH, FraudAnswer.LISTED)
    assert "暂不能办理，请到指定营业厅核实" in refused(form)
    fits(window, page, DESKTOP)
    checking.tell("passport", PASSPORT, "FRA", RegistryAnswer.MATCH, FraudAnswer.CLEAR)
    assert "kd" in carried_out(form)
    fits(window, page, DESKTOP)


def test_an_authorised_agent_changes_the_contact_of_a_line(demo: Demo, opened: Open, tmp_path: Path) -> None:
    window, page = counter(demo, opened, "clerk", "en", PHONE)
    account, holder = line(31)
    form = form_of(page, "modify")
    fill(form, account=account, document_number=holder.document_number, contact=a.mobile(9))
    form.locator("summary", has_text="Agent").click()
    fill(
        form,
        agent__name="张伟",
        agent__document_kind="resident-id",
        agent__document_number=a.resident_id(8),
        agent__document_expires="2036-03-06",
        agent__mobile=a.mobile(8),
    )
    for kind in ("agent-document", "authorisation"):
        scan(form, kind, tmp_path)
    assert "The authorisation" in refused(form), "it has no last day yet"
    fits(window, page, PHONE)
    fill(form, agent__valid_until="2036-12-31")
    assert account in carried_out(form)
    fits(window, page, PHONE)

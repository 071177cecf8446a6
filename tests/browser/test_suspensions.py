"""停/开机 on the counter's page: each kind is set and lifted by whose it is, and refused to be lifted otherwise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator

from dispatch.ports.identity_check import FraudAnswer, RegistryAnswer, SimulatedIdentityCheck
from dispatch.ports.sms import SimulatedSmsGateway
from tests.acceptance.conftest import eventually
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Open
from tests.browser.counter_forms import carried_out, counter, faulty, fill, fits, form_of, line, press, refused, scan
from tests.browser.people import add_user
from tests.browser.user_actions import COME_MS
from tests.demonstration import Demo

LOOKS = [("zh", DESKTOP), ("en", PHONE)]
Size = tuple[int, int]


@pytest.mark.parametrize(("language", "size", "n"), [(*LOOKS[0], 27), (*LOOKS[1], 57)])
def test_a_pause_is_agreed_upon_for_its_fee_and_the_holder_comes_back_before_it_begins(
    demo: Demo, opened: Open, language: str, size: Size, n: int
) -> None:
    window, page = counter(demo, opened, "clerk", language, size)
    account, holder = line(n)  # paid in advance: who owes a bill gets no pause
    pause = form_of(page, "suspend")
    assert not pause.locator('[name="months"]').is_visible(), "no reason asks for it yet"
    fill(pause, account=account, reason="away", document_number=holder.document_number, months="2")
    fill(pause, payment__method="cash", payment__amount="9.00")
    assert not pause.locator('[name="authority"]').is_visible()
    assert "10.00" in refused(pause)
    fits(window, page, size)
    fill(pause, payment__amount="10.00")
    result = carried_out(pause)
    assert {"zh": "停机保号", "en": "Paused by the customer"}[language] in result
    fits(window, page, size)

    back = form_of(page, "resume")
    fill(back, account=account, reason="password-reset")
    assert not back.locator('[name="mobile"]').is_visible(), "a loss ends by the document alone"
    fill(back, reason="customer-request", document_number=holder.document_number)
    assert {"zh": "停机保号", "en": "Paused by the customer"}[language] in carried_out(back)
    fits(window, page, size)


def test_the_bound_number_proves_the_holder_by_its_code_where_a_pause_is_asked_for(demo: Demo, opened: Open) -> None:
    window, page = counter(demo, opened, "clerk", "zh", DESKTOP)
    account, _ = line(9)
    mobile = f"199{86_002_009:08d}"
    gateway = SimulatedSmsGateway(demo.home.folder / "sms.db")
    end = gateway.inbox_end()
    pause = form_of(page, "suspend")
    fill(
        pause,
        account=account,
        reason="vacant",
        mobile=mobile,
        months="1",
        payment__method="cash",
        payment__amount="5.00",
    )
    pause.locator("[data-send-code]").click()
    pause.locator("[data-code-said]", has_text="验证码已短信发送").wait_for(timeout=COME_MS)
    (text,) = eventually(lambda: [text for _, text in gateway.inbox(end) if text.startswith("验证码")])
    (code,) = re.findall(r"\d{6}", text)
    fill(pause, code="000000" if code != "000000" else "111111")
    assert "验证码不符或已失效" in refused(pause)
    fill(pause, code=code)
    assert account in carried_out(pause)
    fits(window, page, DESKTOP)


@pytest.mark.parametrize(("language", "size", "n"), [(*LOOKS[0], 21), (*LOOKS[1], 5)])
def test_a_loss_ends_by_the_holders_document_and_a_new_password_alone(
    demo: Demo, opened: Open, tmp_path: Path, language: str, size: Size, n: int
) -> None:
    window, page = counter(demo, opened, "clerk", language, size)
    account, holder = line(n)
    if n == 21:  # the demonstration has suspended the other
        agent, hotline = counter(demo, opened, "agent-10086", language, size)
        loss = form_of(hotline, "suspend")
        assert loss.locator('[name="reason"] option').count() == 3, "a hotline reports losses, and no more"
        assert not loss.locator('[name="mobile"]').count(), "nor has it codes sent"
        fill(loss, account=account, reason="lost-document", document_number=holder.document_number)
        fits(agent, hotline, size)
        assert "挂失" in carried_out(loss)

    back = form_of(page, "resume")
    fill(back, account=account, reason="customer-request", document_number=holder.document_number)
    assert {"zh": "机主本人持证件", "en": "the holder in person"}[language] in refused(back)
    fits(window, page, size)
    fill(back, reason="password-reset", new_password="Vt4#mkPq8")
    scan(back, "owner-document", tmp_path)
    assert {"zh": "挂失", "en": "Reported lost"}[language] in carried_out(back)
    fits(window, page, size)


def test_a_clerk_suspends_for_the_real_name_and_only_its_correction_lifts_it(
    demo: Demo, opened: Open, tmp_path: Path
) -> None:
    window, page = counter(demo, opened, "clerk", "zh", DESKTOP)
    account, holder = line(62)
    suspension = form_of(page, "suspend")
    fill(suspension, account=account, reason="used-by-another", note="现场核查")
    assert not suspension.locator('[name="document_number"]').is_visible(), "the operator sets it without the customer"
    assert "实名停机" in carried_out(suspension)

    checking = SimulatedIdentityCheck(demo.home.folder / "identity.db")
    document = ("resident-id", holder.document_number, None)
    checking.tell(*document, RegistryAnswer.MISMATCH, FraudAnswer.CLEAR)
    back = form_of(page, "resume")
    fill(back, account=account, reason="real-name-corrected", document_number=holder.document_number)
    assert "补正实名资料" in refused(back)
    fits(window, page, DESKTOP)

    checking.tell(*document, RegistryAnswer.MATCH, FraudAnswer.CLEAR)
    correction = form_of(page, "modify")
    fill(correction, account=account, document_number=holder.document_number, name="梁秀英")
    scan(correction, "owner-document", tmp_path)
    carried_out(correction)
    back = form_of(page, "resume")
    fill(back, account=account, reason="real-name-corrected", document_number=holder.document_number)
    assert "实名停机" in carried_out(back)


@pytest.mark.parametrize(("language", "size", "n"), [(*LOOKS[0], 20), (*LOOKS[1], 50)])
def test_a_supervisor_suspends_for_arrears_and_only_paying_them_at_the_counter_lifts_it(
    demo: Demo, opened: Open, language: str, size: Size, n: int
) -> None:
    _, page = counter(demo, opened, "supervisor", language, size)
    account, holder = line(n)
    suspension = form_of(page, "suspend")
    fill(suspension, account=account, reason="arrears", reference="账单2026-10")
    assert {"zh": "欠费停机", "en": "Bill not paid"}[language] in carried_out(suspension)

    window, page = counter(demo, opened, "clerk", language, size)
    back = form_of(page, "resume")
    fill(back, account=account, reason="customer-request", document_number=holder.document_number)
    assert {"zh": "缴清欠费", "en": "paying what is owed"}[language] in refused(back)
    fits(window, page, size)
    fill(back, reason="arrears-paid")
    press(back)
    if owed := re.search(r"应收([0-9.]+)元", back.locator("[data-refusal] p").inner_text()):
        fits(window, page, size)
        fill(back, payment__method="cash", payment__amount=owed[1])
        press(back)
    assert {"zh": "欠费停机", "en": "Bill not paid"}[language] in back.locator("[data-done] [data-result]").inner_text()
    fits(window, page, size)


@pytest.mark.parametrize(("language", "size", "n"), [(*LOOKS[0], 51), (*LOOKS[1], 47)])
def test_a_supervisor_suspends_for_abuse_and_lifts_it_for_a_written_promise(
    demo: Demo, opened: Open, tmp_path: Path, language: str, size: Size, n: int
) -> None:
    window, page = counter(demo, opened, "supervisor", language, size)
    account, _ = line(n)
    assert page.locator("[data-shows]").count() == 2, "a supervisor suspends and resumes here, and no more"
    page.locator("[data-find] [data-wanted]").fill(account)
    page.locator("[data-find] button").click()
    page.locator(f'[data-choose="{account}"]').wait_for(timeout=COME_MS)
    fits(window, page, size)
    suspension = form_of(page, "suspend")
    assert suspension.locator('[name="account"]').input_value() == account
    fill(suspension, reason="reselling")
    assert {"zh": "请写明文号或凭据", "en": "number of the order"}[language] in faulty(suspension)
    fill(suspension, reference="稽核2026-118")
    assert {"zh": "违规停机", "en": "Use against the contract"}[language] in carried_out(suspension)
    fits(window, page, size)

    back = form_of(page, "resume")
    fill(back, account=account, reason="abuse-ended")
    assert {"zh": "整改承诺", "en": "romise"}[language] in refused(back)
    scan(back, "rectification", tmp_path)
    fits(window, page, size)
    assert account in carried_out(back)


def test_an_official_suspension_is_lifted_by_the_release_once_another_supervisor_has_approved(
    demo: Demo, opened: Open, tmp_path: Path
) -> None:
    window, page = counter(demo, opened, "supervisor", "zh", DESKTOP)
    account, _ = line(45)
    suspension = form_of(page, "suspend")
    fill(
        suspension,
        account=account,
        reason="official-order",
        authority="天河区公安分局",
        reference="穗公天函〔2026〕7号",
    )
    assert "主管部门文书" in refused(suspension), "the order's scan is missing"
    scan(suspension, "official-order", tmp_path)
    fits(window, page, DESKTOP)
    assert "官方停机" in carried_out(suspension)

    back = form_of(page, "resume")
    fill(back, account=account, reason="order-lifted", reference="穗公天函〔2026〕9号")
    scan(back, "official-release", tmp_path)
    assert "须主管批准" in refused(back)
    ask_for_approval(back, "天河分局今日送达解除文书")
    fits(window, page, DESKTOP)

    own = window.open("/approvals").locator("[data-approval]", has_text=account)
    assert "须由另一位主管审批" in own.inner_text()
    add_user(demo, "second-supervisor", "supervisor")
    decide(demo, opened, "second-supervisor", account, "approve")
    back.locator(".approval.good").wait_for(timeout=COME_MS)
    fits(window, page, DESKTOP)
    assert "官方停机" in carried_out(back)


@pytest.mark.parametrize(("language", "size", "n"), [(*LOOKS[0], 7), (*LOOKS[1], 12)])
def test_a_clerk_asks_for_approval_beside_the_form_and_carries_it_out_once_a_supervisor_has_approved(
    demo: Demo, opened: Open, language: str, size: Size, n: int
) -> None:
    window, page = counter(demo, opened, "clerk", language, size)
    account, _ = line(n)
    if n == 12:  # the demonstration has suspended the other
        suspension = form_of(page, "suspend")
        fill(suspension, account=account, reason="real-name")
        carried_out(suspension)
    back = form_of(page, "resume")
    fill(back, account=account, reason="wrongly-suspended", kind="real-name")
    assert {"zh": "须主管批准（误停恢复）", "en": "A supervisor must approve"}[language] in refused(back)
    fits(window, page, size)
    box = back.locator(".approval")
    box.locator("textarea").fill("弄错了")
    box.locator("button").click()
    box.locator("[role=alert]", has_text="10").wait_for(timeout=COME_MS)
    ask_for_approval(back, "前台登记时选错了客户，实名资料无误")
    decide(demo, opened, "supervisor", account, "refuse")
    box.locator('[data-stands="refused"]').wait_for(timeout=COME_MS)
    fits(window, page, size)
    ask_for_approval(back, "已调阅监控和受理单，确认选错了客户")
    fits(window, page, size)

    page.reload()  # what was asked for isn't lost with the page
    back = form_of(page, "resume")
    fill(back, account=account, reason="wrongly-suspended", kind="real-name")
    refused(back)
    back.locator('[data-stands="waiting"]').wait_for(timeout=COME_MS)
    decide(demo, opened, "supervisor", account, "approve", language, size)
    back.locator('[data-stands="approved"]').wait_for(timeout=COME_MS)
    fits(window, page, size)
    assert {"zh": "实名停机", "en": "Real-name"}[language] in carried_out(back)
    assert not back.locator(".approval").count()


def ask_for_approval(section: Locator, reason: str) -> None:
    box = section.locator(".approval")
    box.locator("textarea").fill(reason)
    box.locator("button").click()
    box.locator('[data-stands="waiting"]').wait_for(timeout=COME_MS)


def decide(
    demo: Demo, opened: Open, supervisor: str, account: str, how: str, language: str = "zh", size: Size = DESKTOP
) -> None:
    """Approve or refuse, on the supervisor's own page, what was asked about this account."""
    window, page = counter(demo, opened, supervisor, language, size)
    page.goto(f"{demo.url}/approvals")
    request = page.locator("[data-approval]:has(form)", has_text=account)
    fits(window, page, size)
    request.locator(f'form[data-api$="/{how}"] button').click()
    request.wait_for(state="detached", timeout=COME_MS)

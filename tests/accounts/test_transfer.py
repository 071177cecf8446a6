"""2 过户: every step of its row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr

from dispatch.accounts import closure, password, transfer
from dispatch.accounts.asked_first import with_answers
from dispatch.accounts.closure import Closure
from dispatch.accounts.operation import Counter, OperationAccepted, OperationOutcome, OperationRefused
from dispatch.accounts.password import PasswordChange
from dispatch.accounts.registration import Scan
from dispatch.accounts.transfer import REQUIRED, Transfer
from dispatch.domain.plans import Fallback
from dispatch.domain.roles import Role
from dispatch.routing.prehandling import Script
from dispatch.storage.database import Database, Tx
from dispatch.storage.rows import as_dict
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import codes
from tests.accounts import factories as c
from tests.accounts.agents import AUTHORISED, agent

NEW = "Kw4!tRz9"
WELCOME = replace(c.PLANS.plan("home-300"), name="welcome")


def papers(*more: str) -> tuple[Scan, ...]:
    return tuple(c.scan(kind) for kind in (*REQUIRED, *more))


def transferring(number: str, to: int = 2, **changes: Any) -> Transfer:
    """Return a transfer from the holder of line 1 to the person of line `to`."""
    asked = {"account": number, "document_number": c.document(), "new_owner": c.person(to)}
    return Transfer(**{**asked, "password": SecretStr(NEW), "scans": papers(), **changes})


def transferred(tx: Tx, counter: Counter, request: Transfer) -> OperationOutcome:
    codes.put(tx, counter, "transfer", request.new_owner.mobile, request.account)
    request = request.model_copy(update={"code": codes.CODE})
    return transfer.transfer(tx, counter, request, f.CLERK, f.NOW)


def changing(number: str, n: int, old: str) -> PasswordChange:
    typed, new = SecretStr(old), SecretStr("Other!42")
    return PasswordChange(account=number, document_number=c.document(n), old_password=typed, new_password=new)


def customer_of(database: Database, number: str) -> Any:
    (row,) = c.rows(database, b.customer, b.customer.c.id == c.line(database, number).customer_id)
    return row


@pytest.fixture
def number(database: Database, counter: Counter) -> str:
    return c.in_service(database, counter)


def test_a_transfer_hands_the_account_as_it_is_to_the_new_owner(
    database: Database, counter: Counter, number: str
) -> None:
    before, plan = c.line(database, number), c.rows(database, b.enrolment)

    done = c.accepted(database, transfer.transfer, counter, transferring(number))

    after, owner = c.line(database, number), customer_of(database, number)
    assert done.result == {"account": number, "invoice": None, "red_letters": [], "settlement": [], "total": "0.00"}
    assert (owner.name, owner.mobile, owner.document_expires) == (c.person(2).name, c.mobile(2), date(2036, 3, 6))
    gone = {"customer_id": owner.id, "mobile": c.mobile(2), "password": after.password}
    assert as_dict(after) == {**as_dict(before), **gone}
    assert c.rows(database, b.enrolment) == plan, "the marketing plan stays with the account"


def test_the_slip_shows_both_owners_masked_and_the_documents_that_are_kept(
    database: Database, counter: Counter, number: str
) -> None:
    done = c.accepted(database, transfer.transfer, counter, transferring(number))

    slip = c.slip(database, done)
    assert (slip.customer, slip.contact) == (c.person(2).name, "138****8002")
    assert [(change.label.zh, change.before, change.after) for change in slip.changes] == [
        ("机主", "张*乙", "张*丙"),
        (
            "证件",
            f"居民身份证 440***********{c.resident_id(1)[-4:]}",
            f"居民身份证 440***********{c.resident_id(2)[-4:]}",
        ),
        ("联系电话", "138****8001", "138****8002"),
        ("密码", "原机主的 the old owner's", "新机主自设 the new owner's own"),
    ]
    kept, devices = slip.sections
    assert [line.value for line in kept.lines] == [
        "机主证件、新机主证件、过户协议 owner's document, new owner's document, transfer agreement"
    ]
    assert [(line.label.zh, line.value) for line in devices.lines] == [("光猫", f"F670L {c.ont_of(database, number)}")]
    scans = c.rows(database, b.kept_document)
    assert [(row.operation_id, row.kind) for row in scans] == [(done.operation_id, kind) for kind in REQUIRED]


def test_both_owners_are_told_and_the_old_owners_sessions_end(
    database: Database, counter: Counter, number: str
) -> None:
    done = c.accepted(database, transfer.transfer, counter, transferring(number))

    (network, order), *messages = c.effects(database, done)
    assert (network, order["order"], order["number"]) == ("provisioning", "password", number)
    assert [(port, told["mobile"], told["text"].partition("。")[0]) for port, told in messages] == [
        ("sms", c.mobile(1), f"您的宽带账号{number}已过户给新机主"),
        ("sms", c.mobile(2), f"宽带账号{number}已过户到您名下"),
    ]
    assert c.printed(database, done) == [f"slip/{done.operation_id}"]


def test_the_old_owners_document_and_password_no_longer_work(database: Database, counter: Counter, number: str) -> None:
    c.accepted(database, transfer.transfer, counter, transferring(number))

    old = c.refused(database, password.change, counter, changing(number, 1, NEW))
    assert old.code == "authentication-failed"
    known = c.refused(database, password.change, counter, changing(number, 2, c.PASSWORD))
    assert known.code == "wrong-old-password"
    c.accepted(database, password.change, counter, changing(number, 2, NEW))


def test_a_new_owner_who_is_a_customer_already_stays_one_customer(
    database: Database, counter: Counter, number: str
) -> None:
    second = c.in_service(database, counter, 2)

    c.accepted(database, transfer.transfer, counter, transferring(number))

    assert c.line(database, number).customer_id == c.line(database, second).customer_id
    assert len(c.rows(database, b.customer)) == 2


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_missing_document_is_named(database: Database, counter: Counter, number: str, missing: str) -> None:
    rest = tuple(scan for scan in papers() if scan.kind != missing)

    outcome = c.refused(database, transfer.transfer, counter, transferring(number, scans=rest))

    assert outcome.code == "documents-missing"
    names = {"owner-document": "机主证件", "new-owner-document": "新机主证件", "transfer-agreement": "过户协议"}
    assert outcome.reason.startswith(f"资料不齐全，缺少：{names[missing]}。")


def test_all_that_is_missing_is_named_at_once_with_what_an_agent_needs(
    database: Database, counter: Counter, number: str
) -> None:
    nothing = c.refused(database, transfer.transfer, counter, transferring(number, scans=(), agent=agent(9)))
    assert "机主证件、新机主证件、过户协议、经办人证件、授权书。" in nothing.reason

    whole = papers("agent-document", "authorisation")
    done = c.accepted(database, transfer.transfer, counter, transferring(number, scans=whole, agent=agent(9)))
    shown = {line.label.zh: line.value for line in c.slip(database, done).sections[0].lines}
    assert shown["经办人"] == f"{agent(9).name}（受托代办 Authorised by the holder）"
    assert c.resident_id(9) not in str(f.dump(database))


def test_a_customer_who_is_not_the_owner_is_told_nothing_of_documents(
    database: Database, counter: Counter, number: str
) -> None:
    stranger = transferring(number, document_number=c.document(3), scans=())

    outcome = c.refused(database, transfer.transfer, counter, stranger)

    assert outcome.code == "authentication-failed"
    assert len(c.rows(database, b.authentication_failure)) == 1


def test_a_transfer_to_oneself_is_refused(database: Database, counter: Counter, number: str) -> None:
    same_owner = transferring(number, new_owner=c.person(1, mobile=c.mobile(5)))

    assert c.refused(database, transfer.transfer, counter, same_owner).code == "same-owner"
    assert customer_of(database, number).mobile == c.mobile(1)


def test_a_new_owner_who_cannot_be_registered_is_refused(database: Database, counter: Counter, number: str) -> None:
    c.in_service(database, counter, 3)
    wrong_digit = c.resident_id(2)[:-1] + ("0" if c.resident_id(2)[-1] != "0" else "1")
    for to, code in (
        (c.person(2, document_number=SecretStr(wrong_digit)), "bad-document-number"),
        (c.person(2, document_kind="library-card"), "unknown-document-kind"),
        (c.person(2, document_expires=date(2026, 3, 1)), "document-expired"),
        (c.person(2, name="张\u202e三"), "bad-name"),
        (c.person(2, name="长" * 61), "bad-name"),
        (c.person(2, mobile="020-85551234"), "bad-mobile"),
        (c.person(3, name="另一人"), "name-mismatch"),
    ):
        assert c.refused(database, transfer.transfer, counter, transferring(number, new_owner=to)).code == code


def test_the_new_owner_types_a_good_password_of_their_own(database: Database, counter: Counter, number: str) -> None:
    for typed in (c.PASSWORD, "12345678", f"x{c.resident_id(2)[6:14]}", f"{c.mobile(2)}!"):
        weak = transferring(number, password=SecretStr(typed))
        assert c.refused(database, transfer.transfer, counter, weak).code == "weak-password"


def test_only_an_account_in_service_is_transferred(database: Database, counter: Counter) -> None:
    building = c.opened(database, counter, 3)
    asked = transferring(building, document_number=c.document(3))
    assert c.refused(database, transfer.transfer, counter, asked).code == "wrong-state"

    stopped = c.in_service(database, counter)
    c.suspended(database, stopped)
    outcome = c.refused(database, transfer.transfer, counter, transferring(stopped))
    assert outcome.code == "wrong-state"
    assert "停机" in outcome.reason

    left = c.in_service(database, counter, 4)
    leaving = Closure(account=left, document_number=c.document(4), reason="moving")
    c.accepted(database, closure.close, counter, leaving)
    asked = transferring(left, document_number=c.document(4))
    assert c.refused(database, transfer.transfer, counter, asked).code == "wrong-state"


def test_an_open_fault_brings_a_warning_and_goes_over_once_confirmed(
    database: Database, counter: Counter, script: Script, number: str
) -> None:
    fault = f.fault(database, counter.rulebook, script, number)

    warned = c.refused(database, transfer.transfer, counter, transferring(number))
    assert warned.code == "needs-confirmation"
    assert fault.number in warned.reason
    assert "open-fault" in warned.reason

    done = c.accepted(database, transfer.transfer, counter, transferring(number, confirm=("open-fault",)))
    assert fault.number in c.slip(database, done).warnings[0]


def test_numbers_of_the_old_owner_are_unbound_and_the_plan_they_carry_is_voided_after_two_warnings(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=c.mobile(7))

    first = c.refused(database, transfer.transfer, counter, transferring(number))
    assert (first.code, "bindings-end" in first.reason, "138****8007" in first.reason) == (
        "needs-confirmation", True, True,
    )  # fmt: skip
    second = c.refused(database, transfer.transfer, counter, transferring(number, confirm=("bindings-end",)))
    assert (second.code, "plan-voided" in second.reason, "改按套餐home-300，60.00元/月" in second.reason) == (
        "needs-confirmation", True, True,
    )  # fmt: skip

    told = transferring(number, confirm=("bindings-end", "plan-voided"))
    done = c.accepted(database, transfer.transfer, counter, told)

    (binding,) = c.rows(database, b.binding)
    assert (binding.until, binding.ended_by) == (f.NOW, done.operation_id)
    voided, after = c.rows(database, b.enrolment)
    assert (voided.plan, voided.ended_for) == ("family-500", "voided")
    assert (after.plan, after.operation_id, after.ended_at) == ("home-300", done.operation_id, None)
    slip = c.slip(database, done)
    assert len(slip.warnings) == 2
    assert [(change.label.zh, change.after) for change in slip.changes[4:]] == [
        ("绑定手机号码", ""),
        ("营销案", "改按套餐home-300，60.00元/月 Plan home-300 from now on, 60.00 yuan a month"),
    ]


def test_a_number_of_the_new_owners_stays_bound_and_its_plan_in_force(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=c.mobile(2))
    before = c.rows(database, b.binding), c.rows(database, b.enrolment)

    done = c.accepted(database, transfer.transfer, counter, transferring(number, to=2))

    assert (c.rows(database, b.binding), c.rows(database, b.enrolment)) == before
    assert not c.slip(database, done).warnings


def test_a_plan_not_offered_to_the_new_owner_is_voided_after_a_warning(database: Database, counter: Counter) -> None:
    persons = replace(WELCOME, holders=("person",), fallback=Fallback(None, 80_00))
    counter = c.offering(counter, persons)
    number = c.in_service(database, counter, plan="welcome", mobile=c.mobile(2))
    company = c.unit(2)

    handled: dict[str, Any] = {"new_owner": company, "new_owner_agent": agent(9), "scans": papers(*AUTHORISED)}
    warned = c.refused(database, transfer.transfer, counter, transferring(number, **handled))
    assert (warned.code, "仅限个人" in warned.reason) == ("needs-confirmation", True)
    told = transferring(number, **handled, confirm=("plan-voided",))
    done = c.accepted(database, transfer.transfer, counter, told)

    after = c.rows(database, b.enrolment)[-1]
    assert (after.plan, after.terms["monthly_fee"], after.operation_id) == (None, 80_00, done.operation_id)
    assert c.slip(database, done).document.startswith("营业执照 914")


def test_a_plan_without_a_fallback_bars_a_new_owner_to_whom_it_is_not_offered(
    database: Database, counter: Counter
) -> None:
    counter = c.offering(counter, replace(WELCOME, customers="new"))
    number = c.in_service(database, counter, plan="welcome")
    c.in_service(database, counter, 2)

    outcome = c.refused(database, transfer.transfer, counter, transferring(number, to=2, confirm=("plan-voided",)))
    assert (outcome.code, "仅限新客户" in outcome.reason) == ("plan-not-offered", True)

    c.accepted(database, transfer.transfer, counter, transferring(number, to=3))


def test_an_act_of_the_old_owner_at_the_same_moment_comes_too_late(
    database: Database, counter: Counter, number: str
) -> None:
    answered = with_answers(counter, database, "transfer", transferring(number), Role.CLERK, f.NOW)
    given, late = c.overtaken(
        database,
        lambda tx: transferred(tx, answered, transferring(number)),
        lambda tx: password.change(tx, counter, changing(number, 1, c.PASSWORD), f.CLERK, f.NOW),
    )

    assert isinstance(given, OperationAccepted)
    assert isinstance(late, OperationRefused)
    assert late.code == "authentication-failed"


def test_a_transfer_repeated_under_one_key_is_done_once(database: Database, counter: Counter, number: str) -> None:
    outcome = c.done_once(database, transfer.transfer, counter, transferring(number), transferring(number, to=3))

    assert isinstance(outcome, OperationAccepted)
    assert customer_of(database, number).mobile == c.mobile(2)


def test_an_operation_repeated_under_one_key_is_refused_once(database: Database, counter: Counter, number: str) -> None:
    incomplete = transferring(number, scans=papers()[:1])

    outcome = c.done_once(database, transfer.transfer, counter, incomplete, transferring(number))

    assert isinstance(outcome, OperationRefused)
    assert outcome.code == "documents-missing"


def test_only_a_clerk_transfers(database: Database, counter: Counter, number: str) -> None:
    asked = transferring(number)

    refused_roles = f.forbidden(database, lambda tx, actor: transfer.transfer(tx, counter, asked, actor, f.NOW))

    assert refused_roles == f.all_roles_but(Role.CLERK)

"""验证码: who names a mobile number proves that they have it, by the code that was sent to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, update

from dispatch import messages
from dispatch.accounts import binding, opening, profile, proof, renaming, resumption, suspension, transfer
from dispatch.accounts.billing import Paid
from dispatch.accounts.binding import Binding
from dispatch.accounts.operation import Counter
from dispatch.accounts.profile import Modification
from dispatch.accounts.proof import CodeRequest
from dispatch.accounts.renaming import Renaming
from dispatch.accounts.resumption import Resumption
from dispatch.accounts.suspension import Suspension
from dispatch.domain.effect import EPHEMERAL
from dispatch.domain.roles import Actor, Role
from dispatch.storage import retention
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as a

BOUND, NEW = a.mobile(7), a.mobile(8)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
WRONG = SecretStr("000000")


@pytest.fixture
def number(database: Database, counter: Counter) -> str:
    """The account of a line whose opening is long past, its code forgotten."""
    opened = a.in_service(database, counter, plan="family-500", mobile=BOUND)
    with database.write() as tx:
        tx.execute(delete(b.proof))
    return opened


def send(
    database: Database, counter: Counter, number: str | None, mobile: str = NEW, purpose: Any = "bind", **how: Any
) -> str:
    """Have a code sent; return it as the customer reads it."""
    request = CodeRequest(purpose=purpose, mobile=mobile, account=number)
    done = a.accepted(database, proof.send, counter, request, **how)
    (row,) = a.rows(database, b.message, b.message.c.source == f"operation/{done.operation_id}")
    assert row.mobile == mobile
    return str(row.facts["code"])


def sent(database: Database) -> list[Any]:
    """The text messages that go to the gateway, once the relay has written them."""
    with database.write() as tx:
        messages.settle(tx, f.messages(), ZoneInfo("Asia/Shanghai"), f.NOW, 100)
    return a.rows(database, b.effect, b.effect.c.port == "sms", b.effect.c.key.like("message/%"))


def bind(number: str, code: str | SecretStr | None, mobile: str = NEW) -> Binding:
    typed = SecretStr(code) if isinstance(code, str) else code
    return Binding(account=number, document_number=a.document(), mobile=mobile, code=typed)


def refusal(database: Database, counter: Counter, request: Binding, **how: Any) -> str:
    """The code of a refusal of a request that is sent as it is, also without a code."""
    typed = request.code or WRONG
    return a.refused(database, binding.bind, counter, request.model_copy(update={"code": typed}), **how).code


def failures(database: Database) -> int:
    return len(a.rows(database, b.authentication_failure))


def test_the_code_of_the_text_message_binds_the_number(database: Database, counter: Counter, number: str) -> None:
    code = send(database, counter, number)

    assert len(code) == 6
    assert code.isdigit()
    full_width = code[3:].translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    a.accepted(database, binding.bind, counter, bind(number, f" {code[:3]}　{full_width}"))


def test_the_message_says_what_the_code_is_for_and_is_not_kept_once_it_is_sent(
    database: Database, counter: Counter, number: str
) -> None:
    code = send(database, counter, number)

    told = f"验证码{code}，5分钟有效，用于绑定手机号码，勿告诉他人。"
    assert sent(database)[-1].payload == {"mobile": NEW, "text": told, EPHEMERAL: True}
    assert code not in str(a.rows(database, b.message))


def test_number_and_code_are_kept_as_keyed_hashes_alone(database: Database, counter: Counter, number: str) -> None:
    code = send(database, counter, number)

    (row,) = a.rows(database, b.proof)
    assert NEW not in str(row)
    assert code not in row.code_hmac
    (sent,) = a.rows(database, b.operation, b.operation.c.kind == "send-code")
    assert sent.result == {"mobile": "138****8008", "minutes": 5}


def test_a_wrong_code_is_a_failed_authentication_and_the_fifth_ends_the_right_one(
    database: Database, counter: Counter, number: str
) -> None:
    code = send(database, counter, number)
    wrong = "000000" if code != "000000" else "111111"

    codes = [refusal(database, counter, bind(number, wrong)) for _ in range(4)]
    a.accepted(database, binding.bind, counter, bind(number, code))

    assert codes == ["bad-code"] * 4
    assert failures(database) == 4
    again = send(database, counter, number, a.mobile(9))
    with database.write() as tx:
        tx.execute(update(b.proof).where(b.proof.c.used_by.is_(None)).values(tries=5))
    assert refusal(database, counter, bind(number, again, a.mobile(9))) == "bad-code"


def test_a_code_counts_for_five_minutes_once_this_purpose_number_account_and_clerk(
    database: Database, counter: Counter, number: str
) -> None:
    other = a.in_service(database, counter, 2)
    code = send(database, counter, number)
    late = f.NOW + 5 * MINUTE

    assert refusal(database, counter, bind(number, code), now=late) == "bad-code"
    assert refusal(database, counter, bind(number, code), actor=Actor("zhou", Role.CLERK)) == "bad-code"
    assert refusal(database, counter, bind(number, code, a.mobile(9))) == "bad-code"
    for_other = Binding(account=other, document_number=a.document(2), mobile=NEW, code=SecretStr(code))
    assert refusal(database, counter, for_other) == "bad-code"
    name = Renaming(account=number, document_number=a.document(), new_account=NEW, code=SecretStr(code))
    assert a.refused(database, renaming.rename, counter, name).code == "bad-code"
    a.accepted(database, binding.bind, counter, bind(number, code), now=late - SECOND)
    unbound = binding.Unbinding(account=number, document_number=a.document(), mobile=NEW)
    a.accepted(database, binding.unbind, counter, unbound, now=late - SECOND)
    assert refusal(database, counter, bind(number, code), now=late - SECOND) == "bad-code"


def test_of_two_codes_the_newer_counts(database: Database, counter: Counter, number: str) -> None:
    old = send(database, counter, number)
    new = send(database, counter, number, now=f.NOW + MINUTE)

    if old != new:
        assert refusal(database, counter, bind(number, old), now=f.NOW + MINUTE) == "bad-code"
    a.accepted(database, binding.bind, counter, bind(number, new), now=f.NOW + MINUTE)


# -- limits ----------------------------------------------------------------------------------------


def denied(database: Database, counter: Counter, mobile: str, number: str, now: datetime = f.NOW) -> tuple[str, str]:
    request = CodeRequest(purpose="bind", mobile=mobile, account=number)
    outcome = a.refused(database, proof.send, counter, request, now=now)
    return outcome.code, outcome.said.zh


def test_another_code_is_sent_after_60_seconds(database: Database, counter: Counter, number: str) -> None:
    send(database, counter, number)

    assert denied(database, counter, NEW, number, f.NOW + 59 * SECOND) == (
        "code-too-soon", "验证码刚发过，请1秒后再发。",
    )  # fmt: skip
    send(database, counter, number, now=f.NOW + 60 * SECOND)


def test_a_number_gets_five_codes_a_day_and_a_clerk_has_30_sent_an_hour(
    database: Database, counter: Counter, number: str
) -> None:
    for n in range(5):
        send(database, counter, number, now=f.NOW + n * MINUTE)
    assert denied(database, counter, NEW, number, f.NOW + 5 * MINUTE)[0] == "codes-enough"
    for n in range(25):
        send(database, counter, number, f"139001390{n:02}", now=f.NOW + 6 * MINUTE)
    assert denied(database, counter, a.mobile(9), number, f.NOW + 7 * MINUTE) == (
        "codes-enough", "验证码发送次数已满（您一小时内已发30次），请凭证件办理。",
    )  # fmt: skip
    send(database, counter, number, a.mobile(9), now=f.NOW + 7 * MINUTE, actor=Actor("zhou", Role.CLERK))
    send(database, counter, number, a.mobile(9), now=f.NOW + timedelta(hours=1, minutes=7))
    send(database, counter, number, now=f.NOW + timedelta(days=1))


def test_codes_of_two_days_ago_are_deleted(database: Database, counter: Counter, number: str) -> None:
    send(database, counter, number)

    with database.write() as tx:
        assert retention.forget_codes(tx, f.NOW + timedelta(hours=47), 10) == 0
        assert retention.forget_codes(tx, f.NOW + timedelta(hours=48), 10) == 1


# -- what a code proves ----------------------------------------------------------------------------


def test_possession_of_a_bound_number_is_proved_by_a_code_by_message(
    database: Database, counter: Counter, number: str
) -> None:
    asked: dict[str, Any] = {"mobile": BOUND, "reason": "customer-request"}
    pause: dict[str, Any] = {"months": 1, "payment": Paid(method="cash", amount="5.00")}
    named = Suspension(**asked, **pause, code=WRONG)

    assert a.refused(database, suspension.suspend, counter, named).code == "bad-code"
    code = send(database, counter, None, BOUND, "suspend")
    proved = Suspension(**asked, **pause, code=SecretStr(code))
    assert a.accepted(database, suspension.suspend, counter, proved).result["account"] == number
    again = Resumption(**asked, code=SecretStr(code))
    assert a.refused(database, resumption.resume, counter, again).code == "bad-code"
    code = send(database, counter, None, BOUND, "resume", now=f.NOW + MINUTE)
    resumed = Resumption(**asked, code=SecretStr(code))
    a.accepted(database, resumption.resume, counter, resumed, now=f.NOW + MINUTE)


def test_nobody_who_only_names_a_bound_number_suspends_a_line(
    database: Database, counter: Counter, number: str
) -> None:
    with database.write() as tx:
        request = Suspension(mobile=BOUND, reason="customer-request")
        outcome = suspension.suspend(tx, counter, request, f.CLERK, f.NOW)

    assert getattr(outcome, "code", None) == "bad-code"
    assert a.line(database, number).state == "in-service"


def test_a_code_to_an_unbound_number_is_not_sent_and_counts_as_guessing(
    database: Database, counter: Counter, number: str
) -> None:
    request = CodeRequest(purpose="suspend", mobile=NEW)

    assert a.refused(database, proof.send, counter, request).code == "mobile-not-bound"
    assert failures(database) == 1


def test_a_new_name_is_the_customers_own_number_proved(database: Database, counter: Counter, number: str) -> None:
    name = Renaming(account=number, document_number=a.document(), new_account=NEW, code=WRONG)
    assert a.refused(database, renaming.rename, counter, name).code == "bad-code"

    code = send(database, counter, number, NEW, "rename")
    a.accepted(database, renaming.rename, counter, name.model_copy(update={"code": SecretStr(code)}))
    assert a.line(database, NEW).state == "in-service"


def test_a_number_bound_to_anothers_account_becomes_nobodys_name(
    database: Database, counter: Counter, number: str
) -> None:
    other = a.in_service(database, counter, 2)
    name = Renaming(account=other, document_number=a.document(2), new_account=BOUND)

    assert a.refused(database, renaming.rename, counter, name).code == "mobile-taken"


def test_a_new_mobile_number_of_a_customer_is_proved_their_contact_is_not(
    database: Database, counter: Counter, number: str
) -> None:
    asked: dict[str, Any] = {"account": number, "document_number": a.document()}
    change = Modification(**asked, mobile=NEW, code=WRONG)
    assert a.refused(database, profile.modify, counter, change).code == "bad-code"

    code = send(database, counter, number, NEW, "modify")
    a.accepted(database, profile.modify, counter, change.model_copy(update={"code": SecretStr(code)}))
    a.accepted(database, profile.modify, counter, Modification(**asked, contact=a.mobile(9)))


# -- the gateway is away ---------------------------------------------------------------------------


def bound_without_code(database: Database, counter: Counter, number: str, now: datetime) -> Any:
    with database.write() as tx:
        return binding.bind(tx, counter, bind(number, None), f.CLERK, now)


def test_the_number_that_an_opening_binds_is_proved_before_there_is_an_account(
    database: Database, counter: Counter
) -> None:
    a.address(database)
    asked = a.application(plan="family-500", mobile=BOUND, payment=Paid(method="cash", amount="100.00"))
    sent_for = send(database, counter, None, BOUND, purpose="open")
    unproved = asked.model_copy(update={"code": WRONG})
    assert a.refused(database, opening.open_account, counter, unproved).code == "bad-code"
    assert [row.account_id for row in a.rows(database, b.authentication_failure)] == [None], "it counts for the clerk"
    proved = asked.model_copy(update={"code": SecretStr(sent_for)})
    other = a.refused(database, opening.open_account, counter, proved, actor=Actor("wang", Role.CLERK))
    assert other.code == "bad-code", "another clerk had it sent"

    done = a.accepted(database, opening.open_account, counter, proved)

    (row,) = a.rows(database, b.proof)
    assert (row.account_id, row.tries, row.used_by) == (None, 1, done.operation_id)
    assert [row.mobile for row in a.rows(database, b.binding)] == [BOUND]


def test_the_new_owners_number_is_proved_at_a_transfer_also_one_that_stays_bound(
    database: Database, counter: Counter, number: str
) -> None:
    """A number that is the new owner's own stays bound: to name the old owner's would keep it in force."""
    scans = tuple(a.scan(kind) for kind in transfer.REQUIRED)
    to = a.person(2, mobile=BOUND)
    asked = transfer.Transfer(
        account=number, document_number=a.document(), new_owner=to, password=a.NEW_PASSWORD, scans=scans
    )
    send(database, counter, number, a.mobile(2), purpose="transfer")
    unproved = asked.model_copy(update={"code": WRONG})
    assert a.refused(database, transfer.transfer, counter, unproved).code == "bad-code"
    code = SecretStr(send(database, counter, number, BOUND, purpose="transfer"))

    a.accepted(database, transfer.transfer, counter, asked.model_copy(update={"code": code}))

    assert a.line(database, number).mobile == BOUND
    assert [row.mobile for row in a.rows(database, b.binding, b.binding.c.until.is_(None))] == [BOUND]


def test_while_no_message_can_be_sent_the_holders_document_is_enough_and_the_slip_says_so(
    database: Database, counter: Counter, number: str
) -> None:
    send(database, counter, number)
    assert bound_without_code(database, counter, number, f.NOW + 59 * SECOND).code == "bad-code"

    done = bound_without_code(database, counter, number, f.NOW + 60 * SECOND)

    assert any("凭证件核实" in note for note in a.slip(database, done).notes)


def test_once_the_gateway_has_taken_the_message_its_code_is_needed(
    database: Database, counter: Counter, number: str
) -> None:
    send(database, counter, number)
    sent(database)
    with database.write() as tx:
        taken = {"state": "confirmed", "confirmed_at": f.NOW, "wake_at": None}
        tx.execute(update(b.effect).where(b.effect.c.port == "sms").values(**taken))

    assert bound_without_code(database, counter, number, f.NOW + 60 * SECOND).code == "bad-code"


def test_a_bound_number_never_suspends_without_its_code(database: Database, counter: Counter, number: str) -> None:
    send(database, counter, None, BOUND, "suspend")

    with database.write() as tx:
        request = Suspension(mobile=BOUND, reason="customer-request")
        outcome = suspension.suspend(tx, counter, request, f.CLERK, f.NOW + 60 * SECOND)

    assert getattr(outcome, "code", None) == "bad-code"


def test_only_who_does_the_operation_has_its_code_sent(database: Database, counter: Counter, number: str) -> None:
    request = CodeRequest(purpose="bind", mobile=NEW, account=number)

    may_not = f.forbidden(database, a.by(proof.send, counter, request))

    assert may_not == f.all_roles_but(Role.CLERK)

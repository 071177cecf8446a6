"""3 销户: every step of its row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from dispatch.accounts import closure, opening
from dispatch.accounts.asked_first import with_answers
from dispatch.accounts.closure import Closure
from dispatch.accounts.operation import Counter, OperationAccepted, OperationRefused
from dispatch.domain.account import AccountState
from dispatch.domain.reasons import LEAVING_REASONS
from dispatch.domain.roles import Role
from dispatch.errors import BadInput
from dispatch.routing.prehandling import Script
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c

LATER = f.NOW + timedelta(days=400)


def leaving(number: str, n: int = 1, **changes: Any) -> Closure:
    return Closure(**{"account": number, "document_number": c.document(n), "reason": "moving", **changes})


def used(database: Database) -> list[int]:
    return [row.used for row in c.rows(database, b.pon_port)]


@pytest.fixture
def number(database: Database, counter: Counter) -> str:
    return c.in_service(database, counter)


def test_a_closure_ends_the_account_with_its_reason_and_frees_what_it_occupied(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=c.mobile(7))
    assert used(database) == [1]

    done = c.accepted(database, closure.close, counter, leaving(number), now=LATER)

    account = c.line(database, number)
    assert (account.state, account.ended_for, account.ended_at) == (AccountState.CLOSED, "moving", LATER)
    assert used(database) == [0]
    (binding,) = c.rows(database, b.binding)
    assert (binding.until, binding.ended_by) == (LATER, done.operation_id)
    (enrolment,) = c.rows(database, b.enrolment)
    assert (enrolment.ended_at, enrolment.ended_for) == (LATER, "closed")


def test_the_slip_shows_the_reason_and_the_customers_words(database: Database, counter: Counter, number: str) -> None:
    done = c.accepted(database, closure.close, counter, leaving(number, reason="other", note="网速不够打游戏"))

    slip = c.slip(database, done)
    assert (slip.title.zh, slip.account, slip.customer) == ("销户", number, c.person().name)
    assert [(line.label.zh, line.value) for line in slip.sections[0].lines] == [
        ("退网原因", "其他 Other"),
        ("说明", "网速不够打游戏"),
    ]
    assert c.printed(database, done) == [f"slip/{done.operation_id}"]


def test_the_line_is_taken_off_the_network_and_the_customer_told(
    database: Database, counter: Counter, number: str
) -> None:
    done = c.accepted(database, closure.close, counter, leaving(number))

    (network, order), (sms, told) = c.effects(database, done)
    assert (network, order["order"], order["number"]) == ("provisioning", "remove", number)
    assert (sms, told["mobile"], told["text"].partition("，")[0]) == ("sms", c.mobile(), f"您的宽带账号{number}已销户")


def test_a_suspended_account_may_be_closed(database: Database, counter: Counter, number: str) -> None:
    c.suspended(database, number, "arrears")

    c.accepted(database, closure.close, counter, leaving(number))

    assert c.line(database, number).suspended_for is None


def test_the_address_and_the_number_are_free_for_the_next_customer(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=c.mobile(7))
    c.accepted(database, closure.close, counter, leaving(number))
    address = c.application(1).address

    after = c.application(2, "family-500", address=address, mobile=c.mobile(7))
    done = c.accepted(database, opening.open_account, counter, after)

    assert done.result["account"] != number


def test_a_reason_from_the_list_is_required(database: Database, counter: Counter, number: str) -> None:
    with pytest.raises(ValidationError, match="reason"):
        Closure(account=number, document_number=c.document())  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="note"):
        leaving(number, note="长" * 501)
    for wrong in (
        leaving(number, reason="bored"),
        leaving(number, reason="other"),
        leaving(number, note="\x1b[2J"),
    ):
        with f.refused(database, BadInput) as tx:
            closure.close(tx, counter, wrong, f.CLERK, f.NOW)


def test_every_reason_of_the_list_is_accepted(database: Database, counter: Counter, number: str) -> None:
    ready = with_answers(counter, database, "close", leaving(number), f.CLERK.role, f.NOW)
    for reason in LEAVING_REASONS:
        with database.write() as tx:
            done = closure.close(tx, ready, leaving(number, reason=reason, note="如客户所述"), f.CLERK, f.NOW)
            assert isinstance(done, OperationAccepted)
            tx.rollback()


def test_a_customer_who_is_not_the_holder_closes_nothing(database: Database, counter: Counter, number: str) -> None:
    assert c.refused(database, closure.close, counter, leaving(number, 2)).code == "authentication-failed"
    assert len(c.rows(database, b.authentication_failure)) == 1


def test_an_open_fault_brings_a_warning(database: Database, counter: Counter, script: Script, number: str) -> None:
    fault = f.fault(database, counter.rulebook, script, number)

    warned = c.refused(database, closure.close, counter, leaving(number))
    assert (warned.code, fault.number in warned.reason) == ("needs-confirmation", True)

    done = c.accepted(database, closure.close, counter, leaving(number, confirm=("open-fault",)))
    assert fault.number in c.slip(database, done).warnings[0]


def test_a_line_that_is_not_built_yet_is_not_closed_and_neither_is_a_closed_one(
    database: Database, counter: Counter, number: str
) -> None:
    building = c.opened(database, counter, 3)
    outcome = c.refused(database, closure.close, counter, leaving(building, 3))
    assert (outcome.code, "装机中" in outcome.reason) == ("wrong-state", True)

    c.accepted(database, closure.close, counter, leaving(number))
    again = c.refused(database, closure.close, counter, leaving(number))
    assert (again.code, "已销户" in again.reason) == ("wrong-state", True)
    assert used(database) == [0, 1]


def test_two_closures_at_once_free_the_port_once(database: Database, counter: Counter, number: str) -> None:
    ready = with_answers(counter, database, "close", leaving(number), f.CLERK.role, f.NOW)
    one, other = c.overtaken(
        database,
        lambda tx: closure.close(tx, ready, leaving(number), f.CLERK, f.NOW),
        lambda tx: closure.close(tx, ready, leaving(number, reason="price"), f.CLERK, f.NOW),
    )

    assert isinstance(one, OperationAccepted)
    assert isinstance(other, OperationRefused)
    assert other.code == "wrong-state"
    assert used(database) == [0]


def test_a_closure_repeated_under_one_key_is_done_once(database: Database, counter: Counter, number: str) -> None:
    outcome = c.done_once(database, closure.close, counter, leaving(number), leaving(number, reason="price"))

    assert isinstance(outcome, OperationAccepted)
    assert used(database) == [0]


def test_an_operation_repeated_under_one_key_is_refused_once(database: Database, counter: Counter, number: str) -> None:
    outcome = c.done_once(database, closure.close, counter, leaving(number, 2), leaving(number))

    assert isinstance(outcome, OperationRefused)


def test_only_a_clerk_closes(database: Database, counter: Counter, number: str) -> None:
    refused_roles = f.forbidden(database, lambda tx, actor: closure.close(tx, counter, leaving(number), actor, f.NOW))

    assert refused_roles == f.all_roles_but(Role.CLERK)

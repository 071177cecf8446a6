"""4 停机, 开机: every step of their row."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from dispatch.accounts import binding, closure, suspension
from dispatch.accounts.binding import Unbinding
from dispatch.accounts.closure import Closure
from dispatch.accounts.operation import Counter, OperationAccepted, OperationRefused
from dispatch.accounts.suspension import Suspension
from dispatch.domain.account import AccountState
from dispatch.domain.reasons import RESUMPTION_REASONS, SETTLED_BY, SUSPENSION_REASONS
from dispatch.domain.roles import Role
from dispatch.errors import BadInput
from dispatch.routing.prehandling import Script
from dispatch.storage.database import Database
from dispatch.storage.rows import as_dict
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c

BOUND = c.mobile(7)


def stopping(number: str, n: int = 1, **changes: Any) -> Suspension:
    asked = {"account": number, "document_number": c.document(n), "reason": "customer-request"}
    return Suspension(**{**asked, **changes})


def by_phone(mobile: str = BOUND, reason: str = "customer-request", **changes: Any) -> Suspension:
    return Suspension(mobile=mobile, reason=reason, **changes)


def state(database: Database, number: str) -> tuple[str, str | None]:
    account = c.line(database, number)
    return account.state, account.suspended_for


both = pytest.mark.parametrize("operation", [suspension.suspend, suspension.resume], ids=["suspend", "resume"])


@pytest.fixture
def number(database: Database, counter: Counter) -> str:
    return c.in_service(database, counter)


def test_a_suspension_stops_the_service_and_keeps_all_that_the_account_has(
    database: Database, counter: Counter, number: str
) -> None:
    before = f.dump(database)
    account = c.line(database, number)

    done = c.accepted(database, suspension.suspend, counter, stopping(number, reason="arrears", note="  欠费三个月 "))

    assert done.result == {"account": number}
    assert as_dict(c.line(database, number)) == {
        **as_dict(account), "state": AccountState.SUSPENDED, "suspended_for": "arrears",
    }  # fmt: skip
    after = f.dump(database)
    assert {name for name in after if after[name] != before[name]} == {"account", "operation", "slip", "effect"}
    assert c.effects(database, done) == [
        ("provisioning", {"account_id": account.id, "number": number, "order": "suspend"}),
        ("sms", {
            "mobile": c.mobile(),
            "text": f"您的宽带账号{number}已停机（欠费停机）。如非本人办理，请到营业厅或拨打10086。",
        }),
    ]  # fmt: skip
    assert c.printed(database, done) == [f"slip/{done.operation_id}"]
    (section,) = c.slip(database, done).sections
    assert [(line.label.zh, line.value) for line in section.lines] == [
        ("停机原因", "欠费停机 Bill not paid"),
        ("说明", "欠费三个月"),
    ]


def test_a_resumption_restores_the_service_and_its_slip_says_why_it_had_stopped(
    database: Database, counter: Counter, number: str
) -> None:
    c.suspended(database, number, "lost-password")

    done = c.accepted(database, suspension.resume, counter, stopping(number, reason="password-reset"))

    assert state(database, number) == ("in-service", None)
    assert [(port, payload.get("order")) for port, payload in c.effects(database, done)] == [
        ("provisioning", "resume"),
        ("sms", None),
    ]
    (section,) = c.slip(database, done).sections
    assert [line.value for line in section.lines] == [
        "密码已重置 Password was reset",
        "账号密码丢失或被盗用 Password lost or stolen",
    ]


def test_orders_for_one_line_share_one_lane(database: Database, counter: Counter, number: str) -> None:
    c.accepted(database, suspension.suspend, counter, stopping(number))
    c.accepted(database, suspension.resume, counter, stopping(number))

    orders = c.rows(database, b.effect, b.effect.c.port == "provisioning")
    assert len({row.lane for row in orders}) == 1
    assert [row.payload["order"] for row in orders][-2:] == ["suspend", "resume"]


@both
def test_a_bound_mobile_number_finds_the_account_without_a_document(
    database: Database, counter: Counter, operation: c.Operation
) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=BOUND)
    if operation is suspension.resume:
        c.suspended(database, number)

    done = c.accepted(database, operation, counter, by_phone(f"+86 {BOUND}"))

    assert done.result == {"account": number}


@both
def test_an_unbound_number_is_refused_and_counts_as_a_guess(
    database: Database, counter: Counter, operation: c.Operation
) -> None:
    outcome = c.refused(database, operation, counter, by_phone(c.mobile(1)))
    assert outcome.code == "mobile-not-bound"
    assert [row.account_id for row in c.rows(database, b.authentication_failure)] == [None]

    assert c.refused(database, operation, counter, by_phone("12345")).code == "bad-mobile"


def test_an_unbound_number_no_longer_finds_the_account(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=BOUND)
    request = Unbinding(account=number, document_number=c.document(), mobile=BOUND, confirm=("plan-voided",))
    c.accepted(database, binding.unbind, counter, request)

    assert c.refused(database, suspension.suspend, counter, by_phone()).code == "mobile-not-bound"


def test_a_number_unbound_at_the_same_moment_finds_nothing(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=BOUND)
    request = Unbinding(account=number, document_number=c.document(), mobile=BOUND, confirm=("plan-voided",))

    given_up, late = c.overtaken(
        database,
        lambda tx: binding.unbind(tx, counter, request, f.CLERK, f.NOW),
        lambda tx: suspension.suspend(tx, counter, by_phone(), f.CLERK, f.NOW),
    )

    assert isinstance(given_up, OperationAccepted)
    assert isinstance(late, OperationRefused)
    assert late.code == "mobile-not-bound"


@both
def test_somebody_elses_document_finds_nothing(
    database: Database, counter: Counter, number: str, operation: c.Operation
) -> None:
    assert c.refused(database, operation, counter, stopping(number, 2)).code == "authentication-failed"


@both
def test_neither_or_both_ways_to_find_the_account_are_bad_input(
    database: Database, counter: Counter, number: str, operation: c.Operation
) -> None:
    wrong: list[dict[str, Any]] = [
        {},
        {"account": number},
        {"document_number": c.document()},
        {"mobile": BOUND, "account": number},
        {"mobile": BOUND, "account": number, "document_number": c.document()},
    ]
    for told in wrong:
        with f.refused(database, BadInput) as tx:
            operation(tx, counter, Suspension(reason="customer-request", **told), f.CLERK, f.NOW)


@both
def test_a_reason_from_the_operations_own_list_is_required(
    database: Database, counter: Counter, number: str, operation: c.Operation
) -> None:
    with pytest.raises(ValidationError, match="reason"):
        Suspension(account=number, document_number=c.document())  # type: ignore[call-arg]
    others = "arrears-paid" if operation is suspension.suspend else "arrears"
    for wrong in (
        stopping(number, reason="holiday"),
        stopping(number, reason=others),
        stopping(number, reason="other"),
        stopping(number, reason="other", note="  "),
    ):
        with f.refused(database, BadInput) as tx:
            operation(tx, counter, wrong, f.CLERK, f.NOW)
    with f.refused(database, BadInput) as tx:
        operation(tx, counter, stopping(number, note="出差\x00"), f.CLERK, f.NOW)


def test_every_reason_of_the_lists_is_accepted(database: Database, counter: Counter, number: str) -> None:
    for reason in SUSPENSION_REASONS:
        c.accepted(database, suspension.suspend, counter, stopping(number, reason=reason, note="如客户所述"))
        assert state(database, number) == ("suspended", reason)
        settled = min(SETTLED_BY.get(reason, RESUMPTION_REASONS))
        c.accepted(database, suspension.resume, counter, stopping(number, reason=settled, note="如客户所述"))
        assert state(database, number) == ("in-service", None)


def test_a_suspension_not_asked_for_ends_by_what_settles_it_or_after_a_warning(
    database: Database, counter: Counter, number: str
) -> None:
    c.suspended(database, number, "arrears")

    warned = c.refused(database, suspension.resume, counter, stopping(number))
    assert (warned.code, "欠费停机" in warned.reason, "cause-unsettled" in warned.reason) == (
        "needs-confirmation", True, True,
    )  # fmt: skip

    done = c.accepted(database, suspension.resume, counter, stopping(number, confirm=("cause-unsettled",)))
    assert "欠费停机" in c.slip(database, done).warnings[0]

    c.suspended(database, number, "arrears")
    done = c.accepted(database, suspension.resume, counter, stopping(number, reason="arrears-paid"))
    assert not c.slip(database, done).warnings


def test_an_open_fault_brings_a_warning_before_the_service_stops(
    database: Database, counter: Counter, script: Script, number: str
) -> None:
    fault = f.fault(database, counter.rulebook, script, number)

    warned = c.refused(database, suspension.suspend, counter, stopping(number))
    assert (warned.code, fault.number in warned.reason) == ("needs-confirmation", True)

    done = c.accepted(database, suspension.suspend, counter, stopping(number, confirm=("open-fault",)))
    assert fault.number in c.slip(database, done).warnings[0]


def test_a_stopped_line_is_not_suspended_and_a_running_one_is_not_resumed(database: Database, counter: Counter) -> None:
    building = c.opened(database, counter, 3)
    for operation in (suspension.suspend, suspension.resume):
        outcome = c.refused(database, operation, counter, stopping(building, 3))
        assert (outcome.code, "装机中" in outcome.reason) == ("wrong-state", True)

    number = c.in_service(database, counter)
    assert c.refused(database, suspension.resume, counter, stopping(number)).code == "wrong-state"
    c.accepted(database, suspension.suspend, counter, stopping(number))
    again = c.refused(database, suspension.suspend, counter, stopping(number))
    assert (again.code, "停机" in again.reason) == ("wrong-state", True)

    leaving = Closure(account=number, document_number=c.document(), reason="moving")
    c.accepted(database, closure.close, counter, leaving)
    assert c.refused(database, suspension.resume, counter, stopping(number)).code == "wrong-state"


def test_two_clerks_who_suspend_a_line_at_once_suspend_it_once(
    database: Database, counter: Counter, number: str
) -> None:
    one, other = c.overtaken(
        database,
        lambda tx: suspension.suspend(tx, counter, stopping(number), f.CLERK, f.NOW),
        lambda tx: suspension.suspend(tx, counter, stopping(number, reason="arrears"), f.CLERK, f.NOW),
    )

    assert isinstance(one, OperationAccepted)
    assert isinstance(other, OperationRefused)
    assert other.code == "wrong-state"
    assert state(database, number) == ("suspended", "customer-request")


@both
def test_an_operation_repeated_under_one_key_is_done_once(
    database: Database, counter: Counter, number: str, operation: c.Operation
) -> None:
    if operation is suspension.resume:
        c.suspended(database, number)

    outcome = c.done_once(database, operation, counter, stopping(number), stopping(number, note="另一回事"))

    assert isinstance(outcome, OperationAccepted)


@both
def test_an_operation_repeated_under_one_key_is_refused_once(
    database: Database, counter: Counter, number: str, operation: c.Operation
) -> None:
    stranger = stopping(number, document_number=SecretStr("E12345678"))

    outcome = c.done_once(database, operation, counter, stranger, stopping(number))

    assert isinstance(outcome, OperationRefused)
    assert len(c.rows(database, b.authentication_failure)) == 1


@both
def test_only_a_clerk_stops_and_resumes(
    database: Database, counter: Counter, number: str, operation: c.Operation
) -> None:
    refused_roles = f.forbidden(database, lambda tx, actor: operation(tx, counter, stopping(number), actor, f.NOW))

    assert refused_roles == f.all_roles_but(Role.CLERK)

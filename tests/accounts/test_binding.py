"""9 宽带与手机号码绑定 on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from dispatch.accounts import binding
from dispatch.accounts.binding import Binding, BindingsQuery, Unbinding
from dispatch.accounts.operation import Counter, OperationAccepted, OperationRefused
from dispatch.domain.naming import masked_mobile
from dispatch.domain.roles import Role
from dispatch.errors import BadInput
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c

FIRST, SECOND, THIRD = "13900139001", "13900139002", "13900139003"
CONFIRMED = ("plan-voided",)


def to_bind(number: str, mobile: str = FIRST, n: int = 1, **changes: Any) -> Binding:
    return Binding(account=number, document_number=SecretStr(c.resident_id(n)), mobile=mobile, **changes)


def to_unbind(number: str, mobile: str = FIRST, n: int = 1, **changes: Any) -> Unbinding:
    return Unbinding(account=number, document_number=SecretStr(c.resident_id(n)), mobile=mobile, **changes)


def valid(database: Database, number: str) -> list[str]:
    account_id = c.line(database, number).id
    found = c.rows(database, b.binding, b.binding.c.account_id == account_id, b.binding.c.until.is_(None))
    return [row.mobile for row in found]


def plans(database: Database, number: str) -> list[tuple[str | None, int, str | None]]:
    """Return (plan, monthly fee, why it ended) of all the account's enrolments."""
    found = c.rows(database, b.enrolment, b.enrolment.c.account_id == c.line(database, number).id)
    return [(row.plan, row.terms["monthly_fee"], row.ended_for) for row in found]


def test_a_number_is_bound_to_an_authenticated_account_and_the_slip_says_so(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter)
    done = c.accepted(database, binding.bind, counter, to_bind(number, "139-0013-9001"))
    assert done.result == {"account": number, "bound": masked_mobile(FIRST), "unbound": None, "plan": None}
    assert valid(database, number) == [FIRST]
    (change,) = c.slip(database, done).changes
    assert (change.label.zh, change.before, change.after) == ("绑定手机号码", "", "139****9001")
    ((port, message),) = c.effects(database, done)
    assert (port, message["mobile"]) == ("sms", c.mobile())
    assert FIRST not in message["text"]


def test_several_numbers_may_be_bound_to_one_account_also_while_it_is_built_or_suspended(
    database: Database, counter: Counter
) -> None:
    number = c.opened(database, counter)
    c.accepted(database, binding.bind, counter, to_bind(number))
    other = c.in_service(database, counter, 2)
    c.suspended(database, other)
    c.accepted(database, binding.bind, counter, to_bind(other, SECOND, 2))
    c.accepted(database, binding.bind, counter, to_bind(other, THIRD, 2))
    assert (valid(database, number), valid(database, other)) == ([FIRST], [SECOND, THIRD])


def test_a_bound_number_is_refused_on_its_own_account_and_on_another(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    c.accepted(database, binding.bind, counter, to_bind(number))
    assert c.refused(database, binding.bind, counter, to_bind(number)).code == "already-bound"
    replaced_by_itself = to_bind(number, instead_of=FIRST)
    assert c.refused(database, binding.bind, counter, replaced_by_itself).code == "already-bound"
    other = c.in_service(database, counter, 2)
    assert c.refused(database, binding.bind, counter, to_bind(other, n=2)).code == "mobile-taken"


def test_an_unbound_number_is_free_and_its_time_is_recorded(database: Database, counter: Counter) -> None:
    number, other = (c.in_service(database, counter, n) for n in (1, 2))
    bound = c.accepted(database, binding.bind, counter, to_bind(number))
    later = f.NOW + timedelta(days=3)
    gone = c.accepted(database, binding.unbind, counter, to_unbind(number), now=later)
    assert gone.result == {"account": number, "bound": None, "unbound": masked_mobile(FIRST), "plan": None}
    c.accepted(database, binding.bind, counter, to_bind(other, n=2), now=later)
    (was, now_is) = c.rows(database, b.binding)
    assert (was.from_at, was.until, was.added_by, was.ended_by) == (f.NOW, later, bound.operation_id, gone.operation_id)
    assert (now_is.from_at, now_is.until) == (later, None)


def test_a_number_is_replaced_in_one_operation(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    c.accepted(database, binding.bind, counter, to_bind(number))
    done = c.accepted(database, binding.bind, counter, to_bind(number, SECOND, instead_of=FIRST))
    assert valid(database, number) == [SECOND]
    (change,) = c.slip(database, done).changes
    assert (change.before, change.after) == ("139****9001", "139****9002")


def test_a_number_that_is_not_bound_to_the_account_cannot_be_given_up_or_replaced(
    database: Database, counter: Counter
) -> None:
    number, other = (c.in_service(database, counter, n) for n in (1, 2))
    c.accepted(database, binding.bind, counter, to_bind(other, n=2))
    for mobile in (FIRST, SECOND):
        assert c.refused(database, binding.unbind, counter, to_unbind(number, mobile)).code == "not-bound"
        replacing = to_bind(number, THIRD, instead_of=mobile)
        assert c.refused(database, binding.bind, counter, replacing).code == "not-bound"
    assert valid(database, other) == [FIRST]


def test_an_invalid_mobile_number_is_refused(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    for request in (to_bind(number, "02085551234"), to_bind(number, instead_of="x")):
        assert c.refused(database, binding.bind, counter, request).code == "bad-mobile"
    assert c.refused(database, binding.unbind, counter, to_unbind(number, "1")).code == "bad-mobile"
    for query in (BindingsQuery(mobile="1"), BindingsQuery(mobile="")):
        assert c.refused(database, binding.bindings, counter, query).code == "bad-mobile"


def test_somebody_elses_document_neither_binds_nor_unbinds(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    c.accepted(database, binding.bind, counter, to_bind(number))
    assert c.refused(database, binding.bind, counter, to_bind(number, SECOND, 2)).code == "authentication-failed"
    assert c.refused(database, binding.unbind, counter, to_unbind(number, n=2)).code == "authentication-failed"


@pytest.mark.parametrize("replaced", [False, True])
def test_unbinding_the_number_that_carries_the_plan_brings_a_warning_and_once_confirmed_voids_the_plan(
    database: Database, counter: Counter, replaced: bool
) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=FIRST)

    def give_up(**confirmation: Any) -> tuple[Any, Any]:
        if replaced:
            return binding.bind, to_bind(number, SECOND, instead_of=FIRST, **confirmation)
        return binding.unbind, to_unbind(number, **confirmation)

    operation, request = give_up()
    refused = c.refused(database, operation, counter, request)
    assert refused.code == "needs-confirmation"
    for told in ("139****9001", "套餐family-500", "失效", "改按套餐home-300，60.00元/月", "plan-voided"):
        assert told in refused.reason
    operation, request = give_up(confirm=CONFIRMED)
    done = c.accepted(database, operation, counter, request)
    assert valid(database, number) == ([SECOND] if replaced else [])
    assert plans(database, number) == [("family-500", 30_00, "voided"), ("home-300", 60_00, None)]
    slip = c.slip(database, done)
    assert [change.label.zh for change in slip.changes] == ["绑定手机号码", "营销案"]
    assert slip.changes[1].before.startswith("套餐family-500")
    assert "60.00" in slip.changes[1].after
    assert "失效" in slip.warnings[0]
    (port, order), (_sms, message) = c.effects(database, done)
    assert (port, order["order"], order["speed"]) == ("provisioning", "speed", 300)
    assert "已失效，改按套餐home-300，60.00元/月" in message["text"]


def test_a_plan_without_a_fallback_becomes_a_monthly_fee_at_the_same_speed(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter, plan="card-300", mobile=FIRST)
    done = c.accepted(database, binding.unbind, counter, to_unbind(number, confirm=CONFIRMED))
    assert plans(database, number) == [("card-300", 0, "voided"), (None, 60_00, None)]
    assert [port for port, _ in c.effects(database, done)] == ["sms"]
    assert c.rows(database, b.enrolment)[-1].terms["speed"] == 300


def test_while_the_line_is_built_a_voided_plan_sends_the_network_nothing(database: Database, counter: Counter) -> None:
    number = c.opened(database, counter, plan="family-500", mobile=FIRST)
    done = c.accepted(database, binding.unbind, counter, to_unbind(number, confirm=CONFIRMED))
    assert plans(database, number)[-1] == ("home-300", 60_00, None)
    assert [port for port, _ in c.effects(database, done)] == ["sms"]


def test_a_number_that_carries_no_plan_is_bound_and_unbound_without_a_warning(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=FIRST)
    c.accepted(database, binding.bind, counter, to_bind(number, SECOND))
    c.accepted(database, binding.unbind, counter, to_unbind(number, SECOND))
    assert plans(database, number) == [("family-500", 30_00, None)]


def listed(database: Database, counter: Counter, query: BindingsQuery) -> list[dict[str, Any]]:
    found = c.accepted(database, binding.bindings, counter, query).result["bindings"]
    assert isinstance(found, list)
    return found


def test_bindings_are_queried_by_account_or_number_and_shown_masked(database: Database, counter: Counter) -> None:
    number, other = (c.in_service(database, counter, n) for n in (1, 2))
    bound = c.accepted(database, binding.bind, counter, to_bind(number))
    c.accepted(database, binding.bind, counter, to_bind(number, SECOND))
    gone = c.accepted(database, binding.unbind, counter, to_unbind(number))
    again = c.accepted(database, binding.bind, counter, to_bind(other, n=2))
    found = c.accepted(database, binding.bindings, counter, BindingsQuery(account=number))
    assert found.slip is None
    first = {
        "account": number,
        "mobile": masked_mobile(FIRST),
        "accepted_at": "2026-03-02T08:00:00Z",
        "ended_at": "2026-03-02T08:00:00Z",
        "bound_by": bound.slip,
        "unbound_by": gone.slip,
    }
    rows = listed(database, counter, BindingsQuery(account=number))
    assert [row["mobile"] for row in rows] == [masked_mobile(SECOND), masked_mobile(FIRST)]
    assert rows[1] == first
    by_number = listed(database, counter, BindingsQuery(mobile=FIRST))
    assert [row["bound_by"] for row in by_number] == [again.slip, bound.slip]
    assert FIRST not in str(f.dump(database)["operation"])


def test_the_time_range_counts_whole_days_of_acceptance_in_china(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    last_minute = f.NOW.replace(hour=15, minute=59)  # 23:59 of 2 March in China
    c.accepted(database, binding.bind, counter, to_bind(number), now=last_minute)
    c.accepted(database, binding.bind, counter, to_bind(number, SECOND), now=last_minute + timedelta(minutes=1))

    def found(since: date | None, until: date | None) -> list[str]:
        query = BindingsQuery(account=number, since=since, until=until)
        return [row["mobile"] for row in listed(database, counter, query)]

    second, third = date(2026, 3, 2), date(2026, 3, 3)
    assert found(second, second) == [masked_mobile(FIRST)]
    assert found(third, third) == [masked_mobile(SECOND)]
    assert found(second, third) == found(None, None) == [masked_mobile(SECOND), masked_mobile(FIRST)]
    assert found(third + timedelta(days=1), None) == found(None, date(2026, 3, 1)) == []


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"account": "kd0000000001", "mobile": FIRST},
        {"mobile": FIRST, "since": date(2026, 3, 2), "until": date(2026, 3, 1)},
        {"account": "no account's name"},
    ],
)
def test_an_unclear_query_is_bad_input_and_leaves_no_trace(
    database: Database, counter: Counter, query: dict[str, Any]
) -> None:
    with f.refused(database, BadInput) as tx:
        binding.bindings(tx, counter, BindingsQuery(**query), f.CLERK, f.NOW)


def test_a_day_beyond_the_calendar_is_refused() -> None:
    for day in (date.min, date.max):
        with pytest.raises(ValueError, match="since"):
            BindingsQuery(mobile=FIRST, since=day)


def test_a_repeated_request_binds_once(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    for request, operation in (
        (to_bind(number, request_key="k1"), binding.bind),
        (to_unbind(number, request_key="k2"), binding.unbind),
    ):
        first = c.accepted(database, operation, counter, request)
        before = f.dump(database)
        again = c.accepted(database, operation, counter, request)
        assert (again.repeated, again.slip, again.result) == (True, first.slip, first.result)
        assert f.dump(database) == before
    c.accepted(database, binding.bind, counter, to_bind(number))
    query = BindingsQuery(account=number, request_key="k3")
    first = c.accepted(database, binding.bindings, counter, query)
    assert c.accepted(database, binding.bindings, counter, query).result == first.result


def test_only_a_clerk_binds_unbinds_and_queries(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=SECOND)
    for operation, request in (
        (binding.bind, to_bind(number)),
        (binding.unbind, to_unbind(number, SECOND, confirm=CONFIRMED)),
        (binding.bindings, BindingsQuery(account=number)),
    ):
        may_not = f.forbidden(database, c.by(operation, counter, request))
        assert may_not == f.all_roles_but(Role.CLERK)


def test_one_number_bound_by_two_accounts_at_once_goes_to_one(database: Database, counter: Counter) -> None:
    requests = [to_bind(c.in_service(database, counter, n), n=n) for n in (1, 2)]
    requests = [c.proved(database, binding.bind, counter, each) for each in requests]
    first, second = (lambda tx, r=r: binding.bind(tx, counter, r, f.CLERK, f.NOW) for r in requests)
    won, lost = c.overtaken(database, first, second)
    assert isinstance(won, OperationAccepted)
    assert isinstance(lost, OperationRefused)
    assert lost.code == "mobile-taken"
    assert valid(database, requests[0].account) == [FIRST]


def test_one_number_unbound_by_two_clerks_at_once_voids_the_plan_once(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile=FIRST)
    unbinding = to_unbind(number, confirm=CONFIRMED)
    replacing = to_bind(number, SECOND, instead_of=FIRST, confirm=CONFIRMED)
    replacing = c.proved(database, binding.bind, counter, replacing)
    won, lost = c.overtaken(
        database,
        lambda tx: binding.unbind(tx, counter, unbinding, f.CLERK, f.NOW),
        lambda tx: binding.bind(tx, counter, replacing, f.CLERK, f.NOW),
    )
    assert (type(won), lost.code) == (OperationAccepted, "not-bound")
    assert plans(database, number) == [("family-500", 30_00, "voided"), ("home-300", 60_00, None)]

"""7 资料查询 on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import SecretStr, ValidationError

from dispatch.accounts import binding, query, refund, renaming
from dispatch.accounts.binding import Binding
from dispatch.accounts.operation import Counter
from dispatch.accounts.query import View
from dispatch.accounts.renaming import Renaming
from dispatch.accounts.schemas import DATA, CustomerView
from dispatch.domain.roles import Actor, Role
from dispatch.errors import BadInput
from dispatch.routing.prehandling import Script
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c

EVERYTHING = tuple(DATA)
SENSITIVE: tuple[Literal["name", "document-number", "mobile"], ...] = ("name", "document-number", "mobile")


def seen(database: Database, counter: Counter, **asked: Any) -> CustomerView:
    outcome = c.accepted(database, query.view, counter, View(**asked))
    assert outcome.slip is None
    return CustomerView.model_validate_json(CustomerView.model_validate(outcome.result).model_dump_json())


def by_document(n: int = 1, **asked: Any) -> dict[str, Any]:
    return {"document_kind": "resident-id", "document_number": c.document(n), **asked}


def test_a_query_by_account_shows_the_customer_and_their_accounts_masked(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    view = seen(database, counter, account=number)
    assert view.customer is not None
    assert (view.customer.name, view.customer.mobile) == ("张*乙", "138****8001")
    assert view.customer.document_number == f"440***********{c.resident_id()[-4:]}"
    assert view.customer.document_kind.startswith("居民身份证")
    (line,) = view.accounts or ()
    assert (line.account, line.state, line.state_title) == (number, "in-service", "在用 In service")
    assert (line.address, line.olt, line.port) == ("广州市天河区体育西路1号", "OLT-1", "0/1/1")
    assert (line.contact, line.reason) == ("138****8001", None)
    assert (view.plans, view.payments, view.effects) == (None, None, None)


def test_a_query_by_document_however_typed_shows_all_the_customers_accounts_newest_first(
    database: Database, counter: Counter
) -> None:
    first = c.in_service(database, counter)
    second = c.opened(database, counter, 2, holder=c.person(1))
    c.in_service(database, counter, 3)
    typed = SecretStr(f" {c.resident_id()[:6]} {c.resident_id()[6:]} ")
    view = seen(database, counter, document_kind="resident-id", document_number=typed)
    assert [line.account for line in view.accounts or ()] == [second, first]
    assert seen(database, counter, account=first) == view


def test_only_the_chosen_kinds_of_data_are_shown(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    for chosen in EVERYTHING:
        view = seen(database, counter, account=number, show=(chosen,))
        given = {name for name, value in view if value is not None} - {"unmasked"}
        together = {"payments": {"invoices"}, "plans": {"plan_changes"}}
        assert given == {chosen} | together.get(chosen, set())


def test_every_kind_of_data_can_be_shown(database: Database, counter: Counter, script: Script) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile="13900139001")
    c.accepted(
        database, binding.bind, counter, Binding(account=number, document_number=c.document(), mobile="13900139002")
    )
    fault = f.fault(database, counter.rulebook, script, number)
    view = seen(database, counter, account=number, show=EVERYTHING)
    (plan,) = view.plans or ()
    assert (plan.title, plan.speed, plan.monthly_fee) == ("套餐family-500 Plan family-500", 500, "30.00")
    assert plan.carried_by == "139****9001"
    assert [each.mobile for each in view.bindings or ()] == ["139****9002", "139****9001"]
    (payment,), (invoice,) = view.payments or (), view.invoices or ()
    assert (payment.kind, payment.amount, payment.slip) == ("charge", "100.00", "S000000001")
    assert (invoice.number, invoice.amount, invoice.slip) == ("00000001", "100.00", "S000000001")
    assert [(each.operation, each.slip) for each in view.operations or ()] == [
        ("view", None),
        ("bind", "S000000002"),
        ("open", "S000000001"),
    ]
    assert [(each.ticket, each.kind, each.team) for each in view.tickets or ()] == [
        (fault.number, "fault", "noc"),
        ("C00000001", "construction", None),
    ]
    assert {each.key for each in view.effects or ()} >= {
        *("slip/1", "invoice/1", "slip/2", "operation/2/sms"),
        *("construction/3/activate", "construction/3/sms"),
    }


def test_ended_and_suspended_accounts_are_shown_with_their_reason(database: Database, counter: Counter) -> None:
    c.closed(database, counter, c.in_service(database, counter))
    number = c.failed(database, counter, 2, holder=c.person(1))
    request = refund.Refund(account=number, password=SecretStr(c.PASSWORD), reason="no-entry", invoice="returned")
    c.accepted(database, refund.refund, counter, request)
    third = c.in_service(database, counter, 3, holder=c.person(1))
    c.suspended(database, third, "arrears")
    view = seen(database, counter, account=number, show=("accounts", "payments"))
    states = [(line.state_title[:2], line.reason and line.reason[:2]) for line in view.accounts or ()]
    assert states == [("停机", "欠费"), ("已退", "物业"), ("已销", "搬迁")]
    assert [payment.amount for payment in view.payments or () if payment.account == number] == ["-200.00", "200.00"]
    red = next(invoice for invoice in view.invoices or () if invoice.offsets)
    assert (red.amount, red.account) == ("-200.00", number)


def test_a_renamed_account_is_found_by_its_new_name_and_by_the_old_one(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    request = Renaming(account=number, document_number=c.document(), new_account="13900139000")
    c.accepted(database, renaming.rename, counter, request)
    assert [line.account for line in seen(database, counter, account="13900139000").accounts or ()] == ["13900139000"]
    assert [line.account for line in seen(database, counter, account=number).accounts or ()] == ["13900139000"]


def test_an_account_entered_without_its_holder_is_shown_alone(database: Database, counter: Counter) -> None:
    f.account(database, "GZ1")
    view = seen(database, counter, account="GZ1", show=EVERYTHING, unmask=("mobile",), reason="核对联系电话")
    assert view.customer is None
    assert [(line.account, line.contact) for line in view.accounts or ()] == [("GZ1", "13800138000")]
    (audited,) = c.rows(database, b.audit)
    assert audited.subject == f"account/{c.line(database, 'GZ1').id}/mobile"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"account": "kd0000000099"}, "no-such-customer"),
        (by_document(9), "no-such-customer"),
        (by_document(1, document_kind="temporary-resident-id"), "no-such-customer"),
        (by_document(1, document_kind="library-card"), "unknown-document-kind"),
    ],
)
def test_an_unknown_customer_is_refused(database: Database, counter: Counter, asked: dict[str, Any], code: str) -> None:
    c.in_service(database, counter)
    refused = c.refused(database, query.view, counter, View(**asked))
    assert refused.code == code
    assert c.resident_id(9) not in refused.reason


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"account": "kd0000000001", **by_document()},
        {"document_kind": "resident-id"},
        {"account": "kd0000000001", "unmask": ("name",)},
        {"account": "kd0000000001", "unmask": ("name",), "reason": "  "},
        {"account": "kd0000000001", "unmask": ("name",), "reason": "核对", "show": ("accounts",)},
    ],
)
def test_a_malformed_query_is_bad_input_and_leaves_no_trace(
    database: Database, counter: Counter, asked: dict[str, Any]
) -> None:
    c.in_service(database, counter)
    with f.refused(database, BadInput) as tx:
        query.view(tx, counter, View(**asked), f.CLERK, f.NOW)


def test_unknown_kinds_of_data_and_unknown_fields_are_refused() -> None:
    for asked in ({"show": ()}, {"show": ("passwords",)}, {"unmask": ("password",)}):
        with pytest.raises(ValidationError):
            View(account="kd0000000001", **asked)


def test_unmasked_fields_are_shown_in_clear_and_each_is_in_the_audit_trail(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter)
    view = seen(database, counter, account=number, unmask=SENSITIVE, reason="客户来电核对身份")
    assert view.customer is not None
    clear = ("张㛃乙", c.resident_id(), c.mobile())
    assert (view.customer.name, view.customer.document_number, view.customer.mobile) == clear
    assert view.unmasked == SENSITIVE
    assert [line.contact for line in view.accounts or ()] == [c.mobile()]
    audited = c.rows(database, b.audit)
    customer_id = c.line(database, number).customer_id
    assert [row.subject for row in audited] == [f"customer/{customer_id}/{field}" for field in SENSITIVE]
    for row in audited:
        assert (row.actor, row.role, row.at) == (f.CLERK.name, f.CLERK.role, f.NOW)
        assert (row.act, row.reason) == ("unmask", "客户来电核对身份")


def test_unmasking_one_field_leaves_the_others_masked(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    view = seen(database, counter, account=number, unmask=("name",), reason="核对")
    assert view.customer is not None
    assert (view.customer.name, view.customer.mobile) == ("张㛃乙", "138****8001")
    assert c.resident_id() not in view.model_dump_json()
    assert len(c.rows(database, b.audit)) == 1


def test_the_data_shown_are_kept_neither_with_the_operation_nor_in_the_audit_trail(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter)
    seen(database, counter, show=EVERYTHING, unmask=SENSITIVE, reason="核对", **by_document())
    books = f.dump(database)
    kept = str(books["operation"]) + str(books["audit"])
    for value in ("张㛃乙", c.resident_id(), c.mobile()):
        assert value not in kept
    assert c.resident_id() not in str(books)
    assert str(c.line(database, number).password) not in str(seen(database, counter, account=number, show=EVERYTHING))


def test_a_query_changes_nothing_but_its_own_record(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    before = f.dump(database)
    seen(database, counter, account=number, show=EVERYTHING)
    after = f.dump(database)
    assert {name for name in after if after[name] != before[name]} == {"operation"}


def test_a_repeated_query_is_one_operation_and_every_look_is_audited(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    request = View(account=number, unmask=("mobile",), reason="核对", request_key="k1")
    first = c.accepted(database, query.view, counter, request)
    again = c.accepted(database, query.view, counter, request)
    assert (again.repeated, again.operation_id, again.result) == (True, first.operation_id, first.result)
    assert len(c.rows(database, b.audit)) == 2


def test_the_audit_trail_can_only_grow(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    seen(database, counter, account=number, unmask=("mobile",), reason="核对")
    for statement in (b.audit.delete(), b.audit.update().values(reason="x")):
        with pytest.raises(Exception, match="append-only"), database.write() as tx:
            tx.execute(statement)


def test_the_hotline_and_community_managers_see_a_customer_masked_and_every_look_is_audited(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter)
    manager = Actor("hou", Role.COMMUNITY_MANAGER)
    for actor in (f.AGENT_10086, manager):
        told = c.accepted(database, query.view, counter, View(account=number), actor=actor)
        assert c.resident_id() not in str(told.result)
        assert c.mobile() not in str(told.result)
    trail = [(row.actor, row.act, row.subject) for row in c.rows(database, b.audit)]
    assert trail == [(actor.name, "view", "customer/1") for actor in (f.AGENT_10086, manager)]


def test_only_a_clerk_sees_data_in_clear(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    masked, clear = View(account=number), View(account=number, unmask=SENSITIVE, reason="核对")
    may_not = f.forbidden(database, lambda tx, actor: query.view(tx, counter, masked, actor, f.NOW))
    assert may_not == f.all_roles_but(Role.CLERK, Role.COMMUNITY_MANAGER, Role.AGENT_10086)
    may_not = f.forbidden(database, lambda tx, actor: query.view(tx, counter, clear, actor, f.NOW))
    assert may_not == f.all_roles_but(Role.CLERK)


def test_a_customer_is_found_by_the_number_alone(database: Database, counter: Counter) -> None:
    c.in_service(database, counter)

    view = seen(database, counter, document_number=c.document())

    assert view.customer is not None
    assert view.customer.document_kind.startswith("居民身份证")


def test_the_kind_is_asked_only_where_two_have_that_number(database: Database, counter: Counter) -> None:
    c.in_service(database, counter)
    other = c.person(2, document_kind="temporary-resident-id", document_number=c.document(1))
    number = c.in_service(database, counter, 2, holder=other)

    outcome = c.refused(database, query.view, counter, View(document_number=c.document()))

    assert outcome.code == "document-kind-needed"
    assert (
        outcome.said.zh == "该号码登记在多个证件下（居民身份证、临时居民身份证），请选择证件类型；护照请选择签发国家。"
    )
    view = seen(database, counter, document_kind="temporary-resident-id", document_number=c.document())
    assert [line.account for line in view.accounts or ()] == [number]

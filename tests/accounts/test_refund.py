"""10 退单退费 on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import event

from dispatch.accounts import opening, refund
from dispatch.accounts.billing import Paid
from dispatch.accounts.invoices_back import papers_of
from dispatch.accounts.operation import Counter, OperationAccepted, OperationOutcome, OperationRefused
from dispatch.accounts.refund import Appointment, Contact, Refund
from dispatch.domain.outlet_hours import read_hours
from dispatch.domain.roles import Role
from dispatch.domain.ticket import TicketState
from dispatch.domain.title import WrongValue
from dispatch.errors import BadInput
from dispatch.slips.forms import InvoiceMention
from dispatch.storage import hops
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables import accounts as b
from dispatch.tickets import construction
from tests import factories as f
from tests.accounts import factories as c

MANAGER = (f.MANAGER.name, f.MANAGER.role)
AFTERNOON = datetime(2026, 3, 4, 15, 30, tzinfo=timezone(timedelta(hours=8)))


def refund_of(number: str, **changes: Any) -> Refund:
    told = {"account": number, "password": SecretStr(c.PASSWORD), "reason": "no-way-for-cable", "invoice": "returned"}
    return Refund(**{**told, **changes})


def order(database: Database, number: str) -> str:
    return f"C{c.order_of(database, number):08d}"


def listed(database: Database) -> list[refund.FailedOrder]:
    with database.read() as tx:
        return refund.failed_orders(tx, 10)


def test_the_list_shows_the_failed_orders_alone_with_the_customer_masked(database: Database, counter: Counter) -> None:
    c.opened(database, counter)
    c.in_service(database, counter, 2)
    number = c.failed(database, counter, 3)
    (found,) = listed(database)
    assert (found.order, found.account, found.area) == (order(database, number), number, "tianhe")
    assert (found.customer, found.mobile) == ("张*丁", "138****8003")
    assert found.address == "广州市天河区体育西路3号"
    assert found.cause.startswith("无法布线")
    assert (found.failed_at, found.appointment) == (f.NOW, None)


def test_an_order_that_could_not_be_provisioned_is_listed_with_its_reason(database: Database, counter: Counter) -> None:
    c.opened(database, counter)
    with database.write() as tx:
        (sending,) = hops.take_due(tx, f.NOW, f.LEASE, 10, ["provisioning"])
        taken = hops.lock_received(tx, hops.receive(tx, [sending.pair], f.NOW, f.LEASE))
        construction.end_provisioned(tx, counter.rulebook, taken, {sending.id: "port-full"}, f.NOW)
    assert [each.cause for each in listed(database)] == ["port-full"]


def test_showing_the_customers_number_for_the_call_is_audited(database: Database, counter: Counter) -> None:
    number = c.failed(database, counter)
    wanted = order(database, number)
    shown = c.accepted(database, refund.contact, counter, Contact(order=wanted), actor=f.MANAGER)
    assert shown.result == {"order": wanted, "mobile": c.mobile()}
    (audited,) = c.rows(database, b.audit)
    subject = f"customer/{c.line(database, number).customer_id}/mobile"
    assert (audited.actor, audited.role, audited.act, audited.subject) == (*MANAGER, "unmask", subject)
    assert wanted in audited.reason
    assert c.mobile() not in str(f.dump(database)["operation"]) + str(f.dump(database)["audit"])


def test_an_appointment_is_on_the_orders_record_and_the_customer_is_told_when_where_and_why(
    database: Database, counter: Counter
) -> None:
    number = c.failed(database, counter)
    asked = Appointment(order=order(database, number), at=AFTERNOON, note="下午来")
    done = c.accepted(database, refund.appoint, counter, asked, actor=f.MANAGER)
    assert done.slip is None
    assert done.result == {"order": asked.order, "at": "2026-03-04T15:30+08:00"}
    entry = f.acts(database, c.order_of(database, number))[-1]
    assert (entry.act, entry.actor, entry.detail) == (
        "appoint",
        f.MANAGER.name,
        {"appointed_for": "2026-03-04T15:30+08:00", "note": "下午来"},
    )
    ((port, message),) = c.effects(database, done)
    assert (port, message["mobile"]) == ("sms", c.mobile())
    for told in (asked.order, "3月4日15:30", "天河营业厅", "退单退费", "无法布线", "发票"):
        assert told in message["text"]
    assert [each.appointment for each in listed(database)] == [AFTERNOON]


def test_another_appointment_replaces_the_first_and_both_stay_on_record(database: Database, counter: Counter) -> None:
    number = c.failed(database, counter)
    for days in (1, 2):
        later = Appointment(order=order(database, number), at=AFTERNOON + timedelta(days=days))
        c.accepted(database, refund.appoint, counter, later)
    assert [each.appointment for each in listed(database)] == [AFTERNOON + timedelta(days=2)]
    acts = [entry.act for entry in f.acts(database, c.order_of(database, number))]
    assert acts.count("appoint") == 2


def test_an_appointment_in_the_past_or_a_year_from_now_is_refused(database: Database, counter: Counter) -> None:
    wanted = order(database, c.failed(database, counter))
    for at in (f.NOW, f.NOW + timedelta(days=31), datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        asked = Appointment(order=wanted, at=at)
        assert c.refused(database, refund.appoint, counter, asked).code == "bad-appointment"


def test_a_customer_is_appointed_in_the_outlets_hours(database: Database, counter: Counter) -> None:
    wanted = order(database, c.failed(database, counter))
    for hour, minute in ((8, 59), (18, 0), (23, 30)):
        asked = Appointment(order=wanted, at=AFTERNOON.replace(hour=hour, minute=minute))
        outcome = c.refused(database, refund.appoint, counter, asked)
        assert (outcome.code, "09:00-18:00" in outcome.reason) == ("bad-appointment", True)
    late = replace(counter, hours=read_hours("12:00-21:00"))
    c.refused(database, refund.appoint, late, Appointment(order=wanted, at=AFTERNOON.replace(hour=11)))
    for at in (AFTERNOON.replace(hour=12, minute=0), AFTERNOON.replace(hour=20, minute=59)):
        c.accepted(database, refund.appoint, late, Appointment(order=wanted, at=at))


@pytest.mark.parametrize("text", ["9:00-18:00", "09:00-09:00", "18:00-09:00", "09:00-24:00", "", "09:00 18:00"])
def test_hours_that_are_no_hours_are_refused(text: str) -> None:
    with pytest.raises(WrongValue):
        read_hours(text)


def test_a_refund_pays_back_as_paid_takes_the_invoice_back_and_frees_everything(
    database: Database, counter: Counter
) -> None:
    paid = Paid(method="card", amount="200.00", reference="POS-77")
    number = c.failed(database, counter, payment=paid, mobile="13900139001")
    before = c.line(database, number)
    done = c.accepted(database, refund.refund, counter, refund_of(number))

    line = c.line(database, number)
    assert (line.state, line.ended_for, line.ended_at) == ("cancelled", "no-way-for-cable", f.NOW)
    charge, back = c.rows(database, b.payment)
    assert (back.kind, back.refunds, back.method, back.amount) == ("refund", charge.id, "card", 200_00)
    assert back.reference == "POS-77"
    black, red = c.rows(database, b.invoice)
    assert (red.amount, red.offsets, red.operation_id) == (-200_00, black.number, done.operation_id)
    (port,) = c.rows(database, b.pon_port, b.pon_port.c.id == before.pon_port_id)
    (bound,) = c.rows(database, b.binding)
    (enrolment,) = c.rows(database, b.enrolment)
    assert (port.used, bound.until, enrolment.ended_for) == (0, f.NOW, "cancelled")
    assert done.result == {
        "account": number,
        "order": order(database, number),
        "paid_back": "200.00",
        "red_letters": [f"{red.number:08d}"],
    }
    assert c.printed(database, done) == [f"invoice/{red.number}", f"slip/{done.operation_id}"]
    assert listed(database) == []


@pytest.mark.parametrize(
    ("paper", "said"),
    [("returned", "已收回原件"), ("lost", "客户声明遗失"), ("electronic", "电子发票，无须收回")],
)
def test_the_invoice_is_returned_lost_or_electronic_as_the_customer_says_and_so_says_the_slip(
    database: Database, counter: Counter, paper: str, said: str
) -> None:
    number = c.failed(database, counter)
    scans = (c.scan("invoice-loss-statement"),) if paper == "lost" else ()
    done = c.accepted(database, refund.refund, counter, refund_of(number, invoice=paper, scans=scans))
    (line,) = c.slip(database, done).sections[1].lines
    assert (line.label.zh, line.value.partition(" ")[0], said in line.value) == ("发票", "00000001", True)
    assert [row.kind for row in c.rows(database, b.kept_document)] == [each.kind for each in scans]


def test_a_lost_invoice_needs_the_customers_statement(database: Database, counter: Counter) -> None:
    number = c.failed(database, counter)
    refused = c.refused(database, refund.refund, counter, refund_of(number, invoice="lost"))
    assert refused.code == "documents-missing"
    assert "发票遗失声明" in refused.reason


@pytest.mark.parametrize(
    ("said", "message"),
    [({"invoice": None}, "00000001"), ({"lost_invoices": ("00000009",)}, "00000009"), ({"lost_invoices": ("x",)}, "x")],
)
def test_the_slip_claims_nothing_of_an_invoice_that_was_not_asked(
    database: Database, counter: Counter, said: dict[str, Any], message: str
) -> None:
    number = c.failed(database, counter)
    before = f.dump(database)
    with pytest.raises(BadInput, match=message), database.write() as tx:
        refund.refund(tx, counter, refund_of(number, **said), f.CLERK, f.NOW)
    assert f.dump(database) == before


def test_of_several_invoices_some_may_be_lost() -> None:
    mentions = [InvoiceMention("00000001"), InvoiceMention("00000002")]
    assert papers_of(mentions, "returned", ["2"]) == {"00000001": "returned", "00000002": "lost"}
    assert papers_of(mentions, None, ["1", "2"]) == {"00000001": "lost", "00000002": "lost"}
    assert papers_of([], None, []) == {}


def test_the_slip_says_why_what_was_paid_back_and_which_invoice_offsets_which(
    database: Database, counter: Counter
) -> None:
    number = c.failed(database, counter)
    done = c.accepted(database, refund.refund, counter, refund_of(number, reason="other", note="等不及"))
    slip = c.slip(database, done)
    told = {line.label.zh: line.value for line in slip.sections[0].lines}
    assert told == {"施工单": order(database, number), "退单原因": "其他 Other", "说明": "等不及"}
    assert slip.payment is not None
    assert (slip.payment.total, slip.payment.method.zh) == (-200_00, "现金")
    assert slip.invoice is not None
    assert (slip.invoice.number, slip.invoice.taken_back, slip.invoice.red_letter) == ("00000001", False, "00000002")


def test_the_network_removes_the_line_and_the_customer_is_told(database: Database, counter: Counter) -> None:
    number = c.failed(database, counter)
    done = c.accepted(database, refund.refund, counter, refund_of(number))
    (port, removal), (sms, message) = c.effects(database, done)
    assert (port, removal["order"], removal["number"]) == ("provisioning", "remove", number)
    assert (sms, message["mobile"]) == ("sms", c.mobile())
    assert "无法布线" in message["text"]
    assert "200.00" in message["text"]


def test_a_refunded_order_is_archived_with_its_finding_and_closed(database: Database, counter: Counter) -> None:
    number = c.failed(database, counter)
    c.accepted(database, refund.refund, counter, refund_of(number), actor=f.MANAGER)
    f.work(database, counter.rulebook)
    ticket_id = c.order_of(database, number)
    assert f.ticket(database, ticket_id).state == TicketState.CLOSED
    journey = f.journey(database, ticket_id)
    assert [(hop.team, hop.finding) for hop in journey][2:] == [("refund-desk", "refunded"), ("archive", "filed")]
    ended = next(entry for entry in f.acts(database, ticket_id) if entry.detail.get("finding") == "refunded")
    assert (ended.actor, ended.role) == MANAGER


def test_the_address_can_be_opened_anew_after_the_refund(database: Database, counter: Counter) -> None:
    c.accepted(database, refund.refund, counter, refund_of(c.failed(database, counter)))
    assert c.line(database, c.opened(database, counter)).state == "installing"


def test_an_order_for_which_nothing_was_paid_is_refunded_nothing(database: Database, counter: Counter) -> None:
    number = c.failed(database, counter, plan="card-300", mobile="13900139001")
    done = c.accepted(database, refund.refund, counter, refund_of(number))
    assert (done.result["paid_back"], done.result["red_letters"]) == ("0.00", [])
    slip = c.slip(database, done)
    assert (slip.payment, slip.invoice) == (None, None)
    assert c.printed(database, done) == [f"slip/{done.operation_id}"]


def test_a_refunded_order_is_not_refunded_again(database: Database, counter: Counter) -> None:
    number = c.failed(database, counter)
    wanted = order(database, number)
    c.accepted(database, refund.refund, counter, refund_of(number))
    again = c.refused(database, refund.refund, counter, refund_of(number))
    assert again.code == "wrong-state"
    assert "已退单" in again.reason
    for operation, request in (
        (refund.contact, Contact(order=wanted)),
        (refund.appoint, Appointment(order=wanted, at=AFTERNOON)),
    ):
        assert c.refused(database, operation, counter, request).code == "order-not-failed"


def test_an_order_that_has_not_failed_is_refused_with_its_number(database: Database, counter: Counter) -> None:
    number = c.opened(database, counter)
    for step in range(3):  # with the network department, with the builders, built and about to be activated
        if step == 1:
            f.work(database, counter.rulebook)
        if step == 2:
            made = c.order_of(database, number)
            f.reported(database, counter.rulebook, made, f.BUILDER, "installed", f.NOW, **f.INSTALLED)
        refused = c.refused(database, refund.refund, counter, refund_of(number))
        assert refused.code == "order-not-failed"
        assert order(database, number) in refused.reason
    for wanted in (order(database, number), "C99999999"):
        assert c.refused(database, refund.contact, counter, Contact(order=wanted)).code == "order-not-failed"


def test_an_account_in_service_or_suspended_is_closed_and_not_cancelled(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    assert c.refused(database, refund.refund, counter, refund_of(number)).code == "wrong-state"
    c.suspended(database, number)
    assert c.refused(database, refund.refund, counter, refund_of(number)).code == "wrong-state"


def test_a_wrong_password_refunds_nothing_and_is_counted(database: Database, counter: Counter) -> None:
    number = c.failed(database, counter)
    for wrong in ("not-it", c.resident_id()):
        request = refund_of(number, password=SecretStr(wrong))
        assert c.refused(database, refund.refund, counter, request).code == "authentication-failed"
    assert len(c.rows(database, b.authentication_failure)) == 2


@pytest.mark.parametrize("reason", [{"reason": "moving"}, {"reason": "other"}, {"reason": "other", "note": "  "}])
def test_an_empty_reason_is_bad_input(database: Database, counter: Counter, reason: dict[str, str]) -> None:
    number = c.failed(database, counter)
    with f.refused(database, BadInput) as tx:
        refund.refund(tx, counter, refund_of(number, **reason), f.CLERK, f.NOW)


def test_an_invalid_order_number_is_bad_input(database: Database, counter: Counter) -> None:
    with f.refused(database, BadInput) as tx:
        refund.contact(tx, counter, Contact(order="order of Mr Zhang"), f.CLERK, f.NOW)


def test_a_repeated_request_pays_back_once(database: Database, counter: Counter) -> None:
    number = c.failed(database, counter)
    asked = Appointment(order=order(database, number), at=AFTERNOON, request_key="k1")
    for request, operation in ((asked, refund.appoint), (refund_of(number, request_key="k2"), refund.refund)):
        first = c.accepted(database, operation, counter, request)
        before = f.dump(database)
        again = c.accepted(database, operation, counter, request)
        assert (again.repeated, again.slip, again.result) == (True, first.slip, first.result)
        assert f.dump(database) == before


def test_showing_a_number_again_is_audited_again(database: Database, counter: Counter) -> None:
    wanted = Contact(order=order(database, c.failed(database, counter)), request_key="k1")
    for actor in (f.CLERK, f.MANAGER):
        assert c.accepted(database, refund.contact, counter, wanted, actor=actor).result["mobile"] == c.mobile()
    assert [row.actor for row in c.rows(database, b.audit)] == [f.CLERK.name, f.MANAGER.name]


def test_only_clerks_and_community_managers_refund(database: Database, counter: Counter) -> None:
    number = c.failed(database, counter)
    wanted = order(database, number)
    for operation, request in (
        (refund.contact, Contact(order=wanted)),
        (refund.appoint, Appointment(order=wanted, at=AFTERNOON)),
        (refund.refund, refund_of(number)),
    ):
        may_not = f.forbidden(database, c.by(operation, counter, request))
        assert may_not == f.all_roles_but(Role.CLERK, Role.COMMUNITY_MANAGER)


def test_two_refunds_of_one_order_at_once_pay_once_and_tell_the_second_that_it_is_done(
    database: Database, counter: Counter
) -> None:
    number = c.failed(database, counter)

    def pay(actor: Any) -> Any:
        return lambda tx: refund.refund(tx, counter, refund_of(number), actor, f.NOW)

    won, lost = c.overtaken(database, pay(f.CLERK), pay(f.MANAGER))
    assert isinstance(won, OperationAccepted)
    assert isinstance(lost, OperationRefused)
    assert lost.code == "wrong-state"
    assert [row.kind for row in c.rows(database, b.payment)] == ["charge", "refund"]
    assert len(c.rows(database, b.authentication_failure)) == 0


def test_a_line_activated_at_the_same_moment_is_not_refunded(database: Database, counter: Counter) -> None:
    number = c.opened(database, counter)
    made = c.order_of(database, number)
    f.reported(database, counter.rulebook, made, f.BUILDER, "installed", f.NOW, **f.INSTALLED)
    with database.write() as tx:
        (sending,) = hops.take_due(tx, f.NOW, f.LEASE, 10, ["activation"])
        pairs = hops.receive(tx, [sending.pair], f.NOW, f.LEASE)

    def activate(tx: Tx) -> OperationOutcome:
        construction.activate(tx, counter.rulebook, hops.lock_received(tx, pairs), f.NOW)
        return None  # type: ignore[return-value]

    _, lost = c.overtaken(database, activate, lambda tx: refund.refund(tx, counter, refund_of(number), f.CLERK, f.NOW))
    assert (lost.code, c.line(database, number).state) == ("wrong-state", "in-service")
    assert [row.kind for row in c.rows(database, b.payment)] == ["charge"]


def test_an_appointment_made_while_the_order_is_refunded_is_refused(database: Database, counter: Counter) -> None:
    number = c.failed(database, counter)
    asked = Appointment(order=order(database, number), at=AFTERNOON)
    won, lost = c.overtaken(
        database,
        lambda tx: refund.refund(tx, counter, refund_of(number), f.CLERK, f.NOW),
        lambda tx: refund.appoint(tx, counter, asked, f.MANAGER, f.NOW),
    )
    assert (type(won), lost.code) == (OperationAccepted, "order-not-failed")


def test_a_refund_locks_port_and_invoice_series_in_the_order_of_an_opening_so_no_deadlock_arises(
    database: Database, counter: Counter
) -> None:
    number = c.failed(database, counter)
    c.address(database, 2)
    for operation, request in ((opening.open_account, c.application(2)), (refund.refund, refund_of(number))):
        begun: list[str] = []
        with listening(database, begun):
            c.accepted(database, operation, counter, request)
        port = next(n for n, sql in enumerate(begun) if sql.startswith("UPDATE pon_port"))
        series = next(n for n, sql in enumerate(begun) if sql.startswith("INSERT INTO number_series"))
        assert port < series


@contextmanager
def listening(database: Database, begun: list[str]) -> Iterator[None]:
    """Collect every statement begun meanwhile."""

    def listen(_connection: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        begun.append(sql)

    event.listen(database.engine, "before_cursor_execute", listen)
    yield
    event.remove(database.engine, "before_cursor_execute", listen)

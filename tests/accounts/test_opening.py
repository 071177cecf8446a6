"""1 开户: every step of its row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from stdnum.cn import ric

from dispatch.accounts import opening
from dispatch.accounts.billing import Paid
from dispatch.accounts.opening import Opening
from dispatch.accounts.operation import Counter, OperationAccepted, OperationOutcome, OperationRefused
from dispatch.domain.account import AccountState
from dispatch.domain.roles import Role
from dispatch.errors import BadInput
from dispatch.routing.address_file import CoveredAddress
from dispatch.slips.forms import InvoiceData
from dispatch.storage import customers, demands, payments, resources
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables import tickets as t
from tests import factories as f
from tests.accounts import codes
from tests.accounts import factories as c
from tests.accounts.agents import HANDLED, agent, scans

WELCOME = replace(c.PLANS.plan("home-300"), name="welcome")


def opens_now(tx: Tx, counter: Counter, request: Opening) -> OperationOutcome:
    if request.mobile is not None:
        codes.put(tx, counter, "open", request.mobile, None)
        request = request.model_copy(update={"code": codes.CODE})
    answered = c.answered(tx, opening.open_account, counter, request)
    return opening.open_account(tx, answered, request, f.CLERK, f.NOW)


def open_(database: Database, counter: Counter, request: Opening) -> OperationAccepted:
    return c.accepted(database, opening.open_account, counter, request)


def refusal(database: Database, counter: Counter, request: Opening) -> OperationRefused:
    return c.refused(database, opening.open_account, counter, request)


def sharing_a_port(database: Database, *texts: str, capacity: int = 1) -> None:
    with database.write() as tx:
        resources.enter_addresses(tx, [CoveredAddress(text, "tianhe", "OLT-9", "0/1/1", capacity) for text in texts])


def used(database: Database) -> list[int]:
    return [row.used for row in c.rows(database, b.pon_port)]


def wrong_digit(n: int = 1) -> SecretStr:
    number = c.resident_id(n)
    return SecretStr(number[:-1] + ("0" if number[-1] != "0" else "1"))


def no_such_day() -> SecretStr:
    """Return a number with a correct check digit and a birth date of 30 February."""
    body = "44010619900230001"
    return SecretStr(body + ric.calc_check_digit(body + "0"))


@pytest.fixture
def address(database: Database) -> str:
    return c.address(database)


# -- the good way ----------------------------------------------------------------------------------


def test_a_line_is_reserved_for_a_customer_registered_by_their_real_name(
    database: Database, counter: Counter, address: str
) -> None:
    done = open_(database, counter, c.application())

    account = c.line(database, str(done.result["account"]))
    assert (account.state, account.number) == (AccountState.INSTALLING, f"kd{account.id:010d}")
    assert (account.area, account.mobile, account.added_by) == ("tianhe", c.mobile(), f.CLERK.name)
    assert counter.passwords.verify(c.PASSWORD, str(account.password))
    (customer,) = c.rows(database, b.customer)
    assert account.customer_id == customer.id
    assert (customer.name, customer.document_kind, customer.document_expires) == (
        c.person().name, "resident-id", date(2036, 3, 6),
    )  # fmt: skip
    assert customers.document_number(counter.cipher, customer) == c.resident_id()
    (port,) = c.rows(database, b.pon_port)
    assert (port.id, port.used) == (account.pon_port_id, 1)


def test_the_agreed_time_stands_on_slip_order_and_message(database: Database, counter: Counter, address: str) -> None:
    tomorrow = f.NOW.date() + timedelta(days=1)
    done = open_(database, counter, c.application(day=tomorrow, part="evening"))

    said = f"{tomorrow}晚上"
    assert done.result["visit"] == {"zh": said, "en": f"{tomorrow} in the evening"}
    shown = {line.label.zh: line.value for section in c.slip(database, done).sections for line in section.lines}
    assert said in shown["上门时间"]
    (order,) = c.rows(database, t.ticket)
    assert order.description.endswith(said)
    (told,) = c.rows(database, b.message)
    assert (told.event, told.facts["window"]) == ("opened-visit", done.result["visit"])


def test_an_agreed_time_is_whole_and_within_thirty_days(database: Database, counter: Counter, address: str) -> None:
    today = f.NOW.date()
    for half in ({"day": today}, {"part": "morning"}):
        with f.refused(database, BadInput, "both its day") as tx:
            opens_now(tx, counter, c.application(**half))
    for wrong in (today - timedelta(days=1), today + timedelta(days=31)):
        assert refusal(database, counter, c.application(day=wrong, part="morning")).code == "bad-visit"
    assert used(database) == [0], "no place is taken"


def test_neither_document_nor_password_is_in_clear_anywhere_in_the_database(
    database: Database, counter: Counter, address: str
) -> None:
    open_(database, counter, c.application(request_key="a-key"))

    everything = str(f.dump(database))
    assert c.resident_id() not in everything
    assert c.PASSWORD not in everything


def test_the_customer_is_enrolled_in_the_chosen_plan(database: Database, counter: Counter, address: str) -> None:
    done = open_(database, counter, c.application(plan="family-500", mobile=f"+86 {c.mobile(7)}"))

    account = c.line(database, str(done.result["account"]))
    (enrolment,) = c.rows(database, b.enrolment)
    assert (enrolment.account_id, enrolment.plan, enrolment.mobile) == (account.id, "family-500", c.mobile(7))
    assert enrolment.terms == c.PLANS.plan("family-500").terms()
    (binding,) = c.rows(database, b.binding)
    assert (binding.account_id, binding.mobile, binding.until) == (account.id, c.mobile(7), None)


def test_the_amount_due_is_taken_and_invoiced(database: Database, counter: Counter, address: str) -> None:
    done = open_(database, counter, c.application())

    account = c.line(database, str(done.result["account"]))
    (payment,) = c.rows(database, b.payment)
    assert (payment.account_id, payment.kind, payment.method, payment.amount) == (account.id, "charge", "cash", 200_00)
    (invoice,) = c.rows(database, b.invoice)
    assert (invoice.number, invoice.account_id, invoice.amount, done.result["invoice"]) == (
        1, account.id, 200_00, "00000001",
    )  # fmt: skip
    data = InvoiceData.from_json(invoice.content)
    assert (data.buyer, data.total, data.issued_on, data.slip) == (
        c.person().name, 200_00, date(2026, 3, 2), done.slip,
    )  # fmt: skip


def test_a_card_payment_keeps_the_terminals_reference(database: Database, counter: Counter, address: str) -> None:
    paid = Paid(method="card", amount="200", reference="POS-42-007")

    done = open_(database, counter, c.application(payment=paid))

    (payment,) = c.rows(database, b.payment)
    assert (payment.method, payment.reference) == ("card", "POS-42-007")
    shown = c.slip(database, done).payment
    assert shown is not None
    assert (shown.method.zh, shown.reference) == ("刷卡", "POS-42-007")


def test_slip_and_invoice_are_printed(database: Database, counter: Counter, address: str) -> None:
    done = open_(database, counter, c.application(plan="family-500", mobile=c.mobile(7)))

    assert c.printed(database, done) == ["invoice/1", f"slip/{done.operation_id}"]
    slip = c.slip(database, done)
    assert (slip.title.zh, slip.account, slip.customer) == ("开户", done.result["account"], c.person().name)
    assert (slip.document, slip.contact) == (f"居民身份证 440***********{c.resident_id()[-4:]}", "138****8001")
    shown = {line.label.zh: line.value for section in slip.sections for line in section.lines}
    assert (shown["装机地址"], shown["施工单"]) == (address, done.result["construction"])
    assert (shown["速率"], shown["绑定手机"]) == ("500 Mbit/s", "138****8007")
    assert slip.payment is not None
    assert slip.invoice is not None
    assert (slip.payment.total, slip.invoice.number) == (100_00, "00000001")


def test_the_construction_order_begins_with_provisioning_by_the_network_department(
    database: Database, counter: Counter, address: str
) -> None:
    done = open_(database, counter, c.application())

    number = str(done.result["account"])
    order = f.ticket(database, c.order_of(database, number))
    assert (order.kind, order.state, order.account, order.area) == ("construction", "open", number, "tianhe")
    assert done.result["construction"] == f"C{order.id:08d}"
    first = f.live(database, order.id)
    assert first is not None
    assert (first.team, first.state) == ("provisioning", "due")


def test_the_shown_documents_are_kept(database: Database, counter: Counter, address: str) -> None:
    done = open_(database, counter, c.application(scans=(c.scan("owner-document"),)))

    (kept,) = c.rows(database, b.kept_document)
    assert (kept.operation_id, kept.kind, kept.media_type) == (done.operation_id, "owner-document", "image/png")


def test_an_existing_customer_opens_a_second_account(database: Database, counter: Counter, address: str) -> None:
    first = open_(database, counter, c.application())
    second_address = c.address(database, 2)
    moved = c.person(1, mobile=c.mobile(5), document_expires=None)

    second = open_(database, counter, c.application(1, address=second_address, holder=moved))

    (customer,) = c.rows(database, b.customer)
    assert (customer.mobile, customer.document_expires) == (c.mobile(5), None)
    owners = {c.line(database, str(done.result["account"])).customer_id for done in (first, second)}
    assert owners == {customer.id}


def test_a_name_of_rare_characters_is_registered_as_it_is(database: Database, counter: Counter) -> None:
    for n, name in enumerate(("张㛃", "𬭛元素", "买买提·艾力", "羊城贸易（广州）有限公司", "〇〇七")):
        c.address(database, n)
        done = open_(database, counter, c.application(n, holder=c.person(n, name=name)))
        kept = c.rows(database, b.customer)[-1].name
        assert kept == name.replace("（", "(").replace("）", ")")
        assert c.slip(database, done).customer == kept


# -- resources -------------------------------------------------------------------------------------


def test_an_address_without_coverage_has_its_demand_recorded_and_nothing_else(
    database: Database, counter: Counter
) -> None:
    where = c.address(database, capacity=0)
    before = f.dump(database)

    outcome = refusal(database, counter, c.application(plan="family-500", mobile=c.mobile(7)))  # a code was sent before

    assert (outcome.code, "需求已登记" in outcome.reason) == ("no-resources", True)
    (demand,) = c.rows(database, b.demand)
    assert (demand.area, demand.address, demand.contact, demand.mobile, demand.speed) == (
        "tianhe", where, c.person().name, c.mobile(), 500,
    )  # fmt: skip
    assert (demand.operation_id, demand.at) == (outcome.operation_id, f.NOW)
    after = f.dump(database)
    assert {name for name in after if after[name] != before[name]} == {"demand", "operation", "port_answer", "proof"}
    with database.read() as tx:
        assert [(row.area, row.wanted, row.speed) for row in demands.by_area(tx)] == [("tianhe", 1, 500)]


def test_a_full_port_takes_no_other_line(database: Database, counter: Counter) -> None:
    sharing_a_port(database, "体育东路1号", "体育东路2号")
    open_(database, counter, c.application(1, address="体育东路1号"))

    outcome = refusal(database, counter, c.application(2, address="体育东路2号"))

    assert outcome.code == "no-resources"
    assert len(c.rows(database, b.demand)) == 1
    assert used(database) == [1]


def test_the_last_place_wanted_by_two_at_once_goes_to_one_and_the_others_demand_is_recorded(
    database: Database, counter: Counter
) -> None:
    sharing_a_port(database, "体育东路1号", "体育东路2号")

    def opens(n: int) -> Any:
        request = c.application(n, address=f"体育东路{n}号")
        return lambda tx: opens_now(tx, counter, request)

    first, second = c.overtaken(database, opens(1), opens(2))

    assert isinstance(first, OperationAccepted)
    assert isinstance(second, OperationRefused)
    assert second.code == "no-resources"
    (demand,) = c.rows(database, b.demand)
    assert (demand.operation_id, demand.address) == (second.operation_id, "体育东路2号")
    assert used(database) == [1]
    assert len(c.rows(database, b.account)) == 1


def test_an_address_has_one_account_and_occupies_one_place(database: Database, counter: Counter, address: str) -> None:
    open_(database, counter, c.application())

    assert refusal(database, counter, c.application(2, address=address)).code == "address-in-use"
    assert used(database) == [1]


def test_one_address_wanted_by_two_at_once_goes_to_one(database: Database, counter: Counter, address: str) -> None:
    def opens(n: int) -> Any:
        request = c.application(n, address=address)
        return lambda tx: opens_now(tx, counter, request)

    first, second = c.overtaken(database, opens(1), opens(2))

    assert isinstance(first, OperationAccepted)
    assert isinstance(second, OperationRefused)
    assert second.code == "address-in-use"
    assert used(database) == [1]
    assert len(c.rows(database, b.customer)) == 1


def test_two_openings_for_one_new_customer_at_once_register_one_customer(
    database: Database, counter: Counter, address: str
) -> None:
    other = c.address(database, 2)

    def opens(where: str) -> Any:
        return lambda tx: opens_now(tx, counter, c.application(1, address=where))

    outcomes: list[OperationOutcome] = c.overtaken(database, opens(address), opens(other))

    assert all(isinstance(outcome, OperationAccepted) for outcome in outcomes)
    assert len(c.rows(database, b.customer)) == 1


def test_an_address_is_found_however_its_spaces_and_digits_are_typed(
    database: Database, counter: Counter, address: str
) -> None:
    open_(database, counter, c.application(address=f"　{address.replace('1', '１')} "))


# -- what is refused -------------------------------------------------------------------------------


def test_a_holders_data_that_cannot_be_true_are_refused(database: Database, counter: Counter, address: str) -> None:
    for changes, code in (
        ({"document_number": wrong_digit()}, "bad-document-number"),
        ({"document_number": SecretStr(c.resident_id()[:-1])}, "bad-document-number"),
        ({"document_number": no_such_day()}, "bad-document-number"),
        ({"document_kind": "library-card"}, "unknown-document-kind"),
        ({"document_kind": "household-register"}, "document-for-minors"),
        ({"document_kind": "passport", "document_number": SecretStr("E12345678"), "document_expires": None},
         "document-expiry-missing"),
        ({"document_expires": date(2026, 3, 1)}, "document-expired"),
        ({"name": "长" * 61}, "bad-name"),
        ({"name": "张\x07三"}, "bad-name"),
        ({"name": "张\u202e三"}, "bad-name"),
        ({"name": " "}, "bad-name"),
        ({"mobile": "1380013800"}, "bad-mobile"),
        ({"mobile": "020-85551234"}, "bad-mobile"),
    ):  # fmt: skip
        outcome = refusal(database, counter, c.application(holder=c.person(**changes)))
        assert outcome.code == code
        assert c.resident_id()[:14] not in outcome.reason


def test_a_document_is_valid_to_the_end_of_its_last_day_in_china(
    database: Database, counter: Counter, address: str
) -> None:
    open_(database, counter, c.application(holder=c.person(document_expires=date(2026, 3, 2))))


def test_only_an_address_that_can_be_one_is_recorded_as_demand(
    database: Database, counter: Counter, address: str
) -> None:
    for typed, code in (
        ("广州市天河区体育西路999号", "unknown-address"),
        ("西", "bad-address"),
        ("广州市" * 41, "bad-address"),
        (f"{address}\x00", "bad-address"),
    ):
        assert refusal(database, counter, c.application(address=typed)).code == code
    assert [row.address for row in c.rows(database, b.demand)] == ["广州市天河区体育西路999号"]


def test_a_document_registered_to_another_name_is_refused_without_telling_whose(
    database: Database, counter: Counter, address: str
) -> None:
    open_(database, counter, c.application())
    other = c.application(1, address=c.address(database, 2), holder=c.person(1, name="李四"))

    outcome = refusal(database, counter, other)

    assert outcome.code == "name-mismatch"
    assert c.person().name not in outcome.reason


def test_a_mobile_number_carries_one_account(database: Database, counter: Counter, address: str) -> None:
    open_(database, counter, c.application(plan="family-500", mobile=c.mobile(7)))
    c.address(database, 2)

    assert refusal(database, counter, c.application(2, mobile=c.mobile(7))).code == "mobile-taken"
    assert refusal(database, counter, c.application(2, mobile="12345")).code == "bad-mobile"


def test_one_number_bound_by_two_openings_at_once_goes_to_one(
    database: Database, counter: Counter, address: str
) -> None:
    c.address(database, 2)

    def opens(n: int) -> Any:
        return lambda tx: opens_now(tx, counter, c.application(n, mobile=c.mobile(7)))

    first, second = c.overtaken(database, opens(1), opens(2))

    assert isinstance(first, OperationAccepted)
    assert isinstance(second, OperationRefused)
    assert second.code == "mobile-taken"
    assert used(database) == [1, 0]


def test_any_amount_but_the_amount_due_is_refused(database: Database, counter: Counter, address: str) -> None:
    for amount in ("-200.00", "199.99", "200.01", "200.001", "２０１", "1,200", "二百", "", "0", "2e2", "1" * 30):
        outcome = refusal(database, counter, c.application(payment=Paid(method="cash", amount=amount)))
        assert outcome.code == "bad-amount"


def test_a_missing_payment_and_an_undue_one_are_refused(database: Database, counter: Counter, address: str) -> None:
    assert refusal(database, counter, c.application(payment=None)).code == "bad-amount"
    free = c.application(plan="card-300", mobile=c.mobile(7), payment=Paid(method="cash", amount="10"))
    assert refusal(database, counter, free).code == "bad-amount"

    done = open_(database, counter, c.application(plan="card-300", mobile=c.mobile(7)))
    assert done.result["invoice"] is None
    assert not c.rows(database, b.payment)


def test_a_card_payment_without_its_reference_and_cash_with_one_are_bad_input(
    database: Database, counter: Counter, address: str
) -> None:
    for paid in (
        Paid(method="card", amount="200.00"),
        Paid(method="card", amount="200.00", reference="  "),
        Paid(method="card", amount="200.00", reference="9" * 61),
        Paid(method="card", amount="200.00", reference="9\n9"),
        Paid(method="cash", amount="200.00", reference="9"),
    ):
        with f.refused(database, BadInput) as tx:
            opens_now(tx, counter, c.application(payment=paid))
    with pytest.raises(ValidationError, match="method"):
        Paid(method="cheque", amount="200.00")  # type: ignore[arg-type]


def test_a_plan_is_sold_only_to_those_it_is_offered_to(database: Database, counter: Counter, address: str) -> None:
    c.in_service(database, counter, 3)
    second = c.address(database, 4)
    company: dict[str, Any] = {"holder": c.unit(2), "agent": agent(), "scans": scans(*HANDLED)}
    known = c.person(3)
    for conditions, changes, why in (
        ({"customers": "existing"}, {}, "仅限老客户"),
        ({"customers": "new"}, {"holder": known, "address": second}, "仅限新客户"),
        ({"holders": ("unit",)}, {}, "仅限单位"),
        ({"holders": ("person",)}, company, "仅限个人"),
        ({"areas": ("panyu",)}, {}, "该片区不办理"),
        ({"since": date(2026, 3, 3)}, {}, "2026-03-03起办理"),
        ({"until": date(2026, 3, 1)}, {}, "已于2026-03-01截止"),
    ):
        offering = c.offering(counter, replace(WELCOME, **conditions))
        outcome = refusal(database, offering, c.application(plan="welcome", **changes))
        assert (outcome.code, why in outcome.reason) == ("plan-not-offered", True)
        wanted = c.application(plan="welcome", **changes)
        with database.write() as tx:
            free_of_conditions = c.offering(counter, WELCOME)
            assert isinstance(opens_now(tx, free_of_conditions, wanted), OperationAccepted)
            tx.rollback()


def test_a_plan_carried_by_a_number_needs_one_and_an_unknown_plan_is_named(
    database: Database, counter: Counter, address: str
) -> None:
    outcome = refusal(database, counter, c.application(plan="family-500"))
    assert (outcome.code, "须绑定手机号码" in outcome.reason) == ("plan-not-offered", True)

    outcome = refusal(database, counter, c.application(plan="gold"))
    assert (outcome.code, "home-300" in outcome.reason) == ("unknown-plan", True)


def test_an_easily_guessed_password_is_refused(database: Database, counter: Counter, address: str) -> None:
    bound = "19958302746"
    for typed in ("12345678", "short", f"x{c.resident_id()[6:14]}", f"{c.mobile()}!", f"{bound}!"):
        weak = c.application(mobile=bound, password=SecretStr(typed))
        outcome = refusal(database, counter, weak)
        assert outcome.code == "weak-password"
        assert typed not in outcome.reason


def test_a_refusal_after_the_payment_leaves_no_gap_in_the_invoice_numbers(
    database: Database, counter: Counter, address: str
) -> None:
    open_(database, counter, c.application())
    second = c.address(database, 2)
    broken = replace(counter, rulebook=None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError), database.write() as tx:
        opens_now(tx, broken, c.application(2, address=second))
    refusal(database, counter, c.application(2, payment=None))
    open_(database, counter, c.application(2))

    assert [row.number for row in c.rows(database, b.invoice)] == [1, 2]
    with database.write() as tx:
        assert payments.next_number(tx, "invoice") == 3


# -- once, and by whom -----------------------------------------------------------------------------


def test_an_opening_repeated_under_one_key_is_done_once(database: Database, counter: Counter, address: str) -> None:
    outcome = c.done_once(
        database, opening.open_account, counter, c.application(), c.application(password=SecretStr("Other!42"))
    )

    assert isinstance(outcome, OperationAccepted)
    assert used(database) == [1]
    assert len(c.rows(database, t.ticket)) == 1


def test_a_demand_repeated_under_one_key_is_recorded_once(database: Database, counter: Counter) -> None:
    c.address(database, capacity=0)
    outcome = c.done_once(database, opening.open_account, counter, c.application(), c.application(2))

    assert isinstance(outcome, OperationRefused)
    assert len(c.rows(database, b.demand)) == 1


def test_two_openings_under_one_key_at_once_open_one_account(
    database: Database, counter: Counter, address: str
) -> None:
    def opens(tx: Any) -> OperationOutcome:
        return opens_now(tx, counter, c.application(request_key="key-1"))

    first, second = c.overtaken(database, opens, opens)

    assert second == replace(first, repeated=True)
    assert len(c.rows(database, b.account)) == 1


def test_only_a_clerk_opens_accounts(database: Database, counter: Counter, address: str) -> None:
    refused_roles = f.forbidden(
        database, lambda tx, actor: opening.open_account(tx, counter, c.application(), actor, f.NOW)
    )

    assert refused_roles == f.all_roles_but(Role.CLERK)


def test_a_name_that_no_slip_can_show_is_refused_before_anything_is_done(database: Database, counter: Counter) -> None:
    c.address(database)
    request = c.application(holder=c.person(name="张𪚥"))
    assert c.refused(database, opening.open_account, counter, request).code == "unprintable"

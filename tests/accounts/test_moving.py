"""移机 on SQLite and PostgreSQL: the places of the old and the new port are counted at every step."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from dispatch.accounts import (
    closure,
    demand,
    moving,
    opening,
    plan_calendar,
    plan_change,
    refund,
    renaming,
    transfer,
)
from dispatch.accounts.billing import Paid
from dispatch.accounts.moving import AccountMove
from dispatch.accounts.operation import Counter, OperationAccepted
from dispatch.domain.numbers import read_ticket_number
from dispatch.domain.plans import AfterTerm
from dispatch.domain.title import Title
from dispatch.errors import DispatchError
from dispatch.ports.provisioning import LineOrder, Order, SimulatedLine, SimulatedProvisioning
from dispatch.routing.address_file import CoveredAddress
from dispatch.slips.forms import Change, SlipLine
from dispatch.storage import resources
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.tickets import followup
from tests import factories as f
from tests.accounts import factories as c

FEE = Paid(method="cash", amount="100.00")
OLD, NEW = "广州市天河区体育西路1号", "广州市天河区体育西路2号"


def moving_to(number: str, n: int = 2, **changes: Any) -> AccountMove:
    """The request of line 1's customer to move to the address of line `n`."""
    asked = {
        "account": number,
        "document_number": c.document(),
        "address": f"广州市天河区体育西路{n}号",
        "day": f.NOW.date() + timedelta(days=1),
        "part": "morning",
        "payment": FEE,
    }
    return AccountMove(**{**asked, **changes})


def accepted(database: Database, counter: Counter, **changes: Any) -> tuple[str, OperationAccepted]:
    """A line in service whose move was accepted: its number, and the outcome."""
    number = c.in_service(database, counter)
    c.address(database, 2)
    return number, c.accepted(database, moving.move, counter, moving_to(number, **changes))


def refused(database: Database, counter: Counter, request: AccountMove) -> str:
    return c.refused(database, moving.move, counter, request).code


def order_of(done: OperationAccepted) -> int:
    return read_ticket_number(str(done.result["order"]))


def built(database: Database, counter: Counter, done: OperationAccepted) -> None:
    """The builders do the order, and the workers their part."""
    f.reported(database, counter.rulebook, order_of(done), f.BUILDER, "relocated", f.NOW, **f.RELOCATED)
    f.work(database, counter.rulebook)


def not_built(database: Database, counter: Counter, done: OperationAccepted) -> None:
    order = order_of(done)
    f.reported(database, counter.rulebook, order, f.BUILDER, "construction-failed", failure_cause="no-way-for-cable")
    f.work(database, counter.rulebook)


def places(database: Database) -> tuple[int, int]:
    """The taken places of the old port and of the new one."""
    used = {row.olt: row.used for row in c.rows(database, b.pon_port)}
    return used["OLT-1"], used["OLT-2"]


def where(database: Database, number: str) -> str:
    line = c.line(database, number)
    (row,) = c.rows(database, b.address, b.address.c.id == line.address_id)
    return str(row.text)


# -- the places ---------------------------------------------------------------------------------------


def test_the_new_place_is_taken_when_the_move_is_accepted_and_the_old_one_is_freed_when_it_is_installed(
    database: Database, counter: Counter
) -> None:
    number, done = accepted(database, counter)
    assert (places(database), where(database, number)) == ((1, 1), OLD)
    f.work(database, counter.rulebook)
    assert places(database) == (1, 1)
    built(database, counter, done)
    assert (places(database), where(database, number)) == ((0, 1), NEW)
    assert c.line(database, number).state == "in-service"
    assert f.ticket(database, order_of(done)).outcome == "activated"
    (row,) = c.rows(database, b.account_move)
    assert row.state == "done"


def test_a_move_that_fails_frees_the_new_place_and_the_line_stays_where_it_is(
    database: Database, counter: Counter
) -> None:
    number, done = accepted(database, counter)
    f.work(database, counter.rulebook)
    not_built(database, counter, done)
    assert (places(database), where(database, number)) == ((1, 0), OLD)
    assert [row.state for row in c.rows(database, b.account_move)] == ["failed"]


def test_within_one_port_no_further_place_is_taken(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    (port,) = c.rows(database, b.pon_port)
    with database.write() as tx:
        tx.execute(update(b.pon_port).values(capacity=1))
        resources.enter_addresses(tx, [CoveredAddress(NEW, "tianhe", port.olt, port.port, 1)])
    done = c.accepted(database, moving.move, counter, moving_to(number))
    f.work(database, counter.rulebook)
    built(database, counter, done)
    assert [row.used for row in c.rows(database, b.pon_port)] == [1]
    assert where(database, number) == NEW


def test_whoever_waits_for_the_old_place_is_told_once_it_is_free(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    (port,) = c.rows(database, b.pon_port)
    third = "广州市天河区体育西路3号"
    with database.write() as tx:
        tx.execute(update(b.pon_port).values(capacity=1))
        resources.enter_addresses(tx, [CoveredAddress(third, "tianhe", port.olt, port.port, 1)])
    wish = {"address": third, "name": "李四", "mobile": c.mobile(5), "speed": 300, "consent": True}
    c.accepted(database, demand.register, counter, demand.DemandRegistration.model_validate(wish))
    c.address(database, 2)
    done = c.accepted(database, moving.move, counter, moving_to(number))
    f.work(database, counter.rulebook)
    assert [row.state for row in c.rows(database, b.demand)] == ["open"]
    built(database, counter, done)
    assert [row.state for row in c.rows(database, b.demand)] == ["reachable"]


# -- no place -----------------------------------------------------------------------------------------


def test_without_an_address_the_demand_is_recorded_and_the_old_line_stays(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    assert refused(database, counter, moving_to(number)) == "unknown-address"
    c.address(database, 3, capacity=0)
    assert refused(database, counter, moving_to(number, 3)) == "no-resources"
    wanted = [(row.address, row.contact, row.mobile, row.speed) for row in c.rows(database, b.demand)]
    person = c.person()
    assert wanted == [(f"广州市天河区体育西路{n}号", person.name, person.mobile, 300) for n in (2, 3)]
    assert (c.line(database, number).state, where(database, number)) == ("in-service", OLD)


def test_an_address_with_an_account_or_to_which_another_one_moves_is_taken(
    database: Database, counter: Counter
) -> None:
    number, _ = accepted(database, counter)
    second = c.in_service(database, counter, 3)
    anothers = moving_to(second, document_number=c.document(3))
    assert refused(database, counter, anothers) == "address-in-use"
    assert c.refused(database, opening.open_account, counter, c.application(2)).code == "address-in-use"
    assert refused(database, counter, moving_to(second, 1, document_number=c.document(3))) == "address-in-use"
    assert places(database) == (1, 1)
    assert where(database, number) == OLD


# -- the slip, the order, the network -----------------------------------------------------------------


def test_the_slip_names_order_visit_and_both_addresses_and_the_fee_is_on_an_invoice(
    database: Database, counter: Counter
) -> None:
    number, done = accepted(database, counter)
    slip = c.slip(database, done)
    assert slip.changes == (Change(Title("装机地址", "Address"), OLD, NEW),)
    (section,) = slip.sections
    order = str(done.result["order"])
    assert order.startswith("M")
    assert SlipLine(Title("移机单", "Move order"), order) in section.lines
    assert SlipLine(Title("上门时间", "Visit"), "2026-03-03上午 2026-03-03 in the morning") in section.lines
    assert slip.payment is not None
    assert [(each.label.zh, each.fen) for each in slip.payment.amounts] == [("移机费", 100_00)]
    assert f.ticket(database, order_of(done)).description == "移机 2026-03-03上午"
    (message,) = c.rows(database, b.message, b.message.c.event == "move")
    assert (message.source, message.account_id) == (f"ticket/{order_of(done)}", c.line(database, number).id)
    window = {"zh": "2026-03-03上午", "en": "2026-03-03 in the morning"}
    assert message.facts == {"account": number, "no": order, "window": window}


def test_the_network_gets_the_lines_new_port_in_its_lane_and_the_customer_hears_that_it_has_moved(
    database: Database, counter: Counter
) -> None:
    number, done = accepted(database, counter)
    f.work(database, counter.rulebook)
    built(database, counter, done)
    ours = [row for row in c.rows(database, b.effect) if row.key.startswith("construction/")]
    line = c.line(database, number)
    order, told = (row for row in ours if "move" in row.key or "移机" in row.payload.get("text", ""))
    assert (order.payload["order"], order.payload["olt"], order.payload["port"]) == ("move", "OLT-2", "0/1/1")
    assert (order.lane, told.payload["mobile"]) == (f"account/{line.id}", c.mobile())
    assert "移机已完成" in told.payload["text"]


def test_the_simulated_network_holds_both_ports_until_the_line_has_moved(tmp_path: Any) -> None:
    network = SimulatedProvisioning(tmp_path / "network.db")
    orders = [
        LineOrder("1", Order.PREPARE, 1, "kd1", "OLT-1", "0/1/1", 300),
        LineOrder("2", Order.ACTIVATE, 1, "kd1"),
        LineOrder("3", Order.PREPARE_MOVE, 1, "kd1", "OLT-2", "0/1/1", 300),
    ]
    assert network.carry_out(orders) == {}
    assert network.line(1) == SimulatedLine("active", "kd1", "OLT-1", "0/1/1", 300)
    network.SHARERS = 1
    another = LineOrder("4", Order.PREPARE, 2, "kd2", "OLT-2", "0/1/1", 300)
    assert network.carry_out([another]) == {"4": "port-full"}
    assert network.carry_out([LineOrder("5", Order.CANCEL_MOVE, 1, "kd1"), replace(another, key="6")]) == {}
    third = [LineOrder("7", Order.PREPARE_MOVE, 1, "kd1", "OLT-3", "0/1/1", 300)]
    assert network.carry_out([*third, LineOrder("8", Order.MOVE, 1, "kd1", "OLT-3", "0/1/1")]) == {}
    assert network.line(1) == SimulatedLine("active", "kd1", "OLT-3", "0/1/1", 300)


# -- one at a time ------------------------------------------------------------------------------------


def test_while_a_move_is_open_the_account_is_neither_moved_again_transferred_renamed_nor_closed(
    database: Database, counter: Counter
) -> None:
    number, done = accepted(database, counter)
    c.address(database, 3)
    proved: dict[str, Any] = {"account": number, "document_number": c.document()}
    giving = transfer.Transfer(
        **proved,
        new_owner=c.person(3),
        password=SecretStr("Wq2!zzKd"),
        scans=tuple(c.scan(kind) for kind in transfer.REQUIRED),
    )
    leaving = closure.Closure(**proved, reason="moving")
    naming = renaming.Renaming(**proved, new_account=c.mobile(5))
    assert refused(database, counter, moving_to(number, 3)) == "move-open"
    assert c.refused(database, transfer.transfer, counter, giving).code == "move-open"
    assert c.refused(database, renaming.rename, counter, naming).code == "move-open"
    assert c.refused(database, closure.close, counter, leaving).code == "move-open"
    f.work(database, counter.rulebook)
    built(database, counter, done)
    c.accepted(database, closure.close, counter, leaving)
    assert places(database) == (0, 0)


def test_the_fee_of_a_move_that_failed_is_paid_back_at_the_refund_desk_and_the_account_goes_on(
    database: Database, counter: Counter
) -> None:
    number, done = accepted(database, counter)
    f.work(database, counter.rulebook)
    told = {"account": number, "password": SecretStr(c.PASSWORD), "reason": "no-way-for-cable", "invoice": "returned"}
    asked = refund.Refund.model_validate(told)
    assert c.refused(database, refund.refund, counter, asked).code == "order-not-failed"
    not_built(database, counter, done)
    with database.read() as tx:
        (listed,) = refund.failed_orders(tx, 10)
    assert (listed.order, listed.address, listed.account) == (done.result["order"], NEW, number)
    at = f.NOW + timedelta(days=1)
    appointed = c.accepted(database, refund.appoint, counter, refund.Appointment(order=listed.order, at=at))
    assert "移机（施工单" in c.effects(database, appointed)[0][1]["text"]
    paid_back = c.accepted(database, refund.refund, counter, asked)
    assert (paid_back.result["order"], paid_back.result["paid_back"]) == (listed.order, "100.00")
    f.work(database, counter.rulebook)
    assert c.line(database, number).state == "in-service"
    assert f.ticket(database, order_of(done)).outcome == "refunded"
    assert [row.state for row in c.rows(database, b.account_move)] == ["refunded"]
    c.accepted(database, moving.move, counter, moving_to(number))
    assert places(database) == (1, 1)


def test_a_move_order_is_not_withdrawn(database: Database, counter: Counter) -> None:
    _, done = accepted(database, counter)
    with pytest.raises(DispatchError) as told, database.write() as tx:
        followup.withdraw(tx, order_of(done), "客户撤单", f.CLERK, f.NOW)
    assert told.value.code == "not-withdrawable"


def test_only_a_line_in_service_moves_on_a_day_of_the_next_thirty(database: Database, counter: Counter) -> None:
    building = c.opened(database, counter, 4)
    assert refused(database, counter, moving_to(building, document_number=c.document(4))) == "wrong-state"
    number = c.in_service(database, counter)
    c.address(database, 2)
    for day in (date(2026, 3, 1), f.NOW.date() + timedelta(days=31)):
        assert refused(database, counter, moving_to(number, day=day)) == "bad-visit"
    assert refused(database, counter, moving_to(number, payment=None)) == "bad-amount"


def test_rules_without_a_flow_for_moves_offer_none(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    c.address(database, 2)
    flows = {name: flow for name, flow in counter.rulebook.flows.items() if name != "move"}
    without = replace(counter, rulebook=replace(counter.rulebook, flows=flows))
    assert c.refused(database, moving.move, without, moving_to(number)).code == "moves-not-offered"


# -- a plan that isn't sold there ---------------------------------------------------------------------

STANDARD = c.plan("standard-1000", 1000, 120_00, {})
TERM: dict[str, Any] = {"areas": ("tianhe",), "term": 12}
WELCOME = c.plan("welcome", 1000, 80_00, {}, **TERM, when_over=AfterTerm("standard-1000", STANDARD.title, 1000, 120_00))
LOCAL = c.plan("local", 300, 50_00, {}, **TERM)


def elsewhere(database: Database) -> None:
    with database.write() as tx:
        resources.enter_addresses(tx, [CoveredAddress(NEW, "panyu", "OLT-2", "0/1/1", 8)])


def test_a_plan_that_is_not_sold_in_the_new_area_is_voided_when_the_line_has_moved_which_the_customer_confirms(
    database: Database, counter: Counter
) -> None:
    counter = c.selling(counter, STANDARD, WELCOME)
    number = c.in_service(database, counter, plan="welcome", payment=None)
    elsewhere(database)
    warned = c.refused(database, moving.move, counter, moving_to(number))
    assert warned.result == {"confirm": "plan-voided"}
    assert "在新址片区不办理" in warned.reason
    done = c.accepted(database, moving.move, counter, moving_to(number, confirm=("plan-voided",)))
    f.work(database, counter.rulebook)
    assert [row.ended_for for row in c.rows(database, b.enrolment)] == [None]
    built(database, counter, done)
    old, new = c.rows(database, b.enrolment)
    assert (old.ended_for, new.plan, new.terms["monthly_fee"]) == ("voided", "standard-1000", 120_00)
    assert c.line(database, number).area == "panyu"


def test_a_plan_that_nothing_follows_must_be_changed_before_it_moves_where_it_is_not_sold(
    database: Database, counter: Counter
) -> None:
    counter = c.selling(counter, STANDARD, LOCAL)
    number = c.in_service(database, counter, plan="local", payment=None)
    elsewhere(database)
    told = c.refused(database, moving.move, counter, moving_to(number))
    assert told.code == "plan-not-offered"
    assert "请先变更营销案" in told.reason


def test_a_plan_chosen_meanwhile_is_not_voided_by_the_move(database: Database, counter: Counter) -> None:
    counter = c.selling(counter, STANDARD, WELCOME)
    number = c.in_service(database, counter, plan="welcome", payment=None)
    elsewhere(database)
    done = c.accepted(database, moving.move, counter, moving_to(number, confirm=("plan-voided",)))
    f.work(database, counter.rulebook)
    chosen = plan_change.PlanChange(account=number, document_number=c.document(), plan="standard-1000")
    c.accepted(database, plan_change.change_plan, counter, chosen)
    with database.write() as tx:
        tx.execute(update(b.plan_change).values(effective_on=f.NOW.date()))
        plan_calendar.keep(tx, counter.zone, f.NOW, 10)
    built(database, counter, done)
    assert [(row.plan, row.ended_for) for row in c.rows(database, b.enrolment)] == [
        ("welcome", "changed"),
        ("standard-1000", None),
    ]


def test_a_move_is_accepted_once_for_its_request_key(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    for n in (2, 3):
        c.address(database, n)
    c.done_once(database, moving.move, counter, moving_to(number), moving_to(number, 3))
    assert places(database) == (1, 1)

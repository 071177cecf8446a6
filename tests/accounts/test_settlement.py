"""销户结算 at the counter: previewed, confirmed, paid either way, with its invoices, devices and books."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from dispatch.accounts import closure, devices, plan_change, settlement, suspension
from dispatch.accounts.billing import Paid
from dispatch.accounts.closure import Closure
from dispatch.accounts.operation import Counter, OperationAccepted
from dispatch.accounts.settlement import SettlementPreview
from dispatch.domain.approval import ApprovalNeed
from dispatch.domain.kind import Kind
from dispatch.domain.money import read_yuan
from dispatch.domain.numbers import ticket_number
from dispatch.domain.roles import Role
from dispatch.errors import BadInput
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables.devices import registered_device
from dispatch.tickets import complaints
from tests import factories as f
from tests.accounts import factories as c
from tests.accounts.billed import quote
from tests.accounts.settled import (
    DEPOSIT,
    NOVEMBER_30,
    PREPAID,
    active,
    billed,
    cash,
    china,
    lines,
    moved,
    red_lines,
    selling,
    told,
    yearly,
)


@pytest.fixture
def database(sqlite: Database) -> Database:
    return sqlite


@pytest.fixture
def counter(counter: Counter) -> Counter:
    return selling(counter)


ALL_CONFIRMED = ("penalty-due", "settlement")


def leaving(number: str, **changes: Any) -> Closure:
    asked = {"account": number, "document_number": c.document(), "reason": "moving", "confirm": ALL_CONFIRMED}
    return Closure.model_validate({**asked, **changes})


def left(database: Database, counter: Counter, number: str, **changes: Any) -> OperationAccepted:
    return c.accepted(database, closure.close, counter, leaving(number, **changes), now=NOVEMBER_30)


def refused(database: Database, counter: Counter, number: str, **changes: Any) -> tuple[str, str]:
    outcome = c.refused(database, closure.close, counter, leaving(number, **changes), now=NOVEMBER_30)
    return outcome.code, outcome.said.zh


def previewed(database: Database, counter: Counter, number: str, **changes: Any) -> OperationAccepted:
    request = SettlementPreview.model_validate({"account": number, "document_number": c.document(), **changes})
    return c.accepted(database, settlement.preview, counter, request, now=NOVEMBER_30)


# -- the worked examples ------------------------------------------------------------------------------


def test_a_yearly_plan_left_four_months_early_gives_204_52_back(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = yearly(database, counter)
    counter = billed(database, counter, tmp_path)

    done = left(database, counter, number, returned=(c.ont_of(database, number),))

    assert lines(done) == {"unbilled": "50.00", "penalty": "60.00", "deposit": "-100.00", "prepaid": "-214.52"}
    assert done.result["total"] == "-204.52"
    assert moved(database, "refund") == [("cash", 204_52, True)]
    assert sorted(red_lines(database)) == sorted([(DEPOSIT, -100_00), (PREPAID, -214_52)])
    after = quote(database, tmp_path, number, date(2027, 2, 1))
    assert (after.owed, after.unbilled, after.refundable) == (0, 0, 0), "the books are clear, and stay so"


def test_who_leaves_on_day_one_pays_for_that_day_and_gets_698_33_back(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = yearly(database, counter, "2026-11-30")
    counter = billed(database, counter, tmp_path)

    done = left(database, counter, number, returned=(c.ont_of(database, number),))

    assert lines(done) == {"unbilled": "1.67", "deposit": "-100.00", "prepaid": "-600.00"}
    assert done.result["total"] == "-698.33"
    assert quote(database, tmp_path, number, date(2027, 2, 1)).refundable == 0


def test_arrears_a_late_fee_and_a_lost_ont_less_the_deposit_are_158_42_to_pay(
    database: Database, counter: Counter
) -> None:
    number = active(database, counter, "home-60", cash("100.00"), "2026-03-10")
    with database.write() as tx:  # handed out 14 months ago
        tx.execute(update(registered_device).values(price=200_00, issued_at=china("2025-09-30")))
    told(database, counter, number, 120_00, 16_20)
    lost = (c.ont_of(database, number),)

    assert refused(database, counter, number, lost=lost)[0] == "bad-amount"
    done = left(database, counter, number, lost=lost, payment=cash("158.42"))

    assert lines(done) == {"arrears": "120.00", "late-fee": "16.20", "device": "122.22", "deposit": "-100.00"}
    assert moved(database, "charge")[-1] == ("cash", 158_42, False)
    assert red_lines(database) == [(DEPOSIT, -100_00)]
    (invoice,) = [
        row for row in c.rows(database, b.invoice) if row.operation_id == done.operation_id and not row.offsets
    ]
    assert invoice.amount == 258_42, "what was due; the deposit isn't income"
    assert [row.state for row in c.rows(database, registered_device)] == ["lost"]


# -- what is asked and said ---------------------------------------------------------------------------


def test_the_penalty_and_the_settlement_are_said_and_must_be_confirmed(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = yearly(database, counter)
    counter = billed(database, counter, tmp_path)
    returned = (c.ont_of(database, number),)

    code, said = refused(database, counter, number, confirm=(), returned=returned)
    assert (code, "合约未到期，违约金60.00元" in said) == ("needs-confirmation", True)
    code, said = refused(database, counter, number, confirm=("penalty-due",), returned=returned)
    assert (code, "结算应退204.52元" in said) == ("needs-confirmation", True)
    slip = c.slip(database, left(database, counter, number, returned=returned))
    assert [heading.title.zh for heading in slip.sections] == ["销户", "销户结算", "终端已退回"]
    assert [(line.label.zh, line.value) for line in slip.sections[1].lines][1] == (
        "合约违约金",
        "60.00 元 yuan（4 × 50.00 × 30%）",
    )
    assert slip.payment is not None
    assert slip.payment.total == -204_52


def test_gifts_lapse_and_it_is_said(database: Database, counter: Counter) -> None:
    number = active(database, counter, "home-60", cash("100.00"), "2026-03-10")
    told(database, counter, number, 0, 0, 0, 10_00, 30_00)

    assert "赠送余额30.00元不退" in refused(database, counter, number, confirm=())[1]


@pytest.mark.parametrize("reason", ["moving-unserved", "holder-deceased"])
def test_no_penalty_is_due_where_we_have_no_line_or_the_holder_has_died(
    database: Database, counter: Counter, tmp_path: Path, reason: str
) -> None:
    number = yearly(database, counter)
    assert "penalty" not in lines(previewed(database, billed(database, counter, tmp_path), number, reason=reason))


def complaint(database: Database, counter: Counter, number: str, day: str) -> int:
    """The id of a complaint's ticket, on the supervisors' board."""
    with database.write() as tx:
        asked = complaints.NewComplaint(number, "quality", "网速达不到承诺，多次报修无果")
        taken = complaints.take(tx, counter.rulebook, f.complaint_terms(), asked, f.CLERK, china(day))
    f.work(database, counter.rulebook, china(day))
    return taken.ticket_id


def replied(database: Database, counter: Counter, number: str, day: str, upheld: str) -> None:
    ticket = complaint(database, counter, number, day)
    said = {"reply": "经核实速率确实不足，向您致歉", "accepted": "yes", "upheld": upheld}
    f.reported(database, counter.rulebook, ticket, f.SUPERVISOR, "replied", china(day), **said)
    f.work(database, counter.rulebook, china(day))


@pytest.mark.parametrize(("upheld", "penalty"), [("yes", None), ("no", "60.00")])
def test_no_penalty_is_due_where_a_complaint_was_upheld(
    database: Database, counter: Counter, tmp_path: Path, upheld: str, penalty: str | None
) -> None:
    number = yearly(database, counter)
    replied(database, counter, number, "2026-11-20", upheld)

    assert lines(previewed(database, billed(database, counter, tmp_path), number)).get("penalty") == penalty


def test_an_open_complaint_is_said_before_an_account_is_closed(database: Database, counter: Counter) -> None:
    number = active(database, counter, "home-60", cash("100.00"), "2026-03-10")
    replied(database, counter, number, "2026-11-10", "no")
    open_one = ticket_number(Kind.COMPLAINT, complaint(database, counter, number, "2026-11-20"))

    code, said = refused(database, counter, number)
    assert (code, f"未办结的投诉{open_one}" in said, "open-complaint" in said) == ("needs-confirmation", True, True)
    left(database, counter, number, confirm=(*ALL_CONFIRMED, "open-complaint"))


def test_a_device_that_comes_later_keeps_the_deposit(database: Database, counter: Counter, tmp_path: Path) -> None:
    number = yearly(database, counter)
    counter = billed(database, counter, tmp_path)

    done = left(database, counter, number)

    assert "deposit" not in lines(done)
    assert red_lines(database) == [(PREPAID, -214_52)]
    assert c.slip(database, done).sections[-1].title.zh == "终端稍后退回"
    assert [row.state for row in c.rows(database, registered_device)] == ["issued"]


@pytest.mark.parametrize(("day", "back"), [("2026-12-30", "100.00"), ("2026-12-31", None)])
def test_an_ont_that_comes_within_30_days_pays_the_deposit_back_and_later_it_lapses(
    database: Database, counter: Counter, day: str, back: str | None
) -> None:
    number = active(database, counter, "home-60", cash("100.00"), "2026-03-10")
    left(database, counter, number)
    (due,) = c.rows(database, b.message, b.message.c.event == "device-due")
    assert due.facts == {"day": "2026-12-30"}

    asked = {"account": number, "document_number": c.document(), "serial": c.ont_of(database, number)}
    request = devices.DeviceReturn.model_validate(asked)
    done = c.accepted(database, devices.take_back, counter, request, now=china(day))

    assert done.result["paid_back"] == back
    assert moved(database, "refund") == ([("cash", 100_00, True)] if back else [])
    assert red_lines(database) == ([(DEPOSIT, -100_00)] if back else [])


def test_a_device_that_is_not_there_or_both_returned_and_lost_is_refused(database: Database, counter: Counter) -> None:
    number = active(database, counter, "home-60", cash("100.00"), "2026-03-10")
    ont = c.ont_of(database, number)

    assert refused(database, counter, number, lost=("ZTEG0000FFFF",))[0] == "device-not-there"
    with pytest.raises(BadInput):
        left(database, counter, number, lost=(ont,), returned=(ont,))


# -- the preview --------------------------------------------------------------------------------------


def test_the_preview_shows_what_closing_comes_to_and_changes_nothing(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = yearly(database, counter)
    counter = billed(database, counter, tmp_path)
    ont = c.ont_of(database, number)
    before = f.dump(database)

    seen = previewed(database, counter, number, returned=(ont,))

    after = f.dump(database)
    assert {name for name in after if after[name] != before[name]} <= {"operation", "port_answer"}
    done = left(database, counter, number, returned=(ont,), quote=seen.result["quote"])
    assert {**seen.result}.items() <= {**done.result}.items()


def test_with_another_quote_than_the_previews_nothing_is_closed(database: Database, counter: Counter) -> None:
    number = active(database, counter, "home-60", cash("100.00"), "2026-03-10")
    told(database, counter, number, 0, 0, 0, 10_00)
    seen = previewed(database, counter, number).result["quote"]
    told(database, counter, number, 0, 0, 0, 11_00)

    assert refused(database, counter, number, quote=seen) == ("quote-changed", "金额有变，请重新核对。")


def test_while_billing_is_away_nothing_is_closed(database: Database, counter: Counter) -> None:
    number = active(database, counter, "home-60", cash("100.00"), "2026-03-10")
    away = replace(counter, billing=c.ToldBilling(away=True))

    assert refused(database, away, number)[0] == "port-unavailable"


def test_only_a_clerk_previews(database: Database, counter: Counter) -> None:
    number = active(database, counter, "home-60", cash("100.00"), "2026-03-10")
    request = SettlementPreview(account=number, document_number=c.document())

    def act(tx: Any, actor: Any) -> Any:
        return settlement.preview(tx, counter, request, actor, f.NOW)

    assert f.forbidden(database, act) == f.all_roles_but(Role.CLERK)


# -- money that goes back -----------------------------------------------------------------------------


def test_money_goes_back_on_the_newest_charge_first_and_by_bank_where_the_charges_do_not_suffice(
    database: Database, counter: Counter
) -> None:
    number = active(database, counter, "home-60", Paid(method="card", amount="100.00", reference="T1"), "2026-03-10")
    request = {"account": number, "document_number": c.document(), "plan": "yearly-300", "payment": cash("600.00")}
    change = plan_change.PlanChange.model_validate({**request, "confirm": ("penalty-due",)})
    c.accepted(database, plan_change.change_plan, counter, change, now=NOVEMBER_30)
    told(database, counter, number, 0, 0, 0, 650_00)

    done = left(database, counter, number, returned=(c.ont_of(database, number),))

    assert done.result["total"] == "-750.00"
    assert moved(database, "refund") == [("cash", 600_00, True), ("card", 100_00, True), ("bank", 50_00, False)]
    assert sorted(red_lines(database)) == sorted([(PREPAID, -600_00), (DEPOSIT, -100_00)])


def test_more_than_1000_yuan_in_cash_go_back_with_a_supervisors_approval(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = active(database, counter, "dear-1000", cash("2400.00"), "2026-11-30")
    counter = billed(database, counter, tmp_path)

    assert refused(database, counter, number)[0] == "approval-needed"
    approval = c.approved(database, number, ApprovalNeed.CASH_REFUND, now=NOVEMBER_30, fen=2393_33)
    assert left(database, counter, number, approvals=(approval,)).result["total"] == "-2393.33"


def test_an_invoice_is_never_offset_by_more_than_it_is(database: Database, counter: Counter) -> None:
    number = yearly(database, counter)
    told(database, counter, number, 0, 0, 0, 900_00)  # 300.00 were paid elsewhere

    left(database, counter, number, returned=(c.ont_of(database, number),))

    offset = sum(row.amount for row in c.rows(database, b.invoice) if row.offsets is not None)
    assert offset == -700_00
    assert sum(fen for _, fen, _ in moved(database, "refund")) == read_yuan("940.00")
    assert moved(database, "refund")[-1] == ("bank", 240_00, False)


def test_a_change_of_plan_that_never_took_effect_is_paid_back_whole_though_the_ont_comes_later(
    database: Database, counter: Counter, tmp_path: Path
) -> None:
    number = active(database, counter, "home-60", cash("100.00"), "2026-11-30")
    request = {"account": number, "document_number": c.document(), "plan": "bigger", "payment": cash("350.00")}
    change = plan_change.PlanChange.model_validate(request)
    c.accepted(database, plan_change.change_plan, counter, change, now=NOVEMBER_30)

    done = left(database, billed(database, counter, tmp_path), number)

    assert lines(done) == {"unbilled": "2.00", "change": "-200.00", "prepaid": "-150.00"}
    assert sorted(red_lines(database)) == sorted([(DEPOSIT, -200_00), (PREPAID, -150_00)])
    assert [(row.state, row.why) for row in c.rows(database, b.plan_change)] == [("void", "closed")]


def test_a_pause_that_had_not_begun_is_paid_back(database: Database, counter: Counter) -> None:
    number = active(database, counter, "home-60", cash("100.00"), "2026-03-10")
    asked = {"account": number, "document_number": c.document(), "reason": "away", "months": 3}
    pause = suspension.Suspension.model_validate({**asked, "payment": cash("15.00")})
    c.accepted(database, suspension.suspend, counter, pause, now=NOVEMBER_30)

    assert lines(left(database, counter, number)) == {"pause": "-15.00"}
    assert red_lines(database) == [("停机保号费", -15_00)]

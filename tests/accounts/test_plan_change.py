"""变更营销案 on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from dispatch.accounts import binding, closure, plan_calendar, plan_change, transfer
from dispatch.accounts.billing import Paid
from dispatch.accounts.operation import Counter, OperationAccepted
from dispatch.accounts.plan_change import PlanChange, change_plan
from dispatch.domain.plans import AfterTerm, Fallback
from dispatch.domain.title import Title
from dispatch.errors import BadInput
from dispatch.ports.billing import Quote
from dispatch.slips.forms import Change, SlipLine
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c

NOVEMBER_30 = datetime(2026, 11, 30, 2, tzinfo=UTC)
"""30 November, 10:00 in China."""
STANDARD = c.plan("standard-300", 300, 60_00, {"deposit": 100_00})
FAMILY = c.plan("family-24", 500, 30_00, {"deposit": 100_00}, Fallback("standard-300", 60_00), term=24, penalty=30)
YEARLY = c.plan(
    "yearly-300",
    300,
    50_00,
    {"deposit": 100_00, "prepaid": 600_00},
    term=12,
    penalty=30,
    when_over=AfterTerm("standard-300", STANDARD.title, 300, 60_00),
)
FAST = c.plan("fast-1000", 1000, 120_00, {"deposit": 300_00, "prepaid": 240_00}, term=12, penalty=30)


@pytest.fixture
def counter(counter: Counter) -> Counter:
    return c.selling(counter, STANDARD, FAMILY, YEARLY, FAST)


def changing(number: str, plan: str, **changes: Any) -> PlanChange:
    return PlanChange(**{"account": number, "document_number": c.document(), "plan": plan, **changes})


def paid(yuan: str) -> Paid:
    return Paid(method="cash", amount=yuan)


def changed(database: Database, counter: Counter, request: PlanChange, **how: Any) -> OperationAccepted:
    return c.accepted(database, change_plan, counter, request, **{"now": NOVEMBER_30, **how})


def refused(database: Database, counter: Counter, request: PlanChange, **how: Any) -> str:
    return c.refused(database, change_plan, counter, request, **{"now": NOVEMBER_30, **how}).code


def passed(database: Database, counter: Counter, until: datetime) -> int:
    """The relay's sweep at this time; at how many accounts something was due."""
    with database.write() as tx:
        return plan_calendar.keep(tx, counter.zone, until, 10)


def plans(database: Database, number: str) -> list[tuple[str | None, date | None, str | None]]:
    """The account's enrolments in their order: plan, end of the term, why it ended."""
    account_id = c.line(database, number).id
    found = c.rows(database, b.enrolment, b.enrolment.c.account_id == account_id)
    return [(row.plan, row.until, row.ended_for) for row in found]


def served(database: Database, counter: Counter, plan: str, yuan: str, **changes: Any) -> str:
    return c.in_service(database, counter, plan=plan, payment=paid(yuan), **changes)


# -- with the next bill -------------------------------------------------------------------------------


def test_a_change_accepted_on_the_last_of_november_is_in_force_from_december_to_december_two_years_later(
    database: Database, counter: Counter
) -> None:
    number = served(database, counter, "standard-300", "100.00", mobile=c.mobile(7))
    done = changed(database, counter, changing(number, "family-24", mobile=c.mobile(7)))
    assert done.result["effective_on"] == "2026-12-01"
    assert passed(database, counter, NOVEMBER_30) == 0
    assert plans(database, number) == [("standard-300", None, None)], "November is 60.00"
    december = datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert passed(database, counter, december - timedelta(seconds=1)) == 0
    assert passed(database, counter, december) == 1
    assert plans(database, number) == [
        ("standard-300", None, "changed"),
        ("family-24", date(2028, 12, 1), None),
    ], "December is 30.00"
    old, new = c.rows(database, b.enrolment)
    assert (old.ended_at, new.from_at, new.mobile) == (december, december, c.mobile(7))
    assert passed(database, counter, december) == 0


def test_a_change_accepted_on_the_first_of_december_is_in_force_from_january(
    database: Database, counter: Counter
) -> None:
    number = served(database, counter, "standard-300", "100.00")
    request = changing(number, "fast-1000", payment=paid("440.00"))
    done = changed(database, counter, request, now=datetime(2026, 11, 30, 16, tzinfo=UTC))
    assert done.result["effective_on"] == "2027-01-01"


def test_a_sweep_that_comes_late_counts_from_the_day_itself_and_changes_speed_once_and_tells_the_customer(
    database: Database, counter: Counter
) -> None:
    number = served(database, counter, "standard-300", "100.00")
    done = changed(database, counter, changing(number, "fast-1000", payment=paid("440.00")))
    passed(database, counter, datetime(2026, 12, 4, tzinfo=UTC))
    new = c.rows(database, b.enrolment)[-1]
    assert (new.from_at, new.until) == (datetime(2026, 11, 30, 16, tzinfo=UTC), date(2027, 12, 1))
    (_, told), (port, order) = c.effects(database, done)
    assert (port, order["order"], order["speed"]) == ("provisioning", "speed", 1000)
    assert "2026-12-01起生效" in told["text"]
    assert in_force(database) == [{"plan": {"zh": FAST.title.zh, "en": FAST.title.en}, "day": "2026-12-01"}]


def test_the_slip_says_plan_day_and_term_and_the_invoice_what_was_paid(database: Database, counter: Counter) -> None:
    number = served(database, counter, "standard-300", "100.00")
    done = changed(database, counter, changing(number, "fast-1000", payment=paid("440.00")))
    slip = c.slip(database, done)
    assert slip.changes == (Change(Title("营销案", "Marketing plan"), str(STANDARD.title), str(FAST.title)),)
    (section,) = slip.sections
    assert SlipLine(Title("生效日期", "Takes effect on"), "2026-12-01") in section.lines
    assert SlipLine(Title("合约到期", "The term is over on"), "2027-12-01") in section.lines
    assert slip.payment is not None
    assert [(each.label.zh, each.fen) for each in slip.payment.amounts] == [("光猫押金", 200_00), ("预存款", 240_00)]
    assert slip.invoice is not None


def test_of_the_deposit_only_the_difference_is_paid_and_none_comes_back(database: Database, counter: Counter) -> None:
    number = served(database, counter, "standard-300", "100.00")
    assert refused(database, counter, changing(number, "fast-1000", payment=paid("540.00"))) == "bad-amount"
    changed(database, counter, changing(number, "fast-1000", payment=paid("440.00")))
    passed(database, counter, NOVEMBER_30 + timedelta(days=2))
    back = changing(number, "standard-300", confirm=("penalty-due",), payment=paid("396.00"))
    later = NOVEMBER_30 + timedelta(days=3)
    changed(database, counter, back, now=later)  # 11 months of 120.00 are left on 1 January: 30 % of them


# -- a term -------------------------------------------------------------------------------------------


def test_a_lower_fee_while_a_term_runs_costs_the_penalty_from_that_day_which_the_customer_confirms(
    database: Database, counter: Counter
) -> None:
    number = served(database, counter, "yearly-300", "700.00", mobile=c.mobile(7))
    with database.write() as tx:
        tx.execute(update(b.enrolment).values(until=date(2027, 3, 10)))
    asked = changing(number, "family-24", mobile=c.mobile(7), payment=paid("60.00"))
    told = c.refused(database, change_plan, counter, asked, now=NOVEMBER_30)
    assert told.code == "needs-confirmation"
    assert "违约金60.00元" in told.reason, "on 1 December 4 months are left: 4 × 50.00 × 30 %"
    done = changed(database, counter, asked.model_copy(update={"confirm": ("penalty-due",)}))
    slip = c.slip(database, done)
    assert slip.warnings == ("合约未到期，违约金60.00元 the term isn't over: the penalty is 60.00 yuan",)
    assert slip.payment is not None
    assert [(each.label.zh, each.fen) for each in slip.payment.amounts] == [("合约违约金", 60_00)]


def test_a_higher_fee_while_a_term_runs_is_free_and_begins_a_new_term(database: Database, counter: Counter) -> None:
    number = served(database, counter, "yearly-300", "700.00")
    changed(database, counter, changing(number, "fast-1000", payment=paid("440.00")))
    passed(database, counter, NOVEMBER_30 + timedelta(days=1))
    assert plans(database, number)[-1] == ("fast-1000", date(2027, 12, 1), None)


def test_the_same_plan_is_renewed_in_the_last_sixty_days_and_goes_on_when_its_term_is_over(
    database: Database, counter: Counter
) -> None:
    number = served(database, counter, "yearly-300", "700.00")
    with database.write() as tx:
        tx.execute(update(b.enrolment).values(until=date(2027, 1, 29)))
    asked = changing(number, "yearly-300", payment=paid("600.00"))
    early = c.refused(database, change_plan, counter, asked, now=NOVEMBER_30 - timedelta(days=1))
    assert early.code == "plan-not-offered"
    assert "2026-11-30起方可续约" in early.reason
    assert changed(database, counter, asked).result["effective_on"] == "2027-01-29"
    passed(database, counter, datetime(2027, 1, 29, tzinfo=UTC))
    assert plans(database, number) == [
        ("yearly-300", date(2027, 1, 29), "changed"),
        ("yearly-300", date(2028, 1, 29), None),
    ]


def test_a_plan_without_a_term_is_not_taken_twice(database: Database, counter: Counter) -> None:
    number = served(database, counter, "standard-300", "100.00")
    assert refused(database, counter, changing(number, "standard-300")) == "nothing-changed"


def test_when_a_term_is_over_the_plan_that_it_names_follows(database: Database, counter: Counter) -> None:
    number = served(database, counter, "yearly-300", "700.00")
    (row,) = c.rows(database, b.enrolment)
    passed(database, counter, datetime.combine(row.until, f.NOW.time(), UTC))
    assert plans(database, number) == [("yearly-300", row.until, "term-over"), ("standard-300", None, None)]
    new = c.rows(database, b.enrolment)[-1]
    assert (new.terms["monthly_fee"], new.terms["speed"], new.terms["title"]["zh"]) == (60_00, 300, STANDARD.title.zh)


def test_when_a_term_is_over_and_nothing_is_named_the_fee_stays_without_a_term_and_so_does_the_number(
    database: Database, counter: Counter
) -> None:
    number = served(database, counter, "family-24", "100.00", mobile=c.mobile(7))
    (row,) = c.rows(database, b.enrolment)
    over = datetime.combine(row.until, f.NOW.time(), UTC)
    passed(database, counter, over)
    assert plans(database, number) == [("family-24", row.until, "term-over"), ("family-24", None, None)]
    new = c.rows(database, b.enrolment)[-1]
    assert (new.terms["monthly_fee"], new.terms["term"], new.mobile) == (30_00, 0, c.mobile(7))
    assert passed(database, counter, over) == 0
    assert not [key for key, payload in orders(database) if payload == "speed"]


def in_force(database: Database) -> list[dict[str, Any]]:
    """What customers are told of plans that are in force now."""
    return [row.facts for row in c.rows(database, b.message, b.message.c.event == "plan")]


def orders(database: Database) -> list[tuple[str, str]]:
    return [(row.key, row.payload["order"]) for row in c.rows(database, b.effect) if row.port == "provisioning"]


# -- at once --------------------------------------------------------------------------------------------


def test_a_voided_plan_may_be_taken_anew_at_once_since_the_account_has_none(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter, plan="card-300", mobile=c.mobile(7))
    gone = binding.Unbinding(account=number, document_number=c.document(), mobile=c.mobile(7), confirm=("plan-voided",))
    c.accepted(database, binding.unbind, counter, gone)
    done = changed(database, counter, changing(number, "standard-300", effective="now", payment=paid("100.00")))
    assert done.result["effective_on"] == "2026-11-30"
    assert plans(database, number)[-2:] == [(None, None, "changed"), ("standard-300", None, None)]
    assert c.rows(database, b.enrolment)[-1].from_at == NOVEMBER_30
    assert c.effects(database, done) == []
    assert [each["day"] for each in in_force(database)] == ["2026-11-30"]


def test_an_account_with_a_plan_changes_with_the_next_bill_alone(database: Database, counter: Counter) -> None:
    number = served(database, counter, "standard-300", "100.00")
    told = c.refused(database, change_plan, counter, changing(number, "fast-1000", effective="now"))
    assert told.code == "plan-not-offered"
    assert "须自下一账期起变更" in told.reason


# -- the number that carries it -----------------------------------------------------------------------


def test_a_plan_that_needs_a_number_is_carried_by_one_that_is_bound_to_this_account(
    database: Database, counter: Counter
) -> None:
    number = served(database, counter, "standard-300", "100.00", mobile=c.mobile(7))
    assert refused(database, counter, changing(number, "family-24")) == "plan-not-offered"
    assert refused(database, counter, changing(number, "family-24", mobile=c.mobile(8))) == "not-bound"
    with pytest.raises(BadInput, match="no mobile number carries this plan"):
        changed(database, counter, changing(number, "fast-1000", mobile=c.mobile(7)))


def test_the_change_is_void_once_its_number_is_lost_and_what_was_paid_comes_back(
    database: Database, counter: Counter
) -> None:
    number = served(database, counter, "yearly-300", "700.00", mobile=c.mobile(7))
    penalty = changing(number, "family-24", mobile=c.mobile(7), confirm=("penalty-due",), payment=paid("60.00"))
    with database.write() as tx:
        tx.execute(update(b.enrolment).values(until=date(2027, 3, 10)))
    changed(database, counter, penalty)
    asked = binding.Unbinding(account=number, document_number=c.document(), mobile=c.mobile(7))
    warned = c.refused(database, binding.unbind, counter, asked, now=NOVEMBER_30)
    assert warned.result == {"confirm": "plan-voided"}
    assert "预约变更的营销案「套餐family-24」作废" in warned.reason
    confirmed = asked.model_copy(update={"confirm": ("plan-voided",)})
    done = c.accepted(database, binding.unbind, counter, confirmed, now=NOVEMBER_30)
    (row,) = c.rows(database, b.plan_change)
    assert (row.state, row.why) == ("void", "number-lost")
    slip = c.slip(database, done)
    assert slip.payment is not None
    assert slip.payment.total == -60_00
    assert slip.invoice is not None
    assert slip.invoice.red_letter
    assert passed(database, counter, NOVEMBER_30 + timedelta(days=1)) == 0
    assert plans(database, number) == [("yearly-300", date(2027, 3, 10), None)]


def test_a_number_that_an_earlier_release_unbound_voids_the_change_on_its_day_and_the_customer_is_told(
    database: Database, counter: Counter
) -> None:
    number = served(database, counter, "standard-300", "100.00", mobile=c.mobile(7))
    done = changed(database, counter, changing(number, "family-24", mobile=c.mobile(7)))
    with database.write() as tx:
        tx.execute(update(b.binding).values(until=NOVEMBER_30, ended_by=done.operation_id))
    passed(database, counter, NOVEMBER_30 + timedelta(days=1))
    (row,) = c.rows(database, b.plan_change)
    assert (row.state, row.why) == ("void", "number-lost")
    assert plans(database, number) == [("standard-300", None, None)]
    assert "作废" in c.effects(database, done)[-1][1]["text"]


# -- one at a time ------------------------------------------------------------------------------------


def test_another_change_replaces_the_scheduled_one_and_its_money_comes_back(
    database: Database, counter: Counter
) -> None:
    number = served(database, counter, "standard-300", "100.00")
    changed(database, counter, changing(number, "fast-1000", payment=paid("440.00")))
    done = changed(database, counter, changing(number, "yearly-300", payment=paid("600.00")))
    assert done.result["paid_back"] == "440.00"
    first, second = c.rows(database, b.plan_change)
    assert (first.state, first.why, second.state) == ("replaced", "another-chosen", "scheduled")
    slip = c.slip(database, done)
    assert slip.payment is not None
    assert slip.payment.total == 600_00
    assert "套餐fast-1000" in slip.notes[0]
    assert "已退回 440.00 元" in slip.notes[1]
    kept = [row.amount if row.kind == "charge" else -row.amount for row in c.rows(database, b.payment)]
    assert (sum(kept), sum(row.amount for row in c.rows(database, b.invoice))) == (700_00, 700_00)


def test_closing_and_transferring_the_account_voids_the_scheduled_change_and_pays_it_back(
    database: Database, counter: Counter
) -> None:
    one, two = (c.in_service(database, counter, n, plan="standard-300", payment=paid("100.00")) for n in (1, 2))
    for n, number in ((1, one), (2, two)):
        request = changing(number, "fast-1000", document_number=c.document(n), payment=paid("440.00"))
        changed(database, counter, request)
    assert isinstance(counter.billing, c.ToldBilling)
    for number in (one, two):
        counter.billing.quotes[c.line(database, number).id] = Quote(0, 0, 0, 240_00, 0, None, "q")  # as was booked
    leaving = closure.Closure(account=one, document_number=c.document(), reason="moving", confirm=("settlement",))
    closed = c.accepted(database, closure.close, counter, leaving, now=NOVEMBER_30)
    giving = transfer.Transfer(
        account=two,
        document_number=c.document(2),
        new_owner=c.person(3),
        password=SecretStr("Wq2!zzKd"),
        scans=tuple(c.scan(kind) for kind in transfer.REQUIRED),
        confirm=("plan-voided",),
    )
    given = c.accepted(database, transfer.transfer, counter, giving, now=NOVEMBER_30)
    assert [(row.state, row.why) for row in c.rows(database, b.plan_change)] == [
        ("void", "closed"),
        ("void", "transferred"),
    ]
    for done in (closed, given):
        payment = c.slip(database, done).payment
        assert payment is not None
        assert payment.total == -440_00


def test_a_paused_line_changes_its_plan_and_one_that_is_stopped_or_being_built_does_not(
    database: Database, counter: Counter
) -> None:
    paused = c.in_service(database, counter, 3, plan="standard-300", payment=paid("100.00"))
    c.suspended(database, paused, "customer-request")
    request = changing(paused, "fast-1000", document_number=c.document(3), payment=paid("440.00"))
    assert changed(database, counter, request).result["effective_on"] == "2026-12-01"
    number = served(database, counter, "standard-300", "100.00")
    c.suspended(database, number, "arrears")
    assert refused(database, counter, changing(number, "fast-1000")) == "wrong-state"
    building = c.opened(database, counter, 2)
    assert refused(database, counter, changing(building, "fast-1000", document_number=c.document(2))) == "wrong-state"


def test_the_plans_conditions_are_judged_as_an_existing_customers(database: Database, counter: Counter) -> None:
    number = served(database, counter, "standard-300", "100.00")
    newcomers = c.plan("welcome-1000", 1000, 80_00, {}, customers="new")
    told = c.refused(database, change_plan, c.selling(counter, newcomers), changing(number, "welcome-1000"))
    assert told.code == "plan-not-offered"
    assert "仅限新客户" in told.reason


def test_a_change_is_done_once_for_its_request_key(database: Database, counter: Counter) -> None:
    number = served(database, counter, "standard-300", "100.00")
    one = changing(number, "fast-1000", payment=paid("440.00"))
    c.done_once(database, plan_change.change_plan, counter, one, changing(number, "yearly-300"))
    assert len(c.rows(database, b.plan_change)) == 1

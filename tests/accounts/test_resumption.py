"""4 开机: each kind is lifted only by what settles it, and the service goes on when the last is lifted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dispatch.accounts import profile, resumption, suspension
from dispatch.accounts.billing import Paid
from dispatch.accounts.operation import Counter, OperationAccepted, OperationRefused
from dispatch.accounts.payment import PaidPart
from dispatch.accounts.profile import Modification, NewDocument
from dispatch.accounts.resumption import Resumption
from dispatch.domain.approval import ApprovalNeed
from dispatch.domain.roles import Role
from dispatch.domain.suspension import KNOWN_AS, LIFTABLE_BY, LIFTED_BY, SuspensionKind
from dispatch.errors import BadInput
from dispatch.ports.billing import Quote
from dispatch.ports.identity_check import CheckPurpose, FraudAnswer, RegistryAnswer
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables.identity import identity_check
from tests import factories as f
from tests.accounts import factories as c
from tests.accounts.billed import bookings
from tests.accounts.registry import ToldRegistry

BOUND = c.mobile(7)
OWED = Quote(120_00, 16_20, 50_00, 0, 0, None, "q1", simulated=True)


def going_on(number: str, reason: str, **changes: Any) -> Resumption:
    """The request of a customer with their document."""
    return Resumption(**{"account": number, "document_number": c.document(), "reason": reason, **changes})


def by_us(number: str, reason: str, **changes: Any) -> Resumption:
    return Resumption(**{"account": number, "reason": reason, **changes})


def state(database: Database, number: str) -> tuple[str, str | None]:
    account = c.line(database, number)
    return account.state, account.suspended_for


def owes(database: Database, counter: Counter, number: str, quote: Quote = OWED) -> None:
    assert isinstance(counter.billing, c.ToldBilling)
    counter.billing.quotes[c.line(database, number).id] = quote


def registry(counter: Counter) -> ToldRegistry:
    assert isinstance(counter.identity, ToldRegistry)
    return counter.identity


@pytest.fixture
def number(database: Database, counter: Counter) -> str:
    return c.in_service(database, counter, plan="family-500", mobile=BOUND)


def refused(database: Database, counter: Counter, request: Resumption, **how: Any) -> OperationRefused:
    return c.refused(database, resumption.resume, counter, request, **how)


@pytest.mark.parametrize("kind", list(SuspensionKind))
def test_no_kind_is_lifted_by_other_or_by_what_settles_another(
    database: Database, counter: Counter, number: str, kind: SuspensionKind
) -> None:
    c.suspended(database, number, KNOWN_AS[kind])
    wrong = {
        "customer-request": going_on(number, "customer-request"),
        "other": going_on(number, "other", note="如客户所述"),
        "real-name-corrected": going_on(number, "real-name-corrected"),
        "password-reset": c.found_again(number),
        "arrears-paid": going_on(number, "arrears-paid"),
    }
    fitting = {
        SuspensionKind.KEEP: {"customer-request", "other"},
        SuspensionKind.LOST: {"password-reset"},
        SuspensionKind.ARREARS: {"arrears-paid"},
        SuspensionKind.REAL_NAME: {"real-name-corrected"},
    }
    for reason, request in wrong.items():
        if reason not in fitting.get(kind, ()):
            outcome = refused(database, counter, request)
            assert outcome.code == "not-lifted-so"
            assert outcome.said.zh == f"「{kind.label.zh}」须{LIFTED_BY[kind].zh}方可开机。"
    assert state(database, number) == ("suspended", KNOWN_AS[kind])


def test_arrears_are_not_lifted_by_other_but_when_paid_and_the_reference_is_on_the_slip(
    database: Database, counter: Counter, number: str
) -> None:
    """The whole debt of 120.00 with the late fee of 16.20 is paid here, by card."""
    c.suspended(database, number, "arrears")
    owes(database, counter, number)
    assert refused(database, counter, going_on(number, "other", note="客户说已缴")).code == "not-lifted-so"
    paid = Paid(method="card", amount="136.20", reference="T20261130")
    for wrong in (None, paid.model_copy(update={"amount": "120.00"})):
        outcome = refused(database, counter, going_on(number, "arrears-paid", payment=wrong))
        assert outcome.code == "bad-amount"

    done = c.accepted(database, resumption.resume, counter, going_on(number, "arrears-paid", payment=paid))

    assert state(database, number) == ("in-service", None)
    slip = c.slip(database, done)
    assert slip.payment is not None
    assert [(line.label.zh, line.fen) for line in slip.payment.amounts] == [("欠费", 120_00), ("滞纳金", 16_20)]
    assert "T20261130" in [line.value for line in slip.sections[0].lines]
    booked = bookings(database, done)
    assert [(each["kind"], each["fen"], each["reference"]) for each in booked[0]["entries"]] == [
        ("payment", 136_20, "T20261130")
    ]
    (row,) = c.rows(database, b.suspension)
    assert (row.lifted_for, row.settled_by, row.lifted_by) == ("arrears-paid", "T20261130", done.operation_id)


def test_arrears_paid_in_parts_are_booked_with_the_reference_of_every_part(
    database: Database, counter: Counter, number: str
) -> None:
    c.suspended(database, number, "arrears")
    owes(database, counter, number)
    more = (PaidPart(method="wechat", amount="50.00", reference="W2"), PaidPart(method="cash", amount="6.20"))
    paid = Paid(method="card", amount="80.00", reference="T1", more=more)

    done = c.accepted(database, resumption.resume, counter, going_on(number, "arrears-paid", payment=paid))

    (booking,) = bookings(database, done)
    invoice = str(done.result["invoice"])
    assert [(each["fen"], each["reference"]) for each in booking["entries"]] == [
        (80_00, "T1"), (50_00, "W2"), (6_20, invoice),
    ]  # fmt: skip
    slip = c.slip(database, done)
    assert slip.payment is not None
    assert slip.payment.reference == "T1 W2"
    assert c.rows(database, b.suspension)[0].settled_by == invoice, "which names all parts"


def test_only_what_is_overdue_is_paid_and_a_bill_that_is_not_due_yet_may_wait(
    database: Database, counter: Counter, number: str
) -> None:
    c.suspended(database, number, "arrears")
    owes(database, counter, number, replace(OWED, arrears=180_00, not_due=60_00))

    paid = Paid(method="cash", amount="136.20")
    c.accepted(database, resumption.resume, counter, going_on(number, "arrears-paid", payment=paid))

    assert state(database, number) == ("in-service", None)


def test_arrears_that_billing_no_longer_knows_of_are_lifted_without_payment(
    database: Database, counter: Counter, number: str
) -> None:
    c.suspended(database, number, "arrears")

    paid = Paid(method="cash", amount="1.00")
    assert refused(database, counter, going_on(number, "arrears-paid", payment=paid)).code == "bad-amount"
    done = c.accepted(database, resumption.resume, counter, going_on(number, "arrears-paid"))

    assert state(database, number) == ("in-service", None)
    assert c.rows(database, b.suspension)[0].settled_by == c.NOTHING_OWED.quote_id
    assert "invoice" not in done.result


def test_arrears_are_not_lifted_while_billing_is_away(database: Database, counter: Counter, number: str) -> None:
    c.suspended(database, number, "arrears")
    assert isinstance(counter.billing, c.ToldBilling)
    counter.billing.away = True

    assert refused(database, counter, going_on(number, "arrears-paid")).code == "port-unavailable"


def test_a_loss_ends_with_the_holders_document_and_a_new_password_in_one_act(
    database: Database, counter: Counter, number: str
) -> None:
    c.accepted(database, suspension.suspend, counter, c.lost(number))
    before = c.line(database, number).password
    for wrong in (
        c.found_again(number, new_password=None),
        Resumption(mobile=BOUND, reason="password-reset", new_password=c.NEW_PASSWORD),
        going_on(number, "customer-request", new_password=c.NEW_PASSWORD),
    ):
        with pytest.raises(BadInput) if wrong.reason == "password-reset" else _anything():
            c.do(database, resumption.resume, counter, wrong)
    without = refused(database, counter, c.found_again(number, scans=()))
    assert without.code == "documents-missing"
    assert refused(database, counter, c.found_again(number, 2)).code == "authentication-failed"

    done = c.accepted(database, resumption.resume, counter, c.found_again(number))

    assert state(database, number) == ("in-service", None)
    assert c.line(database, number).password != before
    orders = [payload.get("order") for port, payload in c.effects(database, done) if port == "provisioning"]
    assert orders == ["password", "resume"]


def _anything() -> Any:
    from contextlib import nullcontext

    return nullcontext()


def test_an_official_suspension_needs_the_authoritys_release_and_an_approval(
    database: Database, counter: Counter, number: str
) -> None:
    c.suspended(database, number, "official-order")
    asked = by_us(number, "order-lifted", reference="穗公解〔2026〕5号", scans=(c.scan("official-release"),))
    without = asked.model_copy(update={"scans": ()})
    assert refused(database, counter, without, actor=f.SUPERVISOR).code == "documents-missing"
    with f.refused(database, BadInput) as tx:
        resumption.resume(tx, counter, asked.model_copy(update={"reference": ""}), f.SUPERVISOR, f.NOW)
    told = refused(database, counter, asked, actor=f.SUPERVISOR)
    assert (told.code, "解除官方停机" in told.reason) == ("approval-needed", True)

    granted = c.approved(database, number, ApprovalNeed.OFFICIAL_LIFT, f.SUPERVISOR)
    cited = asked.model_copy(update={"approvals": (granted,)})
    c.accepted(database, resumption.resume, counter, cited, actor=f.SUPERVISOR)

    assert state(database, number) == ("in-service", None)
    assert c.rows(database, b.suspension)[0].settled_by == "穗公解〔2026〕5号"


def test_abuse_ends_with_a_written_promise_at_the_supervisor(database: Database, counter: Counter, number: str) -> None:
    c.suspended(database, number, "abuse")
    asked = by_us(number, "abuse-ended", scans=(c.scan("rectification"),))
    without = asked.model_copy(update={"scans": ()})
    assert refused(database, counter, without, actor=f.SUPERVISOR).code == "documents-missing"
    assert refused(database, counter, asked).code == "other-role"

    c.accepted(database, resumption.resume, counter, asked, actor=f.SUPERVISOR)

    assert state(database, number) == ("in-service", None)


def test_real_name_is_lifted_once_the_data_were_put_in_order(database: Database, counter: Counter, number: str) -> None:
    registry(counter).tell(c.resident_id(), RegistryAnswer.MISMATCH)
    c.accepted(database, suspension.suspend, counter, suspension.Suspension(account=number, reason="real-name"))
    assert refused(database, counter, going_on(number, "real-name-corrected")).code == "not-lifted-so"
    proved: dict[str, Any] = {"account": number, "document_number": c.document()}
    c.accepted(database, profile.modify, counter, Modification(**proved, mobile=c.mobile(3)))
    assert refused(database, counter, going_on(number, "real-name-corrected")).code == "not-lifted-so", "not that"
    renewed = NewDocument(kind="resident-id", number=c.document(), expires=None)
    registry(counter).tell(c.resident_id())
    corrected = Modification(**proved, new_document=renewed, scans=(c.scan("owner-document"),))
    c.accepted(database, profile.modify, counter, corrected, now=f.NOW + timedelta(minutes=1))

    c.accepted(database, resumption.resume, counter, going_on(number, "real-name-corrected"))

    assert state(database, number) == ("in-service", None)


def test_real_name_is_lifted_by_a_recheck_of_the_shown_document_that_matches(
    database: Database, counter: Counter, number: str
) -> None:
    told, shown = registry(counter), going_on(number, "real-name-corrected")
    c.accepted(database, suspension.suspend, counter, suspension.Suspension(account=number, reason="real-name"))
    for answer in (RegistryAnswer.MISMATCH, RegistryAnswer.NONE):
        told.tell(c.resident_id(), answer)
        outcome = refused(database, counter, shown)
        assert (outcome.code, "补正实名资料" in outcome.said.zh) == ("not-lifted-so", True)
    told.tell(c.resident_id(), RegistryAnswer.MATCH, FraudAnswer.LISTED)
    assert refused(database, counter, shown).code == "to-be-verified"
    told.tell(c.resident_id(), RegistryAnswer.AWAY)
    assert refused(database, counter, shown).code == "port-unavailable"
    told.tell(c.resident_id())
    by_number = Resumption(mobile=BOUND, reason="real-name-corrected")
    assert refused(database, counter, by_number).code == "not-lifted-so", "no document was shown"
    told.asked.clear()

    done = c.accepted(database, resumption.resume, counter, shown)

    assert state(database, number) == ("in-service", None)
    assert told.asked == [(c.person().name, c.resident_id(), CheckPurpose.RECHECK)]
    lines = {line.label.zh: line.value for line in c.slip(database, done).sections[0].lines}
    assert (lines["身份核验"], lines["凭据"]) == ("姓名与证件号码一致 name and number match", "R1")
    (row,) = c.rows(database, identity_check, identity_check.c.operation_id == done.operation_id)
    assert (row.registry, row.reference) == ("match", "R1")


def test_the_service_goes_on_when_the_last_suspension_is_lifted(
    database: Database, counter: Counter, number: str
) -> None:
    c.accepted(database, suspension.suspend, counter, c.lost(number))
    arrears = suspension.Suspension(account=number, reason="arrears")
    c.accepted(database, suspension.suspend, counter, arrears, actor=f.SUPERVISOR)

    first = c.accepted(database, resumption.resume, counter, c.found_again(number))
    assert (first.result["lifted"], first.result["suspended_for"]) == ("lost", "arrears")
    assert state(database, number) == ("suspended", "arrears")
    assert "resume" not in [payload.get("order") for _, payload in c.effects(database, first)]
    assert "欠费停机 Bill not paid" in [line.value for line in c.slip(database, first).sections[0].lines]

    last = c.accepted(database, resumption.resume, counter, going_on(number, "arrears-paid"))
    assert last.result["suspended_for"] is None
    assert "resume" in [payload.get("order") for _, payload in c.effects(database, last)]


def test_a_suspension_by_mistake_is_lifted_with_an_approval_and_its_days_are_credited(
    database: Database, counter: Counter, number: str
) -> None:
    """误停: of 30.00 a month, three of December's 31 days are 2.90."""
    arrears = suspension.Suspension(account=number, reason="arrears")
    c.accepted(database, suspension.suspend, counter, arrears, actor=f.SUPERVISOR)
    later = f.NOW + timedelta(days=2)
    asked = by_us(number, "wrongly-suspended")
    assert refused(database, counter, asked, now=later).code == "approval-needed"

    granted = c.approved(database, number, ApprovalNeed.WRONG_SUSPENSION, now=later)
    cited = asked.model_copy(update={"approvals": (granted,)})
    done = c.accepted(database, resumption.resume, counter, cited, now=later)

    assert state(database, number) == ("in-service", None)
    booked = [payload["entries"] for payload in bookings(database, done)]
    assert [(each["kind"], each["fen"]) for entries in booked for each in entries] == [("credit", 2_90)]


def test_an_account_that_is_not_suspended_is_not_resumed(database: Database, counter: Counter, number: str) -> None:
    assert refused(database, counter, going_on(number, "customer-request")).code == "wrong-state"
    building = c.opened(database, counter, 3)
    request = going_on(building, "customer-request", document_number=c.document(3))
    assert refused(database, counter, request).code == "wrong-state"


def test_each_kind_is_lifted_by_its_roles_alone(database: Database, counter: Counter, number: str) -> None:
    reasons = {"order-lifted": "official", "abuse-ended": "abuse", "arrears-paid": "arrears"}
    for reason, word in reasons.items():
        kind = SuspensionKind(word)
        for actor in (f.CLERK, f.SUPERVISOR):
            if actor.role not in LIFTABLE_BY[kind]:
                assert refused(database, counter, by_us(number, reason), actor=actor).code == "other-role"
    refused_roles = f.forbidden(
        database, lambda tx, actor: resumption.resume(tx, counter, going_on(number, "customer-request"), actor, f.NOW)
    )
    assert refused_roles == f.all_roles_but(Role.CLERK, Role.SUPERVISOR)


def test_a_resumption_repeated_under_one_key_is_done_once(database: Database, counter: Counter, number: str) -> None:
    c.accepted(database, suspension.suspend, counter, c.lost(number))

    outcome = c.done_once(
        database, resumption.resume, counter, c.found_again(number), c.found_again(number, note="另一回事")
    )

    assert isinstance(outcome, OperationAccepted)

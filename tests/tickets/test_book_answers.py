"""【查】: the books answer the script's questions; who answers otherwise notes why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from dispatch.accounts import binding
from dispatch.accounts.binding import Unbinding
from dispatch.accounts.operation import Counter
from dispatch.domain.account import AccountState
from dispatch.domain.book_data import BillingSays
from dispatch.domain.suspension import SuspensionKind
from dispatch.errors import BadInput
from dispatch.ports.billing import Quote, ReceivedPayment
from dispatch.routing.prehandling import Answers, Script, follow
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.tickets import book_answers, intake
from dispatch.tickets.intake import Consulted, FaultReport
from tests import factories as f
from tests.accounts import factories as a

MINUTE = timedelta(minutes=1)
OWES = BillingSays(136_20, None)
CLEARED = BillingSays(0, f.NOW - 40 * MINUTE)


@pytest.fixture
def counter(in_force: Rulebook) -> Counter:
    return a.counter(in_force)


def by_books(
    database: Database,
    script: Script,
    number: str,
    symptom: str,
    *given: tuple[str, str],
    billing: BillingSays | None = None,
) -> Answers:
    """The dialogue after these answers, gone on as long as the books answer."""
    answers: Answers = given
    with database.read() as tx:
        account = book_answers.found(tx, number, f.NOW)
        assert account is not None
        while (question := follow(script.symptom(symptom), answers).next) is not None:
            found = book_answers.says(tx, account, number, question, f.NOW, billing)
            if found is None:
                break
            answers = (*answers, (question.name, found[0]))
    return answers


def suspended(database: Database, kind: SuspensionKind = SuspensionKind.ARREARS) -> None:
    f.account(database)
    f.suspended(database, kind)


def submit(
    database: Database, rules: Rulebook, script: Script, answers: Answers, books: Consulted
) -> intake.AcceptedReport:
    report = FaultReport("GZ1", "no-internet", "不能上网", answers=answers, books=books)
    with database.write() as tx:
        return intake.submit(tx, rules, script, report, f.AGENT_10086, f.NOW)


def test_in_arrears_and_not_paid_yet_is_solved_by_what_the_books_say(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    suspended(database)
    answers = by_books(database, script, "GZ1", "no-internet", billing=OWES)
    assert answers == (("account-state", "in-arrears"), ("paid", "not-yet"))
    assert submit(database, in_force, script, answers, Consulted({}, OWES)).state == "solved"


def test_cleared_40_minutes_ago_becomes_a_ticket_at_system_support_by_what_the_books_say(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    suspended(database)
    answers = by_books(database, script, "GZ1", "no-internet", billing=CLEARED)
    assert answers == (("account-state", "in-arrears"), ("paid", "paid-still-suspended"))
    made = submit(database, in_force, script, answers, Consulted({}, CLEARED))
    (first,) = f.journey(database, made.ticket_id)
    assert (made.state, first.team) == ("open", "system-support")


@pytest.mark.parametrize(
    ("billing", "answer"),
    [
        (BillingSays(136_20, f.NOW - 29 * MINUTE), "just-paid"),
        (BillingSays(0, f.NOW - 30 * MINUTE), "booked-not-resumed"),
        (OWES, "not-booked"),
    ],
)
def test_a_payment_of_under_30_minutes_is_on_its_way(
    database: Database, script: Script, billing: BillingSays, answer: str
) -> None:
    f.account(database)
    given = by_books(database, script, "GZ1", "account-system", ("what", "payment"), billing=billing)
    assert given[-1] == ("payment-age", answer)


def test_the_customer_is_asked_about_payments_while_billing_is_away(database: Database, script: Script) -> None:
    suspended(database)
    assert by_books(database, script, "GZ1", "no-internet") == (("account-state", "in-arrears"),)


@pytest.mark.parametrize("kind", list(SuspensionKind))
@pytest.mark.parametrize("symptom", ["no-internet", "cannot-dial"])
def test_the_accounts_state_is_answered_by_its_suspension(
    database: Database, script: Script, kind: SuspensionKind, symptom: str
) -> None:
    suspended(database, kind)
    own = {"arrears": "in-arrears", "keep": "suspended-by-request", "lost": "suspended-by-request"}
    expected = own.get(kind, "suspended-otherwise") if symptom == "no-internet" else "suspended"
    before = (("code", "code-691"),) if symptom == "cannot-dial" else ()
    assert by_books(database, script, "GZ1", symptom, *before)[len(before)] == ("account-state", expected)


def test_a_line_in_service_is_normal_an_ended_one_and_a_former_name_are_closed(
    database: Database, script: Script
) -> None:
    f.account(database)
    dialled = ("code", "code-691")
    assert by_books(database, script, "GZ1", "no-internet") == (("account-state", "normal"),)
    assert by_books(database, script, "GZ1", "cannot-dial", dialled)[1] == ("account-state", "normal")
    with database.write() as tx:
        row = accounts.find(tx, "GZ1", lock=True)
        assert row is not None
        alias = {"name": "OLD1", "account_id": row.id, "made_at": f.NOW, "until": f.NOW + timedelta(days=365)}
        tx.execute(insert(b.account_alias).values(**alias))
    assert by_books(database, script, "OLD1", "cannot-dial", dialled)[1] == ("account-state", "closed")
    assert by_books(database, script, "OLD1", "no-internet") == (("account-state", "normal"),)
    with database.write() as tx:
        accounts.change(tx, row.id, state=AccountState.CLOSED, ended_at=f.NOW)
    assert by_books(database, script, "GZ1", "cannot-dial", dialled)[1] == ("account-state", "closed")


def test_the_speed_is_the_same_once_the_last_order_is_confirmed(
    database: Database, script: Script, counter: Counter
) -> None:
    number = a.in_service(database, counter)
    assert by_books(database, script, number, "slow") == (("plan", "upgrade-not-effective"),)
    with database.write() as tx:
        tx.execute(update(b.effect).values(state="confirmed", confirmed_at=f.NOW, wake_at=None))
    assert by_books(database, script, number, "slow") == (("plan", "same"),)


def test_the_slip_is_as_in_the_system_and_an_account_from_elsewhere_has_none(
    database: Database, script: Script, counter: Counter
) -> None:
    number = a.in_service(database, counter)
    what = ("what", "profile")
    assert by_books(database, script, number, "account-system", what)[1] == ("slip", "as-in-system")
    with database.write() as tx:
        tx.execute(update(b.enrolment).values(ended_at=f.NOW, ended_for="changed"))
    assert by_books(database, script, number, "account-system", what)[1] == ("slip", "other-than-system")
    f.account(database, "GZ9")
    assert by_books(database, script, "GZ9", "account-system", what)[1] == ("slip", "no-slip")


def test_a_number_that_was_unbound_in_90_days_was_changed(database: Database, script: Script, counter: Counter) -> None:
    number = a.in_service(database, counter, mobile=a.mobile(7), plan="family-500")
    what = ("what", "binding")
    assert by_books(database, script, number, "account-system", what)[1] == ("number-changed", "unchanged")
    gone = Unbinding(account=number, document_number=a.document(), mobile=a.mobile(7), confirm=("plan-voided",))
    a.accepted(database, binding.unbind, counter, gone)
    assert by_books(database, script, number, "account-system", what)[1] == ("number-changed", "changed")


def test_who_answers_otherwise_than_the_books_notes_why(database: Database, in_force: Rulebook, script: Script) -> None:
    suspended(database)
    otherwise = (("account-state", "in-arrears"), ("paid", "paid-still-suspended"))
    with pytest.raises(BadInput, match="paid"):
        submit(database, in_force, script, otherwise, Consulted({}, OWES))
    with pytest.raises(BadInput, match="paid"):
        submit(database, in_force, script, otherwise, Consulted({"paid": " "}, OWES))
    made = submit(database, in_force, script, otherwise, Consulted({"paid": "客户出示缴费凭证 4200001"}, OWES))
    (opened, *_) = f.acts(database, made.ticket_id)
    assert opened.detail["overruled"] == {"paid": "客户出示缴费凭证 4200001"}


def test_a_note_where_nothing_is_overruled_is_refused(database: Database, in_force: Rulebook, script: Script) -> None:
    suspended(database)
    answers = (("account-state", "in-arrears"), ("paid", "not-yet"))
    with pytest.raises(BadInput, match="paid"):
        submit(database, in_force, script, answers, Consulted({"paid": "x"}, OWES))


def test_a_transferred_call_is_checked_against_the_books_too(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    suspended(database)
    report = FaultReport("GZ1", "no-internet", "不能上网")
    with database.write() as tx:
        taken = intake.submit(tx, in_force, script, report, f.AGENT_10050, f.NOW)
        intake.transfer(tx, taken.ticket_id, "", f.AGENT_10050, f.NOW)
    with pytest.raises(BadInput, match="account-state"), database.write() as tx:
        intake.take_over(tx, in_force, script, taken.ticket_id, f.SOLVED, f.AGENT_10086, f.NOW, Consulted({}))


def test_billing_is_asked_only_where_a_question_needs_it(database: Database, script: Script) -> None:
    billing = a.ToldBilling(quotes={7: Quote(0, 0, 0, 0, 0, None, "q")}, received=[ReceivedPayment(f.NOW, 60_00, "x")])
    symptom = script.symptom("no-internet")

    def asked(*answers: tuple[str, str], away: bool = False) -> BillingSays | None:
        return book_answers.ask_billing(replace(billing, away=away), 7, symptom, answers, f.NOW, f.CHINA)

    assert asked() is None
    assert asked(("account-state", "in-arrears")) == BillingSays(0, f.NOW)
    assert asked(("account-state", "in-arrears"), ("paid", "just-paid")) == BillingSays(0, f.NOW)
    assert asked(("account-state", "in-arrears"), away=True) is None

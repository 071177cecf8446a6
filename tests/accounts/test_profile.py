"""8 资料修改 on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from dispatch.accounts import profile
from dispatch.accounts.operation import Counter, OperationAccepted, OperationOutcome
from dispatch.accounts.profile import Modification, NewDocument
from dispatch.domain.roles import Role
from dispatch.errors import BadInput
from dispatch.storage import accounts, customers
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c

NEW = "13900139000"
SCANS = (c.scan("owner-document"),)


def modification(number: str, n: int = 1, **changes: Any) -> Modification:
    return Modification(account=number, document_number=SecretStr(c.resident_id(n)), **changes)


def modified(tx: Tx, counter: Counter, request: Modification) -> OperationOutcome:
    return profile.modify(tx, c.answered(tx, profile.modify, counter, request), request, f.CLERK, f.NOW)


def document(n: int = 1, **changes: Any) -> NewDocument:
    shown = {"kind": "resident-id", "number": SecretStr(c.resident_id(n)), "expires": date(2036, 3, 6)}
    return NewDocument(**{**shown, **changes})


def customer(database: Database, number: str) -> Any:
    (row,) = c.rows(database, b.customer, b.customer.c.id == c.line(database, number).customer_id)
    return row


def changes(database: Database, outcome: OperationAccepted) -> dict[str, tuple[str, str]]:
    return {change.label.zh: (change.before, change.after) for change in c.slip(database, outcome).changes}


def test_a_new_mobile_number_holds_for_customer_and_line_and_the_slip_shows_old_and_new_masked(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter)
    done = c.accepted(database, profile.modify, counter, modification(number, mobile="139 0013 9000"))
    assert done.result == {"account": number, "changed": ["mobile", "contact"]}
    assert (customer(database, number).mobile, c.line(database, number).mobile) == (NEW, NEW)
    masked = ("138****8001", "139****9000")
    assert changes(database, done) == {"联系手机": masked, "装机联系电话": masked}
    slip = c.slip(database, done)
    assert (slip.contact, slip.notes) == ("139****9000", ())


def test_the_number_previously_on_file_is_told_of_the_change(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    done = c.accepted(database, profile.modify, counter, modification(number, mobile=NEW))
    ((port, message),) = c.effects(database, done)
    assert (port, message["mobile"]) == ("sms", c.mobile())
    assert NEW not in message["text"]
    assert c.printed(database, done) == [f"slip/{done.operation_id}"]


def test_the_lines_contact_is_changed_alone(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    done = c.accepted(database, profile.modify, counter, modification(number, contact=NEW))
    assert done.result["changed"] == ["contact"]
    assert (customer(database, number).mobile, c.line(database, number).mobile) == (c.mobile(), NEW)
    c.accepted(database, profile.modify, counter, modification(number, mobile="13900139001"))
    assert c.line(database, number).mobile == NEW


def test_a_renewed_document_is_kept_with_its_scan(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    renewed = modification(number, new_document=document(expires=None), scans=SCANS)
    done = c.accepted(database, profile.modify, counter, renewed)
    assert customer(database, number).document_expires is None
    masked = f"居民身份证 {c.resident_id()[:3]}***********{c.resident_id()[-4:]}"
    assert changes(database, done) == {"证件": (f"{masked} 有效期至2036-03-06", f"{masked} 长期")}
    (kept,) = c.rows(database, b.kept_document)
    assert (kept.kind, kept.operation_id) == ("owner-document", done.operation_id)


def test_a_changed_document_authenticates_from_then_on(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    passport = document(kind="passport", number=SecretStr("e12345678"), expires=date(2030, 1, 1), issuing_country="CHN")
    done = c.accepted(database, profile.modify, counter, modification(number, new_document=passport, scans=SCANS))
    row = customer(database, number)
    with database.read() as tx:
        assert customers.document_number(counter.cipher, customers.get(tx, row.id)) == "E12345678"
    assert changes(database, done)["证件"][1] == "护照 CHN E******78 有效期至2030-01-01"
    again = modification(number, mobile=NEW)
    assert c.refused(database, profile.modify, counter, again).code == "authentication-failed"
    by_passport = again.model_copy(update={"document_number": SecretStr("E12345678")})
    c.accepted(database, profile.modify, counter, by_passport)


def test_a_name_is_corrected_from_the_document_and_keeps_its_rare_characters(
    database: Database, counter: Counter
) -> None:
    number = c.in_service(database, counter)
    done = c.accepted(database, profile.modify, counter, modification(number, name="张𬭛乙", scans=SCANS))
    assert customer(database, number).name == "张𬭛乙"
    assert changes(database, done) == {"姓名": ("张㛃乙", "张𬭛乙")}
    assert c.slip(database, done).customer == "张𬭛乙"


def test_a_change_of_the_customer_holds_for_all_their_accounts_and_the_slip_says_so(
    database: Database, counter: Counter
) -> None:
    first = c.in_service(database, counter)
    second = c.in_service(database, counter, 2, holder=c.person(1))
    other = c.in_service(database, counter, 3)
    done = c.accepted(database, profile.modify, counter, modification(first, mobile=NEW))
    assert [c.line(database, each).mobile for each in (first, second, other)] == [NEW, NEW, c.mobile(3)]
    (note,) = c.slip(database, done).notes
    assert "另1个宽带账号" in note
    alone = c.accepted(database, profile.modify, counter, modification(first, contact=c.mobile()))
    assert c.slip(database, alone).notes == ()
    assert c.line(database, second).mobile == NEW


@pytest.mark.parametrize("changed", [{"name": "张㛃丙"}, {"new_document": document(expires=None)}])
def test_a_name_or_a_document_without_its_scan_is_refused(
    database: Database, counter: Counter, changed: dict[str, Any]
) -> None:
    number = c.in_service(database, counter)
    refused = c.refused(database, profile.modify, counter, modification(number, **changed))
    assert refused.code == "documents-missing"
    assert "机主证件" in refused.reason
    wrong_scan = modification(number, scans=(c.scan("transfer-agreement"),), **changed)
    assert c.refused(database, profile.modify, counter, wrong_scan).code == "documents-missing"


@pytest.mark.parametrize(
    "changed",
    [{}, {"mobile": c.mobile()}, {"name": " 张㛃乙 "}, {"new_document": document()}, {"contact": "+86 13800138001"}],
)
def test_a_modification_that_changes_nothing_is_refused(
    database: Database, counter: Counter, changed: dict[str, Any]
) -> None:
    number = c.in_service(database, counter)
    unchanged = modification(number, scans=SCANS, **changed)
    assert c.refused(database, profile.modify, counter, unchanged).code == "nothing-changed"


def test_another_customers_document_is_refused(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    c.in_service(database, counter, 2)
    taken = modification(number, new_document=document(2), scans=SCANS)
    assert c.refused(database, profile.modify, counter, taken).code == "document-taken"


def test_a_modification_that_changes_the_holder_is_refused_as_a_transfer(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    for another in (
        {"name": "李四", "new_document": document(4)},
        {"new_document": document(kind="business-licence", number=c.unit().document_number, expires=None)},
    ):
        refused = c.refused(database, profile.modify, counter, modification(number, scans=SCANS, **another))
        assert refused.code == "another-holder"
        assert "过户" in refused.reason


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"mobile": "02085551234"}, "bad-mobile"),
        ({"contact": ""}, "bad-mobile"),
        ({"name": "张\u0007三"}, "bad-name"),
        ({"name": ""}, "bad-name"),
        ({"new_document": document(kind="library-card")}, "unknown-document-kind"),
        ({"new_document": document(number=SecretStr("440106199003070018"))}, "bad-document-number"),
        ({"new_document": document(expires=date(2026, 3, 1))}, "document-expired"),
        (
            {"new_document": document(kind="passport", number=SecretStr("E12345678"), expires=None)},
            "document-expiry-missing",
        ),
        ({"new_document": document(kind="household-register")}, "document-for-minors"),
    ],
)
def test_data_that_cannot_be_true_are_refused(
    database: Database, counter: Counter, changed: dict[str, Any], code: str
) -> None:
    number = c.in_service(database, counter)
    assert c.refused(database, profile.modify, counter, modification(number, scans=SCANS, **changed)).code == code


def test_somebody_elses_document_changes_nothing(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    c.in_service(database, counter, 2)
    stranger = modification(number, 2, mobile=NEW)
    assert c.refused(database, profile.modify, counter, stranger).code == "authentication-failed"


def test_an_invalid_scan_is_bad_input(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    for scan in (c.scan("holiday-picture"), c.scan("owner-document").model_copy(update={"content": b"hello"})):
        with f.refused(database, BadInput) as tx:
            profile.modify(tx, counter, modification(number, name="张㛃丙", scans=(scan,)), f.CLERK, f.NOW)


def test_an_ended_account_does_not_change_its_customer(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter)
    c.closed(database, counter, number)
    assert c.refused(database, profile.modify, counter, modification(number, mobile=NEW)).code == "wrong-state"


def test_a_repeated_request_changes_the_data_once(database: Database, counter: Counter) -> None:
    request = modification(c.in_service(database, counter), mobile=NEW, request_key="k1")
    first = c.accepted(database, profile.modify, counter, request)
    before = f.dump(database)
    again = c.accepted(database, profile.modify, counter, request)
    assert (again.repeated, again.slip, again.result) == (True, first.slip, first.result)
    assert f.dump(database) == before


def test_only_a_clerk_modifies(database: Database, counter: Counter) -> None:
    request = modification(c.in_service(database, counter), mobile=NEW)
    may_not = f.forbidden(database, lambda tx, actor: profile.modify(tx, counter, request, actor, f.NOW))
    assert may_not == f.all_roles_but(Role.CLERK)


def test_two_clerks_who_reach_one_customer_by_two_accounts_work_one_after_the_other(
    database: Database, counter: Counter
) -> None:
    numbers = [c.in_service(database, counter), c.in_service(database, counter, 2, holder=c.person(1))]
    requests = [modification(numbers[1], mobile=NEW), modification(numbers[0], mobile="13900139001")]
    requests = [c.proved(database, profile.modify, counter, each) for each in requests]
    first, second = (lambda tx, r=r: profile.modify(tx, counter, r, f.CLERK, f.NOW) for r in requests)
    both = c.overtaken(database, first, second)
    assert [type(outcome) for outcome in both] == [OperationAccepted, OperationAccepted]
    assert changes(database, both[1])["联系手机"] == ("139****9000", "139****9001")
    assert {c.line(database, each).mobile for each in numbers} == {"13900139001"}


def test_a_customers_accounts_are_locked_in_order_whichever_was_named(database: Database, counter: Counter) -> None:
    """Otherwise two clerks, each with one of the accounts, would deadlock."""
    older, newer = c.in_service(database, counter), c.in_service(database, counter, 2, holder=c.person(1))
    free = select(b.account).where(b.account.c.number == newer).with_for_update(nowait=True)
    request = c.proved(database, profile.modify, counter, modification(newer, mobile=NEW))
    _, done = c.overtaken(
        database,
        lambda tx: accounts.find(tx, older, lock=True),
        lambda tx: profile.modify(tx, counter, request, f.CLERK, f.NOW),
        lambda tx: tx.execute(free),
    )
    assert isinstance(done, OperationAccepted)


def test_one_document_brought_by_two_customers_at_once_goes_to_one(database: Database, counter: Counter) -> None:
    shown: dict[str, Any] = {"kind": "passport", "number": SecretStr("E12345678"), "expires": date(2030, 1, 1)}
    passport = document(**shown, issuing_country="CHN")
    requests = [modification(c.in_service(database, counter, n), n, new_document=passport, scans=SCANS) for n in (1, 2)]
    first, second = (lambda tx, r=r: modified(tx, counter, r) for r in requests)
    won, lost = c.overtaken(database, first, second)
    assert (type(won), lost.code) == (OperationAccepted, "document-taken")

"""5 密码修改 and 6 密码重置: every step of their rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from dispatch.accounts import closure, password
from dispatch.accounts.authentication import MOST_BY_CLERK, MOST_ON_ACCOUNT, WINDOW
from dispatch.accounts.closure import Closure
from dispatch.accounts.operation import Counter
from dispatch.accounts.password import PasswordChange, PasswordReset
from dispatch.domain.account import AccountState
from dispatch.domain.roles import Actor, Role
from dispatch.errors import BadInput
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as c
from tests.accounts.agents import agent

NEW = "Kw4!tRz9"


def changing(number: str, n: int = 1, **changes: Any) -> PasswordChange:
    asked = {"account": number, "document_number": c.document(n)}
    typed = {"old_password": SecretStr(c.PASSWORD), "new_password": SecretStr(NEW)}
    return PasswordChange(**{**asked, **typed, **changes})


def resetting(number: str, n: int = 1, **changes: Any) -> PasswordReset:
    asked = {"account": number, "document_number": c.document(n), "new_password": SecretStr(NEW)}
    return PasswordReset(**{**asked, "scans": (c.scan("owner-document"),), **changes})


either = pytest.mark.parametrize(
    ("operation", "asking"), [(password.change, changing), (password.reset, resetting)], ids=["change", "reset"]
)


def opens(database: Database, counter: Counter, number: str, typed: str) -> bool:
    return counter.passwords.verify(typed, str(c.line(database, number).password))


@pytest.fixture
def number(database: Database, counter: Counter) -> str:
    return c.in_service(database, counter)


@either
def test_after_a_change_the_new_password_works_and_the_old_one_does_not(
    database: Database, counter: Counter, number: str, operation: c.Operation, asking: Any
) -> None:
    done = c.accepted(database, operation, counter, asking(number))

    assert opens(database, counter, number, NEW)
    assert not opens(database, counter, number, c.PASSWORD)
    assert done.result == {"account": number}
    account = c.line(database, number)
    assert c.effects(database, done) == [
        ("provisioning", {"account_id": account.id, "number": number, "order": "password"}),
        (
            "sms",
            {"mobile": c.mobile(), "text": f"您的宽带账号{number}的密码已更改。如非本人办理，请到营业厅或拨打10086。"},
        ),
    ]
    assert c.printed(database, done) == [f"slip/{done.operation_id}"]
    slip = c.slip(database, done)
    assert (slip.operation, slip.account, slip.customer) == (done.operation, number, c.person().name)
    assert str(slip.sections[0].lines[0].label) == "密码 Password"


@either
def test_no_password_is_in_clear_anywhere_in_the_database(
    database: Database, counter: Counter, number: str, operation: c.Operation, asking: Any
) -> None:
    c.accepted(database, operation, counter, asking(number, request_key="a-key"))
    c.refused(database, operation, counter, asking(number, new_password=SecretStr("54321abc")))

    everything = str(f.dump(database))
    assert not any(typed in everything for typed in (NEW, c.PASSWORD, "54321abc"))


def test_a_wrong_old_password_is_refused_with_the_offer_to_reset_it(
    database: Database, counter: Counter, number: str
) -> None:
    outcome = c.refused(database, password.change, counter, changing(number, old_password=SecretStr("Xy8?mmNN")))

    assert outcome.code == "wrong-old-password"
    assert "可改办密码重置" in outcome.reason
    account = c.line(database, number)
    assert [(row.account_id, row.actor) for row in c.rows(database, b.authentication_failure)] == [
        (account.id, f.CLERK.name)
    ]


@either
def test_a_customer_without_the_holders_document_is_refused_and_counted(
    database: Database, counter: Counter, number: str, operation: c.Operation, asking: Any
) -> None:
    outcome = c.refused(database, operation, counter, asking(number, 2))

    assert outcome.code == "authentication-failed"
    assert len(c.rows(database, b.authentication_failure)) == 1


def test_a_document_is_recognised_however_its_number_is_typed(
    database: Database, counter: Counter, number: str
) -> None:
    typed = " ".join(c.resident_id().lower()).replace("0", "０")
    c.accepted(database, password.change, counter, changing(number, document_number=SecretStr(typed)))


def test_after_five_failures_the_account_is_locked_for_a_quarter_of_an_hour(
    database: Database, counter: Counter, number: str
) -> None:
    wrong = changing(number, old_password=SecretStr("Xy8?mmNN"))
    for _ in range(MOST_ON_ACCOUNT):
        assert c.refused(database, password.change, counter, wrong).code == "wrong-old-password"

    other_clerk = Actor("guo", Role.CLERK)
    locked = c.refused(database, password.change, counter, changing(number), actor=other_clerk)
    assert (locked.code, "15" in locked.reason) == ("authentication-locked", True)
    assert len(c.rows(database, b.authentication_failure)) == MOST_ON_ACCOUNT, "a locked one isn't counted again"
    still = f.NOW + WINDOW - timedelta(seconds=1)
    assert c.refused(database, password.reset, counter, resetting(number), now=still).code == "authentication-locked"
    c.accepted(database, password.change, counter, changing(number), now=f.NOW + WINDOW)


def test_a_clerk_who_tries_account_after_account_is_locked_and_the_others_are_not(
    database: Database, counter: Counter, number: str
) -> None:
    for guess in range(MOST_BY_CLERK):
        tried = changing(f"kd{900 + guess}")
        assert c.refused(database, password.change, counter, tried).code == "authentication-failed"

    assert c.refused(database, password.change, counter, changing(number)).code == "authentication-locked"
    c.accepted(database, password.change, counter, changing(number), actor=Actor("guo", Role.CLERK))


EASY = (
    ("Ab1!", "8至16"),
    ("Ab1!Ab1!Ab1!Ab1!x", "8至16"),
    ("密码密码密码密码", "半角"),
    ("12345678", "连续"),
    ("aaaa!aaa", "重复"),
    (f"x{c.resident_id()[6:14]}", "证件号码"),
    (f"{c.mobile()}!", "手机号码"),
    (c.PASSWORD, "旧密码相同"),
)
"""A password, and the fault that the clerk is told."""


@either
def test_an_easily_guessed_password_and_the_old_one_are_refused(
    database: Database, counter: Counter, number: str, operation: c.Operation, asking: Any
) -> None:
    for typed, why in EASY:
        outcome = c.refused(database, operation, counter, asking(number, new_password=SecretStr(typed)))
        assert outcome.code == "weak-password"
        assert why in outcome.reason
        assert typed not in outcome.reason


def test_a_bound_number_is_refused_as_a_password_too(database: Database, counter: Counter) -> None:
    number = c.in_service(database, counter, plan="family-500", mobile="19958302746")
    typed = SecretStr("a19958302746")

    outcome = c.refused(database, password.change, counter, changing(number, new_password=typed))

    assert outcome.code == "weak-password"


def test_a_reset_asks_for_the_holders_document_before_anything_else(
    database: Database, counter: Counter, number: str
) -> None:
    outcome = c.refused(database, password.reset, counter, resetting(number, 2, scans=()))

    assert outcome.code == "documents-missing"
    assert "机主证件" in outcome.reason
    assert not c.rows(database, b.authentication_failure), "who the customer is was not asked yet"


def test_an_agent_needs_their_own_document_and_an_authorisation_too(
    database: Database, counter: Counter, number: str
) -> None:
    outcome = c.refused(database, password.reset, counter, resetting(number, agent=agent(9)))

    assert outcome.code == "documents-missing"
    assert "经办人证件。" in outcome.reason
    assert "机主证件" not in outcome.reason
    unsigned = tuple(c.scan(kind) for kind in ("owner-document", "agent-document"))
    outcome = c.refused(database, password.reset, counter, resetting(number, agent=agent(9), scans=unsigned))
    assert outcome.said.zh == "资料不齐全，缺少：授权书。"

    scans = tuple(c.scan(kind) for kind in ("owner-document", "agent-document", "authorisation"))
    done = c.accepted(database, password.reset, counter, resetting(number, agent=agent(9), scans=scans))
    kept = c.rows(database, b.kept_document)
    assert [(row.operation_id, row.kind, row.media_type) for row in kept] == [
        (done.operation_id, scan.kind, "image/png") for scan in scans
    ]
    shown = {line.label.zh: line.value for line in c.slip(database, done).sections[0].lines}
    assert shown["经办人"] == f"{agent(9).name}（受托代办 Authorised by the holder）"
    assert shown["经办人证件"].endswith("440***********" + c.resident_id(9)[-4:])
    assert shown["存留资料"].startswith("机主证件")


def test_an_agents_document_is_checked_like_a_holders(database: Database, counter: Counter, number: str) -> None:
    wrong = c.resident_id(9)[:-1] + ("0" if c.resident_id(9)[-1] != "0" else "1")
    scans = tuple(c.scan(kind) for kind in ("owner-document", "agent-document", "authorisation"))
    asked = resetting(number, agent=agent(9, document_number=SecretStr(wrong)), scans=scans)

    assert c.refused(database, password.reset, counter, asked).code == "bad-document-number"


def test_a_scan_of_an_unknown_kind_or_form_is_bad_input(database: Database, counter: Counter, number: str) -> None:
    for scan in (c.scan("selfie"), c.scan("owner-document").model_copy(update={"content": b"GIF89a"})):
        with f.refused(database, BadInput) as tx:
            password.reset(tx, counter, resetting(number, scans=(scan,)), f.CLERK, f.NOW)


def test_the_password_of_a_line_that_is_not_built_yet_can_be_changed(database: Database, counter: Counter) -> None:
    number = c.opened(database, counter)

    c.accepted(database, password.change, counter, changing(number))

    assert opens(database, counter, number, NEW)
    assert c.line(database, number).state == AccountState.INSTALLING


def test_a_closed_account_is_named_as_such_to_its_holder_and_unknown_to_anybody_else(
    database: Database, counter: Counter, number: str
) -> None:
    leaving = Closure(account=number, document_number=c.document(), reason="moving")
    c.accepted(database, closure.close, counter, leaving)

    holders = c.refused(database, password.change, counter, changing(number))
    another = c.refused(database, password.change, counter, changing(number, 2))
    unknown = c.refused(database, password.change, counter, changing("kd404"))

    assert holders.code == "wrong-state"
    assert "已销户" in holders.reason
    assert (another.code, another.reason) == (unknown.code, unknown.reason)
    assert another.code == "authentication-failed"


@either
def test_a_change_repeated_under_one_key_sets_the_password_once(
    database: Database, counter: Counter, number: str, operation: c.Operation, asking: Any
) -> None:
    outcome = c.done_once(
        database, operation, counter, asking(number), asking(number, new_password=SecretStr("Other!42"))
    )

    assert outcome.slip is not None  # type: ignore[union-attr]
    assert opens(database, counter, number, NEW)


@either
def test_a_refusal_repeated_under_one_key_is_counted_once(
    database: Database, counter: Counter, number: str, operation: c.Operation, asking: Any
) -> None:
    outcome = c.done_once(database, operation, counter, asking(number, 2), asking(number))

    assert outcome.code == "authentication-failed"  # type: ignore[union-attr]
    assert len(c.rows(database, b.authentication_failure)) == 1


@either
def test_only_a_clerk_sets_passwords(
    database: Database, counter: Counter, number: str, operation: c.Operation, asking: Any
) -> None:
    refused_roles = f.forbidden(database, lambda tx, actor: operation(tx, counter, asking(number), actor, f.NOW))

    assert refused_roles == f.all_roles_but(Role.CLERK)

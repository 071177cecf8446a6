"""Passwords are hashed and compared before the operation's transaction, in which nobody else writes on SQLite."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatch.accounts import password
from dispatch.accounts.asked_first import with_answers
from dispatch.accounts.operation import Counter, Hasher, OperationAccepted, OperationRefused
from dispatch.accounts.prepared_passwords import PreparedPasswords, prepared_passwords
from dispatch.storage.database import Database
from dispatch.storage.tables.accounts import account
from tests import factories as f
from tests.accounts import factories as a
from tests.accounts import prepared_operations as p
from tests.accounts.codes import KINDS


class Watched:
    """A hasher that notes what it was asked."""

    def __init__(self, hasher: Hasher) -> None:
        self.hasher = hasher
        self.asked: list[str] = []

    def hash(self, password: str, /) -> str:
        self.asked.append("hash")
        return self.hasher.hash(password)

    def verify(self, password: str, hash: str, /) -> bool:
        self.asked.append("verify")
        return self.hasher.verify(password, hash)


@pytest.fixture
def hasher(counter: Counter) -> Watched:
    return Watched(counter.passwords)


@pytest.mark.parametrize(
    ("prepare", "asked"),
    [
        (p.with_code(p.open_), ["hash"]),
        (p.with_code(p.transfer_), ["hash", "verify"]),
        (p.change_password, ["hash", "verify", "verify"]),
        (p.reset_password, ["hash", "verify"]),
        (p.refund_, ["verify"]),
        (p.suspend, []),
    ],
)
def test_in_its_transaction_an_operation_asks_nothing_of_the_hasher(
    database: Database, counter: Counter, hasher: Watched, prepare: p.Prepare, asked: list[str]
) -> None:
    operation, request = prepare(database, counter)
    prepared = prepared_passwords(hasher, database, type(request), dict(request), lambda _: True)
    assert sorted(hasher.asked) == asked
    answered = with_answers(counter, database, KINDS[operation], request, f.CLERK.role, p.LATER)
    with database.write() as tx:
        outcome = operation(tx, replace(answered, passwords=prepared), request, f.CLERK, p.LATER)
    assert isinstance(outcome, OperationAccepted), outcome
    assert sorted(hasher.asked) == asked


def test_a_password_that_another_changed_meanwhile_is_compared_anew(
    database: Database, counter: Counter, hasher: Watched
) -> None:
    operation, request = p.change_password(database, counter)
    prepared = prepared_passwords(hasher, database, type(request), dict(request), lambda _: True)
    with database.write() as tx:
        tx.execute(account.update().values(password=counter.passwords.hash("Qm4#another")))
    answered = with_answers(counter, database, KINDS[operation], request, f.CLERK.role, p.LATER)
    with database.write() as tx:
        outcome = operation(tx, replace(answered, passwords=prepared), request, f.CLERK, p.LATER)
    assert isinstance(outcome, OperationRefused)
    assert outcome.code == "wrong-old-password"


def test_nothing_is_prepared_for_what_is_refused_anyway(database: Database, counter: Counter, hasher: Watched) -> None:
    _, request = p.change_password(database, counter)
    model, asked = password.PasswordChange, dict(request)
    prepared_passwords(hasher, database, model, {**asked, "new_password": "12345678"}, lambda area: area == "haizhu")
    prepared_passwords(hasher, database, model, {**asked, "account": "!", "new_password": 7}, lambda _: True)
    prepared_passwords(
        hasher, database, model, {"old_password": "\ud800" * 999, "new_password": "\ud800"}, lambda _: True
    )
    assert hasher.asked == []


def test_prepared_passwords_are_not_shown_when_they_are_printed(counter: Counter) -> None:
    made = PreparedPasswords.of(counter.passwords, a.PASSWORD, {"old"}, counter.passwords.hash("old"))
    assert a.PASSWORD not in repr(made)
    assert "argon2" not in repr(made)

"""鉴权: authenticate the customer at the counter as an account's holder, by document, password or bound telephone.

Failures are counted per account and per clerk, against guessing.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import timedelta

from pydantic import SecretStr

from dispatch.accounts import suspension_state
from dispatch.accounts.operation import Act
from dispatch.domain.account import LIVING
from dispatch.domain.identity import normalised
from dispatch.domain.naming import read_account_number, read_mobile
from dispatch.errors import AuthenticationFailed, AuthenticationLocked, MobileNotBound, NoSuchCustomer, Refusal
from dispatch.storage import accounts, aliases, customers, enrolments
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.customer_rows import CustomerRow

WINDOW = timedelta(minutes=15)
MOST_ON_ACCOUNT = 5
MOST_BY_CLERK = 20
"""Failures within `WINDOW` after which the account, or the clerk, is locked."""

Owned = tuple[AccountRow, CustomerRow]
"""An account, its row locked, and its customer."""


def by_document(act: Act, number: str, document_number: SecretStr, *, ended: bool = False) -> Owned:
    """Authenticate by the account and the number of its holder's document. `ended`: the account may have ended.

    Raises AuthenticationFailed, AuthenticationLocked; WrongState for an account that has ended; BadInput.
    """

    def fits(_account: AccountRow, customer: CustomerRow) -> bool:
        given = normalised(document_number.get_secret_value())
        of_document = (customer.document_kind, given, customer.issuing_country)
        indexes = customers.document_indexes(act.counter.cipher, *of_document)
        return any(hmac.compare_digest(index, customer.document_index) for index in indexes)

    return _authenticated(act, number, fits, ended=ended)


def by_password(act: Act, number: str, password: SecretStr) -> Owned:
    """Authenticate by the account and its password.

    Raises AuthenticationFailed, AuthenticationLocked; WrongState for an account that has ended; BadInput.
    """

    def fits(account: AccountRow, _customer: CustomerRow) -> bool:
        return password_fits(act, account, password)

    return _authenticated(act, number, fits)


def by_bound_mobile(act: Act, raw: str, number: str | None = None) -> Owned:
    """Find the account by a mobile number that is bound to it; where `number` names an account too, it must be that
    one. Whoever calls this requires the code that was sent to the number (`proof.require_bound`): to name a number
    proves nothing.

    Raises MobileNotBound, counted as a failed authentication; AuthenticationLocked, BadMobile; BadInput.
    """
    mobile, named = read_mobile(raw), None if number is None else read_account_number(number)
    require_unlocked(act, None)
    bound = enrolments.bound_to(act.tx, mobile)
    if bound is None:
        raise count_failure(act, None, MobileNotBound())
    account = accounts.get(act.tx, bound.account_id, lock=True)
    require_unlocked(act, account)
    unbound = enrolments.bound_to(act.tx, mobile) != bound  # while we waited for the account's lock
    if unbound or not act.actor.covers(account.area) or (named and not _is_called(act, account, named)):
        raise count_failure(act, None, MobileNotBound())
    _require_not_suspended(act, account)
    return account, customers.holder(act.tx, account)


def password_fits(act: Act, account: AccountRow, password: SecretStr) -> bool:
    """Return whether this is the account's password; False for an account without one."""
    if account.password is None:
        return False
    return act.counter.passwords.verify(password.get_secret_value(), account.password)


def count_failure(act: Act, account: AccountRow | None, refusal: Refusal | None = None) -> Refusal:
    """The refusal for the caller to raise. The failure is counted although the operation is rolled back."""
    account_id = None if account is None else account.id
    act.keep_refused.append(lambda: customers.note_failure(act.tx, account_id, act.actor, act.now))
    return refusal or AuthenticationFailed()


def _authenticated(
    act: Act, number: str, fits: Callable[[AccountRow, CustomerRow], bool], *, ended: bool = False
) -> Owned:
    account = _called(act, read_account_number(number))
    if act.trial and account is None:
        raise NoSuchCustomer()  # a trial checks no proof, so that nobody can guess one here, uncounted
    if not act.trial:
        require_unlocked(act, account)
    if account is None or account.customer_id is None:
        raise count_failure(act, account)
    customer = customers.get(act.tx, account.customer_id)
    if not act.trial and not fits(account, customer):
        raise count_failure(act, account)
    if not ended:
        _require_living(act, account)
    act.say_if_renamed(account, number)
    return account, customer


def unproved(act: Act, number: str) -> Owned:
    """Find and lock the account for what the operator does by itself, without any proof of the customer.

    Raises NoSuchCustomer; WrongState for an account that has ended.
    """
    account = _called(act, read_account_number(number))
    if account is None or account.customer_id is None:
        raise NoSuchCustomer()
    _require_living(act, account)
    act.say_if_renamed(account, number)
    return account, customers.get(act.tx, account.customer_id)


def _require_living(act: Act, account: AccountRow) -> None:
    """Raises WrongState for an account that has ended, or whose suspension doesn't allow this operation."""
    if account.state not in LIVING:
        raise act.wrong_state(account)
    _require_not_suspended(act, account)


def _require_not_suspended(act: Act, account: AccountRow) -> None:
    why = suspension_state.why_impossible(act.tx, account, act.kind, act.now)
    if why is not None:
        raise act.wrong_state(account, why)


def _called(act: Act, number: str) -> AccountRow | None:
    """Find the living account of this number, or former number, and lock it; else the account that last had it.

    The latter lets its holder hear that the account has ended, not that authentication failed.
    """
    found = aliases.lock_called(act.tx, number, act.now) or accounts.by_numbers(act.tx, [number]).get(number)
    return found if found is not None and act.actor.covers(found.area) else None


def _is_called(act: Act, account: AccountRow, number: str) -> bool:
    found = aliases.called(act.tx, [number], act.now).get(number)
    return found is not None and found.id == account.id


def require_unlocked(act: Act, account: AccountRow | None) -> None:
    """Raises AuthenticationLocked when the account, if any, or the clerk has too many failures."""
    since = act.now - WINDOW
    locked = customers.failures_by(act.tx, act.actor, since) >= MOST_BY_CLERK
    if account is not None:
        locked = locked or customers.failures_on(act.tx, account.id, since) >= MOST_ON_ACCOUNT
    if locked:
        raise AuthenticationLocked(minutes=int(WINDOW.total_seconds() // 60))

"""停机状态 An account's open suspensions, and its service: it stops with the first of them and goes on with the last.

The caller holds the account's lock.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from dispatch import effects
from dispatch.domain.account import AccountState, account_move
from dispatch.domain.suspension import KNOWN_AS, MEANT_BY, SuspensionKind, first_of, may_do
from dispatch.domain.title import Wording
from dispatch.effects import Order
from dispatch.storage import accounts, suspensions
from dispatch.storage.account_rows import AccountRow, SuspensionRow
from dispatch.storage.database import Tx

CLEARED = "cleared"
"""`lifted_for` of arrears that billing says are paid."""
OVER = "until"
"""`lifted_for` of a pause that was over."""
BY_EARLIER_RELEASE = "earlier-release"
"""`lifted_for` of what a process of the release before has lifted, which keeps no such rows."""


def has_begun(row: SuspensionRow) -> bool:
    """Return whether the suspension stops the service; a pause is agreed upon before it begins."""
    return row.wake_at != row.from_at


def kinds_of(rows: Collection[SuspensionRow]) -> list[SuspensionKind]:
    return [SuspensionKind(row.kind) for row in rows]


def open_rows(tx: Tx, account: AccountRow, now: datetime) -> Sequence[SuspensionRow]:
    """The account's open suspensions, agreed pauses included. The account's own state decides where a process of the
    release before, which knows no such rows, has suspended or resumed it."""
    rows = suspensions.unlifted(tx, account.id)
    begun = [row for row in rows if has_begun(row)]
    is_suspended = account.state == AccountState.SUSPENDED
    if is_suspended == bool(begun):
        return rows
    if is_suspended:
        assert account.suspended_for is not None  # the database's constraint `suspended`
        kind = MEANT_BY[account.suspended_for]
        agreed = next((row for row in rows if row.kind == kind), None)
        if agreed is None:
            suspensions.add(tx, account.id, kind, now, reason=account.suspended_for)
        else:
            suspensions.wake(tx, agreed.id, agreed.until)
    else:
        suspensions.lift(tx, [row.id for row in begun], None, BY_EARLIER_RELEASE, now)
    return suspensions.unlifted(tx, account.id)


def why_impossible(tx: Tx, account: AccountRow, operation: str, now: datetime) -> Wording | None:
    """Return for what the account is suspended if that doesn't allow this operation of the counter, else None."""
    kinds = kinds_of(open_rows(tx, account, now))
    if may_do(operation, kinds):
        return None
    first = first_of([kind for kind in kinds if not may_do(operation, [kind])])
    return Wording(first.label.zh, f"suspended: {first.label.en}")


def stop(tx: Tx, account: AccountRow, key: str, now: datetime) -> None:
    """Stop the service if it isn't stopped yet, now that a suspension has begun, and note for what. Raises IllegalMove
    for an account that isn't in service."""
    kinds = kinds_of([row for row in suspensions.unlifted(tx, account.id) if has_begun(row)])
    state = AccountState(account.state)
    if state != AccountState.SUSPENDED:
        state = account_move(state, "suspend")
        effects.provision(tx, key, account, Order.SUSPEND, now)
    accounts.change(tx, account.id, state=state, suspended_for=KNOWN_AS[first_of(kinds)])


def go_on(tx: Tx, account: AccountRow, key: str, now: datetime) -> SuspensionKind | None:
    """Resume the service if no suspension is left. Returns for what it is still suspended; None: for nothing."""
    if account.state != AccountState.SUSPENDED:
        return None  # a pause that had not begun
    kinds = kinds_of([row for row in suspensions.unlifted(tx, account.id) if has_begun(row)])
    if kinds:
        accounts.change(tx, account.id, suspended_for=KNOWN_AS[first_of(kinds)])
        return first_of(kinds)
    effects.provision(tx, key, account, Order.RESUME, now)
    accounts.change(tx, account.id, state=account_move(AccountState.SUSPENDED, "resume"), suspended_for=None)
    return None


def said(number: str, still: SuspensionKind | None) -> str:
    """What the customer is told when a suspension was lifted. `still`: for what the account is still suspended."""
    return f"您的宽带账号{number}{f'还因{still.label.zh}停机' if still else '已开机，可以上网'}。"

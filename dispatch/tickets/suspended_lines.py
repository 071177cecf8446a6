"""停机线路的报障 Reports of faults on suspended lines: the script first, for mostly it ends the call by saying why.

On a suspended line only our own systems can be at fault: the bill is paid and the line is still off. So nothing but a
system fault becomes a ticket; the customer hears of anything else what the line is suspended for and what lifts that.
"""

from __future__ import annotations

from dispatch.domain.account import AccountState
from dispatch.domain.suspension import LIFTED_BY, MEANT_BY, SuspensionKind
from dispatch.errors import AccountNotInService, AccountSuspended
from dispatch.routing.prehandling import Progress
from dispatch.storage.account_rows import AccountRow

SYSTEM_FAULT = "system"
"""The category of faults of our systems, by its name in the rules."""


def kind_of(account: AccountRow) -> SuspensionKind | None:
    """What the account is suspended for; None: it isn't suspended."""
    if account.state != AccountState.SUSPENDED:
        return None
    assert account.suspended_for is not None  # the database's constraint `suspended`
    return MEANT_BY[account.suspended_for]


def require_service(account: AccountRow) -> None:
    """Check that the line works, or would if it weren't suspended. Raises AccountNotInService."""
    state = AccountState(account.state)
    if state not in (AccountState.IN_SERVICE, AccountState.SUSPENDED):
        raise AccountNotInService(account=account.number, state=state.label)


def require_system_fault(account: AccountRow, progress: Progress, category: str) -> None:
    """Check a report that isn't solved on the phone: on a suspended line its ticket must be of a system fault, also by
    the script. Raises AccountSuspended."""
    kind = kind_of(account)
    if kind is not None and {progress.category, category} != {SYSTEM_FAULT}:
        raise told(account, kind)


def told(account: AccountRow, kind: SuspensionKind) -> AccountSuspended:
    """The sentence that says for what the line is suspended and what lifts that."""
    return AccountSuspended(account=account.number, reason=kind.label, what=LIFTED_BY[kind])

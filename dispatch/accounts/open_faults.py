"""The warning before an account operation on a line that has an open fault."""

from __future__ import annotations

from dispatch.accounts.operation import Act
from dispatch.domain.kind import Kind
from dispatch.domain.numbers import ticket_number
from dispatch.domain.title import Title
from dispatch.storage import tickets
from dispatch.storage.account_rows import AccountRow


def warn_of_open_fault(act: Act, account: AccountRow) -> None:
    """Warn of an open fault on the account; the customer must confirm. Raises NeedsConfirmation (`open-fault`)."""
    open_ticket = tickets.open_faults(act.tx, [account.id]).get(account.id)
    if open_ticket is not None:
        number = ticket_number(Kind.FAULT, open_ticket)
        warning = Title(f"该账号有未办结的故障单{number}", f"fault {number} on this account is still open")
        act.warn("open-fault", warning)

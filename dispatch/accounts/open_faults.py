"""The warnings before an account operation on a line that has an open fault or an open complaint."""

from __future__ import annotations

from dispatch.accounts.operation import Act
from dispatch.domain.kind import Kind
from dispatch.domain.numbers import ticket_number
from dispatch.domain.title import Title
from dispatch.storage import complaints, tickets
from dispatch.storage.account_rows import AccountRow


def warn_of_open_fault(act: Act, account: AccountRow) -> None:
    """Warn of an open fault on the account; the customer must confirm. Raises NeedsConfirmation (`open-fault`)."""
    open_ticket = tickets.open_faults(act.tx, [account.id]).get(account.id)
    if open_ticket is not None:
        number = ticket_number(Kind.FAULT, open_ticket)
        warning = Title(f"该账号有未办结的故障单{number}", f"fault {number} on this account is still open")
        act.warn("open-fault", warning)


def warn_of_open_complaint(act: Act, account: AccountRow) -> None:
    """Warn of an open complaint of the account; the customer must confirm. Raises NeedsConfirmation
    (`open-complaint`)."""
    open_ticket = complaints.unfinished(act.tx, account.id)
    if open_ticket is not None:
        number = ticket_number(Kind.COMPLAINT, open_ticket)
        warning = Title(f"该账号有未办结的投诉{number}", f"complaint {number} of this account is still open")
        act.warn("open-complaint", warning)

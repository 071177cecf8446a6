"""The rows of accounts: the line, its suspensions, bindings and moves.

The `Viewed…` rows, here and beside, are what the customer's unified view reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol


class AccountInfo(Protocol):
    """A broadband account without its password."""

    id: int
    number: str
    state: str  # one of `domain.account.AccountState`
    customer_id: int | None  # None: taken over from elsewhere without its customer
    address_id: int | None  # None: taken over from elsewhere without its address
    pon_port_id: int | None  # of which it occupies a place; None: of none
    area: str
    mobile: str  # the contact
    suspended_for: str | None  # None: not suspended
    ended_for: str | None  # None: not ended
    ended_at: datetime | None  # None: not ended
    added_at: datetime
    added_by: str
    twin: int  # not 0: its name and another living account's differ in case alone


class AccountRow(AccountInfo, Protocol):
    """A broadband account."""

    password: str | None  # argon2 hash; None: none was set


class SuspensionRow(Protocol):
    """A suspension of an account."""

    id: int
    account_id: int
    kind: str  # one of `domain.suspension.SuspensionKind`
    reason: str  # one of `domain.reasons.SUSPENSION_REASONS`
    from_at: datetime
    until: datetime | None  # of a pause; None: open-ended
    fee: int  # fen, paid in advance
    authority: str | None
    reference: str | None
    wake_at: datetime | None  # when the relay begins or ends it
    set_by: int | None  # the operation; None: the system
    lifted_by: int | None
    lifted_at: datetime | None  # None: open
    lifted_for: str | None
    settled_by: str | None


class EndingPause(Protocol):
    """A pause that will end by itself."""

    id: int
    account_id: int
    until: datetime
    number: str  # of the account


class AliasRow(Protocol):
    """A former name of an account."""

    id: int
    name: str
    account_id: int
    made_at: datetime  # when the account got another name
    until: datetime  # the account is found by the name before this time


class ViewedAccount(AccountInfo, Protocol):
    """An account with its address and port, each None when it has none."""

    address: str | None
    olt: str | None
    port: str | None


class AccountMatch(Protocol):
    """An account that a search found."""

    id: int
    number: str
    state: str
    area: str
    mobile: str
    address: str | None  # None: it has none
    name: str | None  # the customer's; None: it has none


class AccountMoveRow(Protocol):
    """A move of an account to another address."""

    id: int
    account_id: int
    operation_id: int
    to_address: int
    to_port: int
    order_id: int  # the ticket's id
    voids: Mapping[str, Any] | None  # what takes the place of the plan, which isn't sold there; None: the plan stays
    state: str  # one of `domain.account_move.MoveState`


class BindingRow(Protocol):
    """A mobile number bound to an account, with its validity."""

    id: int
    account_id: int
    mobile: str
    from_at: datetime
    until: datetime | None  # None: valid
    added_by: int  # the operation's id
    ended_by: int | None  # the operation's id; None: valid


class ViewedBinding(BindingRow, Protocol):
    """A binding with its account's number."""

    account: str


class ViewedTicket(Protocol):
    """A ticket of an account, with the team that has it now."""

    id: int
    kind: str
    state: str
    symptom: str
    made_at: datetime
    ended_at: datetime | None  # None: still open
    outcome: str | None  # None: still open
    account: str
    team: str | None  # None: no live hop

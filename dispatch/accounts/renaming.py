"""11 修改账号: give an account a mobile number as its new name, and tell the customer.

For a year the account is also found by its old name, and whoever uses it hears of the new one. To the network only the
new name is known: with the old one nobody logs in.

Source: 家庭宽带业务流程 V1.0, section 11, steps 1 to 3.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from dispatch import effects
from dispatch.accounts import authentication
from dispatch.accounts.open_faults import warn_of_open_fault
from dispatch.accounts.operation import (
    AccountNumber,
    Act,
    Counter,
    OperationOutcome,
    OperationRequest,
    OperationResult,
    carry_out,
)
from dispatch.accounts.place import require_settled
from dispatch.accounts.proof import Code, require_code
from dispatch.accounts.secret import DocumentNumber
from dispatch.domain.account import AccountState
from dispatch.domain.naming import read_mobile
from dispatch.domain.roles import Actor
from dispatch.domain.title import Title
from dispatch.effects import Order
from dispatch.errors import AccountNameTaken, MobileTaken, NothingChanged
from dispatch.slips.forms import Change
from dispatch.storage import accounts, aliases, enrolments
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx


class Renaming(OperationRequest):
    """Gives the account a new number: `new_account`, a mobile number, proved by the `code` that was sent to it."""

    account: AccountNumber
    document_number: DocumentNumber
    new_account: Annotated[str, Field(description="新账号，手机号码 · the new account, a mobile number")]
    code: Code = None


def rename(tx: Tx, counter: Counter, request: Renaming, actor: Actor, now: datetime) -> OperationOutcome:
    """Rename an account. `result`: account, and its name `before`. An open fault must be confirmed (`open-fault`).

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "rename", request, actor, now, lambda act: _rename(act, request))


def _rename(act: Act, request: Renaming) -> OperationResult:
    account, customer = authentication.by_document(act, request.account, request.document_number)
    require_settled(act, account)
    new = read_mobile(request.new_account)
    if account.state == AccountState.INSTALLING:  # the line is being prepared under the old name
        raise act.wrong_state(account)
    for renamed_before in act.renamed:
        raise renamed_before  # whoever gives the old name may not know of the new one
    if new == account.number:
        raise NothingChanged()
    _require_free(act, account, new)
    note = require_code(act, new, request.code, account)
    warn_of_open_fault(act, account)
    renamed = accounts.rename(act.tx, account.id, new)
    aliases.free(act.tx, new)
    aliases.add(act.tx, account.id, account.number, act.now)
    effects.provision(act.tx, act.key, renamed, Order.RENAME, act.now, before=account.number)
    effects.tell(act.tx, act.key, customer.mobile, _told(account.number, new), act.now)
    change = Change(Title("宽带账号", "Account name"), account.number, new)
    slip = act.slip(new, customer, changes=[change], notes=[note] if note else [])
    return OperationResult(renamed, slip, {"account": new, "before": account.number})


def _require_free(act: Act, account: AccountRow, new: str) -> None:
    """The number is bound to no other account, and is neither the name nor a former name of another.

    Raises MobileTaken, AccountNameTaken."""
    bound = enrolments.bound_to(act.tx, new)
    if bound is not None and bound.account_id != account.id:
        raise MobileTaken()
    former = aliases.find(act.tx, [new], act.now).get(new)
    if accounts.find(act.tx, new) is not None or (former is not None and former.account_id != account.id):
        raise AccountNameTaken()


def _told(before: str, new: str) -> str:
    return f"您的宽带账号已由{before}修改为{new}，密码不变。如非本人办理，请到营业厅或拨打10086。"

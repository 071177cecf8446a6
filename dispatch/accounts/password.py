"""5 密码修改, 6 密码重置: change an account's password by the old one, or reset a lost one.

The provisioning system is told that the password has changed, never the password: at log-in (PAP) the network has it
compared with the hash in our database. So no password is stored in clear, and CHAP, which needs that, isn't supported.
Source: 家庭宽带业务流程 V1.0, section 5, steps 1 to 4, and section 6, steps 1 to 5.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import SecretStr

from dispatch import effects
from dispatch.accounts import authentication
from dispatch.accounts.identity_check import check_holder
from dispatch.accounts.operation import (
    AccountNumber,
    Act,
    Counter,
    OperationOutcome,
    OperationRequest,
    OperationResult,
    carry_out,
)
from dispatch.accounts.registration import Scans, require_scans, scans_line, store_scans
from dispatch.accounts.representation import AgentIfAny, represented
from dispatch.accounts.secret import DocumentNumber, NewPassword, OldPassword
from dispatch.domain.account import AccountState
from dispatch.domain.password import check_password
from dispatch.domain.roles import Actor
from dispatch.domain.title import Title
from dispatch.effects import Order
from dispatch.errors import BadPassword, WrongOldPassword
from dispatch.ports.identity_check import CheckPurpose
from dispatch.slips.forms import Section, SlipLine
from dispatch.storage import accounts, customers, enrolments
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.customer_rows import CustomerRow
from dispatch.storage.database import Tx


class PasswordChange(OperationRequest):
    """Changes the password. The customer types both passwords."""

    account: AccountNumber
    document_number: DocumentNumber
    old_password: OldPassword
    new_password: NewPassword


class PasswordReset(OperationRequest):
    """Resets a lost password. `scans` hold the holder's document; with an agent also theirs and the authorisation."""

    account: AccountNumber
    document_number: DocumentNumber
    new_password: NewPassword
    scans: Scans = ()
    agent: AgentIfAny = None


def change(tx: Tx, counter: Counter, request: PasswordChange, actor: Actor, now: datetime) -> OperationOutcome:
    """Change the password. `result`: account.

    A wrong old password counts as a failed authentication, and the refusal offers the reset.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "change-password", request, actor, now, lambda act: _change(act, request))


def reset(tx: Tx, counter: Counter, request: PasswordReset, actor: Actor, now: datetime) -> OperationOutcome:
    """Reset the password. `result`: account. Missing scans are refused before anything else is checked.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "reset-password", request, actor, now, lambda act: _reset(act, request))


def set_password(act: Act, account: AccountRow, customer: CustomerRow, new: SecretStr) -> None:
    """Set the account's password; `customer` is its holder from now on.

    Raises BadPassword, also for the old password. A trial checks only what doesn't compare it with stored data.
    """
    typed = new.get_secret_value()
    if act.trial:
        check_password(typed, account.number)
        return
    bound = [each.mobile for each in enrolments.valid_bindings(act.tx, account.id)]
    document_number = customers.document_number(act.counter.cipher, customer)
    check_password(typed, account.number, document_number, account.mobile, customer.mobile, *bound)
    if authentication.password_fits(act, account, new):
        raise BadPassword(why=Title("不得与旧密码相同", "it is the old one"))
    accounts.change(act.tx, account.id, password=act.counter.passwords.hash(typed))
    if account.state != AccountState.INSTALLING:  # a line that is being installed isn't in the network yet
        effects.provision(act.tx, act.key, account, Order.PASSWORD, act.now)


def _change(act: Act, request: PasswordChange) -> OperationResult:
    account, customer = authentication.by_document(act, request.account, request.document_number)
    if not act.trial and not authentication.password_fits(act, account, request.old_password):
        raise authentication.count_failure(act, account, WrongOldPassword())
    return _done(act, account, customer, request.new_password)


def _reset(act: Act, request: PasswordReset) -> OperationResult:
    store_scans(act, request.scans, ("owner-document", *(("agent-document",) if request.agent else ())))
    account, customer = authentication.by_document(act, request.account, request.document_number)
    checked_for = (CheckPurpose.RESET_PASSWORD, account.area)
    check_holder(act, customer, *checked_for)
    standing = represented(act, customer, request.agent, shows_licence=True, checked_for=checked_for)
    require_scans(act, request.scans, standing.scans)
    return _done(act, account, customer, request.new_password, *standing.lines, scans_line(request.scans))


def _done(act: Act, account: AccountRow, customer: CustomerRow, new: SecretStr, *lines: SlipLine) -> OperationResult:
    set_password(act, account, customer, new)
    text = f"您的宽带账号{account.number}的密码已更改。如非本人办理，请到营业厅或拨打10086。"
    effects.tell(act.tx, act.key, customer.mobile, text, act.now)
    changed = SlipLine(Title("密码", "Password"), "已更改 changed")
    notes = ["请妥善保管密码，勿告知他人。Keep the password to yourself."]
    if account.state == AccountState.SUSPENDED:
        notes.append("账号仍为停机，须另办开机。The account is still suspended: have it resumed.")
    sections = [Section(Title("密码", "Password"), (changed, *lines))]
    return OperationResult(
        account, act.slip(account.number, customer, sections=sections, notes=notes), {"account": account.number}
    )

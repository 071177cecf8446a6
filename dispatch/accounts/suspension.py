"""4 停机, 开机: suspend the service and resume it; account, port and number are kept.

By the rule book a customer with a bound telephone needs no document for either, so that a line can be stopped quickly.
Source: 家庭宽带业务流程 V1.0, section 4, steps 1 to 4.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, SecretStr

from dispatch import effects
from dispatch.accounts import authentication
from dispatch.accounts.authentication import Owned
from dispatch.accounts.open_faults import warn_of_open_fault
from dispatch.accounts.operation import Act, Counter, OperationOutcome, OperationResult, carry_out
from dispatch.accounts.proof import Code, require_bound
from dispatch.accounts.reason import Reasoned, reason_lines
from dispatch.accounts.secret import Prompt
from dispatch.domain.naming import read_mobile
from dispatch.domain.reasons import RESUMPTION_REASONS, SETTLED_BY, SUSPENSION_REASONS
from dispatch.domain.roles import Actor
from dispatch.domain.title import Title, Wording
from dispatch.effects import Order
from dispatch.errors import BadInput
from dispatch.slips.forms import Section, SlipLine
from dispatch.storage.database import Tx


class Suspension(Reasoned):
    """Suspends or resumes the account of the bound `mobile` number, proved by the `code` that was sent to it; or
    `account`, proved by `document_number`."""

    mobile: Annotated[str | None, Field(description="已绑定的手机号码 · mobile number that is bound to it")] = None
    code: Code = None
    account: Annotated[str | None, Field(description="宽带账号 · or the broadband account …")] = None
    document_number: Annotated[
        SecretStr | None, Field(description="证件号码 · … and number of the document"), Prompt(beside="account")
    ] = None


def suspend(tx: Tx, counter: Counter, request: Suspension, actor: Actor, now: datetime) -> OperationOutcome:
    """Suspend an account. `result`: account. An open fault must be confirmed (`open-fault`).

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "suspend", request, actor, now, lambda act: _suspend(act, request))


def resume(tx: Tx, counter: Counter, request: Suspension, actor: Actor, now: datetime) -> OperationOutcome:
    """Resume an account. `result`: account.

    If the reason doesn't settle the cause of the suspension, such as an unpaid bill, this must be confirmed
    (`cause-unsettled`).

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "resume", request, actor, now, lambda act: _resume(act, request))


def _suspend(act: Act, request: Suspension) -> OperationResult:
    lines = reason_lines(request, SUSPENSION_REASONS, Title("停机原因", "Reason for suspending"))
    account, customer = _found(act, request)
    act.move(account, "suspend", suspended_for=request.reason)
    warn_of_open_fault(act, account)
    effects.provision(act.tx, act.key, account, Order.SUSPEND, act.now)
    reason = SUSPENSION_REASONS[request.reason]
    text = f"您的宽带账号{account.number}已停机（{reason.zh}）。如非本人办理，请到营业厅或拨打10086。"
    effects.tell(act.tx, act.key, customer.mobile, text, act.now)
    slip = act.slip(account.number, customer, sections=[Section(Title("停机", "Suspension"), lines)])
    return OperationResult(account, slip, {"account": account.number})


def _resume(act: Act, request: Suspension) -> OperationResult:
    lines = reason_lines(request, RESUMPTION_REASONS, Title("开机原因", "Reason for resuming"))
    account, customer = _found(act, request)
    act.move(account, "resume", suspended_for=None)
    assert account.suspended_for is not None  # the database's constraint `suspended`
    cause = SUSPENSION_REASONS[account.suspended_for]
    if request.reason not in SETTLED_BY.get(account.suspended_for, RESUMPTION_REASONS):
        act.warn("cause-unsettled", Title(f"停机原因为「{cause.zh}」", f"the cause of the suspension: {cause.en}"))
    effects.provision(act.tx, act.key, account, Order.RESUME, act.now)
    effects.tell(act.tx, act.key, customer.mobile, f"您的宽带账号{account.number}已开机，可以上网。", act.now)
    had = SlipLine(Title("原停机原因", "Had been suspended for"), str(cause))
    slip = act.slip(account.number, customer, sections=[Section(Title("开机", "Resumption"), (*lines, had))])
    return OperationResult(account, slip, {"account": account.number})


def _found(act: Act, request: Suspension) -> Owned:
    """Authenticate by the bound mobile number, or by account and document; lock the account.

    Raises AuthenticationFailed, AuthenticationLocked, MobileNotBound, BadCode, BadMobile; BadInput.
    """
    number, document_number = request.account, request.document_number
    if request.mobile is not None and number is None and document_number is None:
        account, customer = authentication.by_bound_mobile(act, request.mobile)
        require_bound(act, read_mobile(request.mobile), request.code, account)
        return account, customer
    if request.mobile is None and number is not None and document_number is not None:
        return authentication.by_document(act, number, document_number)
    raise BadInput(
        what=Wording(
            "请给出绑定的手机号码，或账号和证件号码", "give a bound mobile number, or account and document number"
        )
    )

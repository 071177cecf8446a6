"""2 过户: transfer an account in service to a new owner, registered by their real name.

The rule book leaves three points open. They are decided here as follows.
- The old owner's bound mobile numbers are unbound, and a plan that one of them carries is voided. Otherwise the old
  owner could still have the line stopped, since a bound telephone replaces the document. A number that is the new
  owner's own contact stays bound.
- The new owner types a new password, so that the old owner's password is of no more use.
- A suspended account must be resumed first: its cause, such as an unpaid bill, is for the old owner to settle.
- The old owner pays everything owed, what isn't billed yet included, and the penalty for a plan that the transfer voids
  (`handing_over`). A term that runs on passes over, which is said. What is paid in advance goes over or back.
- A change of plan that the old owner chose doesn't take place, and what was paid for it goes back.
- The devices pass over with the line.
Source: 家庭宽带业务流程 V1.0, section 2, steps 1 to 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import Field, SecretStr

from dispatch import effects
from dispatch.accounts import authentication, handing_over
from dispatch.accounts.billing import Paid
from dispatch.accounts.binding import PLANNED
from dispatch.accounts.devices import device_lines
from dispatch.accounts.enrolment import as_applicant, void_change, void_plan
from dispatch.accounts.handing_over import BalanceGoes
from dispatch.accounts.identity_check import check_holder
from dispatch.accounts.line_limit import require_room
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
from dispatch.accounts.password import set_password
from dispatch.accounts.place import require_settled
from dispatch.accounts.proof import require_code
from dispatch.accounts.registration import Person, Scans, register, require_scans, scans_line, store_scans
from dispatch.accounts.representation import Agent, represented
from dispatch.accounts.secret import DocumentNumber, NewPassword
from dispatch.domain.account import AccountState
from dispatch.domain.agency import CheckedPerson, Party
from dispatch.domain.naming import masked_mobile, masked_name
from dispatch.domain.plan_change import TRANSFERRED, PlanChangeState
from dispatch.domain.plans import why_not_offered
from dispatch.domain.roles import Actor
from dispatch.domain.title import Title
from dispatch.errors import PlanNotOffered, SameOwner
from dispatch.ports.identity_check import CheckPurpose
from dispatch.slips.forms import Change, Section
from dispatch.storage import accounts, aliases, devices, enrolments
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.customer_rows import CustomerRow
from dispatch.storage.database import Tx
from dispatch.storage.plan_rows import EnrolmentRow

REQUIRED = ("owner-document", "new-owner-document", "transfer-agreement")
"""The scans that every transfer needs."""


class Transfer(OperationRequest):
    """Gives an account to a new owner, who types `password`, and proves their number by the `code` that was sent to it.
    `account` and `document_number` are the old owner's.

    `scans` hold what `REQUIRED` names, and what an agent of either owner brings.
    """

    account: AccountNumber
    document_number: DocumentNumber
    new_owner: Person
    password: NewPassword
    balance: Annotated[BalanceGoes, Field(description="预存余额 · what becomes of the balance")] = "move"
    payment: Annotated[Paid | None, Field(description="原机主结清 · what the old owner pays")] = None
    scans: Scans = ()
    code: Annotated[
        SecretStr | None,
        Field(description="新机主手机收到的验证码 · code from the text message to the new owner's number"),
    ] = None
    agent: Annotated[Agent | None, Field(description="原机主经办人 · agent who acts for the old owner")] = None
    new_owner_agent: Annotated[Agent | None, Field(description="新机主经办人 · agent who acts for the new owner")] = (
        None
    )


def transfer(tx: Tx, counter: Counter, request: Transfer, actor: Actor, now: datetime) -> OperationOutcome:
    """Transfer an account. `result`: account, invoice, the numbers of red-letter invoices, and what the old owner
    settled: `settlement` and `total` as of `settlement.preview`.

    To be confirmed: `open-fault`; `bindings-end` when bound numbers are the old owner's; `plan-voided` when one of them
    carries the plan, when the plan's conditions exclude the new owner, or when a change of plan is scheduled;
    `penalty-due` for a plan that is voided in its term, else `term-passes` while a term runs.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "transfer", request, actor, now, lambda act: _transfer(act, request))


def _transfer(act: Act, request: Transfer) -> OperationResult:
    account, old = authentication.by_document(act, request.account, request.document_number)
    require_settled(act, account)
    checked_for = (CheckPurpose.TRANSFER, account.area)
    standing = represented(act, old, request.agent, shows_licence=True, checked_for=checked_for)
    store_scans(act, request.scans, (*REQUIRED, *standing.scans))
    if account.state != AccountState.IN_SERVICE:
        raise act.wrong_state(account)
    new = register(act, request.new_owner)
    if new.id == old.id:
        raise SameOwner()
    check_holder(act, new, *checked_for, CheckedPerson.NEW_OWNER)
    of_new = represented(
        act, new, request.new_owner_agent, party=Party.NEW_OWNER, shows_licence=True, checked_for=checked_for
    )
    require_scans(act, request.scans, of_new.scans)
    require_room(act, new, account.area)
    unsent = require_code(act, new.mobile, request.code, account)
    warn_of_open_fault(act, account)
    unbound, unbinding = _unbind(act, account, new)
    ending = _ending(act, account, new, unbound)
    owed = handing_over.work_out(act, account, request.balance, voided=ending is not None)
    voiding = _void(act, account, ending)
    handing_over.warn(act, account, owed)
    settled = handing_over.settle(act, account, old, owed, request.payment)
    accounts.change(act.tx, account.id, customer_id=new.id, mobile=new.mobile)
    aliases.end(act.tx, account.id)  # the old owner's names lead to nobody else's line
    set_password(act, account, new, request.password)
    _tell(act, account, old, new)
    changes = (*_owners(act, old, new), *unbinding, *voiding)
    kept = Section(Title("过户资料", "Documents"), (*standing.lines, *of_new.lines, scans_line(request.scans)))
    slip = act.slip(
        account.number,
        new,
        sections=[kept, *_devices(act, account), *settled.sections],
        changes=changes,
        payment=settled.payment,
        invoice=settled.invoice,
        notes=[*settled.notes, *filter(None, [unsent])],
    )
    return OperationResult(account, slip, {"account": account.number, **settled.result})


def _devices(act: Act, account: AccountRow) -> Sequence[Section]:
    """The devices that pass over with the line, as a part of the slip."""
    lines = device_lines(devices.lock_issued(act.tx, account.id))
    return [Section(Title("随线路移交的终端", "Devices that pass over"), lines)] if lines else []


def _owners(act: Act, old: CustomerRow, new: CustomerRow) -> tuple[Change, ...]:
    return (
        Change(Title("机主", "Owner"), masked_name(old.name), masked_name(new.name)),
        Change(Title("证件", "Document"), act.shown_document(old), act.shown_document(new)),
        Change(Title("联系电话", "Contact"), masked_mobile(old.mobile), masked_mobile(new.mobile)),
        Change(Title("密码", "Password"), "原机主的 the old owner's", "新机主自设 the new owner's own"),
    )


def _unbind(act: Act, account: AccountRow, new: CustomerRow) -> tuple[list[str], list[Change]]:
    """Unbind the old owner's numbers. Returns them, and the slip's line. Raises NeedsConfirmation (`bindings-end`)."""
    bound = [each for each in enrolments.valid_bindings(act.tx, account.id) if each.mobile != new.mobile]
    if not bound:
        return [], []
    shown = "、".join(masked_mobile(each.mobile) for each in bound)
    warning = Title(f"原机主绑定的号码{shown}将解除绑定", f"numbers that the old owner bound are unbound: {shown}")
    act.warn("bindings-end", warning)
    enrolments.unbind(act.tx, [each.id for each in bound], act.operation_id, act.now)
    return [each.mobile for each in bound], [Change(Title("绑定手机号码", "Bound mobile numbers"), shown, "")]


class _Ending(NamedTuple):
    """A plan that the new owner can't keep, and why."""

    enrolment: EnrolmentRow
    why: Title


def _ending(act: Act, account: AccountRow, new: CustomerRow, unbound: Sequence[str]) -> _Ending | None:
    """The plan, if the new owner can't keep it. Raises PlanNotOffered when its terms don't say what replaces it."""
    enrolment = enrolments.in_force(act.tx, account.id)
    if enrolment is None or (why := _why_voided(act, account, new, enrolment, unbound)) is None:
        return None
    if enrolment.terms["when_voided"] is None:
        raise PlanNotOffered(plan=Title(**enrolment.terms["title"]), why=why)
    return _Ending(enrolment, why)


def _void(act: Act, account: AccountRow, ending: _Ending | None) -> list[Change]:
    """Void the plan that ends, and a change of plan that the old owner chose. Returns the slip's lines.

    Raises NeedsConfirmation (`plan-voided`).
    """
    changes, said = list[Change](), list[Title]()
    if ending is not None:
        plan, why = Title(**ending.enrolment.terms["title"]), ending.why
        after = void_plan(act, account, ending.enrolment)  # rolled back unless the customer confirms
        zh, en = f"营销案「{plan.zh}」失效：{why.zh}，{after.zh}", f"the plan {plan.en} is voided: {why.en}; {after.en}"
        said.append(Title(zh, en))
        changes.append(Change(Title("营销案", "Marketing plan"), str(plan), str(after)))
    dropped = void_change(act, account, PlanChangeState.VOID, TRANSFERRED)
    if dropped is not None:
        zh, en = f"预约变更的营销案「{dropped.zh}」作废", f"the change to the plan {dropped.en} doesn't take place"
        said.append(Title(zh, en))
        changes.append(Change(PLANNED, str(dropped), ""))
    if said:
        act.warn("plan-voided", Title("；".join(each.zh for each in said), "; ".join(each.en for each in said)))
    return changes


def _why_voided(
    act: Act, account: AccountRow, new: CustomerRow, enrolment: EnrolmentRow, unbound: Sequence[str]
) -> Title | None:
    if enrolment.mobile in unbound:
        return Title("承载它的号码解除绑定", "the number that carries it is unbound")
    plan = act.counter.plans.plans.get(enrolment.plan) if enrolment.plan else None
    return why_not_offered(plan, as_applicant(act, new, account.area, enrolment.mobile)) if plan else None


def _tell(act: Act, account: AccountRow, old: CustomerRow, new: CustomerRow) -> None:
    ask = "如有疑问，请到营业厅或拨打10086。"
    gone = f"您的宽带账号{account.number}已过户给新机主。{ask}"
    effects.tell(act.tx, f"{act.key}/old-owner", old.mobile, gone, act.now)
    come = f"宽带账号{account.number}已过户到您名下。{ask}"
    effects.tell(act.tx, f"{act.key}/new-owner", new.mobile, come, act.now)

"""变更营销案: enrol an account in another plan, from the next bill on, or renew the one that it has 续约.

The document leaves the conditions open; they are decided here as follows.
- A change takes effect with the next bill. An account that has no plan, for example after one was voided, may have one
  at once.
- While a term runs, a lower monthly fee costs the penalty 违约金 of the terms. Any other change is free, and begins a
  new term.
- In the last 60 days of a term the same plan can be had again. The new term begins when the old one is over.
- Prepayment and whatever the new deposit exceeds the old one by are paid now. They are paid back when the change never
  takes effect.
Source: 家庭宽带业务流程 V1.0, sections 1 (enrolment by the customer's wish) and 9 (a voided plan may be taken anew).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from dispatch import effects
from dispatch.accounts import authentication, billing, plan_calendar
from dispatch.accounts.billing import Due, Paid
from dispatch.accounts.enrolment import as_applicant, plan_lines, require_bound, void_change, warn_of_penalty
from dispatch.accounts.operation import (
    AccountNumber,
    Act,
    Counter,
    OperationOutcome,
    OperationRequest,
    OperationResult,
    carry_out,
)
from dispatch.accounts.registration import Scans
from dispatch.accounts.representation import AgentIfAny, attended
from dispatch.accounts.secret import DocumentNumber
from dispatch.domain.account import AccountState
from dispatch.domain.money import write_yuan
from dispatch.domain.plan_change import ANOTHER_CHOSEN, RENEWAL, PlanChangeState
from dispatch.domain.plans import CHARGES, Plan, months_later, next_bill_day, penalty_for, require_offered
from dispatch.domain.roles import Actor
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadInput, NothingChanged, PlanNotOffered
from dispatch.slips.forms import Change, InvoiceMention, Section, SlipLine
from dispatch.storage import enrolments, plan_changes
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx
from dispatch.storage.plan_rows import EnrolmentRow

Effective = Literal["next-bill", "now"]

EFFECTIVE: dict[Effective, Title] = {
    "next-bill": Title("下一账期（续约：合约到期日）", "With the next bill (a renewal: when the term is over)"),
    "now": Title("立即（仅限现无营销案）", "At once (only without a plan)"),
}


class PlanChange(OperationRequest):
    """Enrols the account in another plan, or renews the present one. `mobile` is the bound number that carries it."""

    account: AccountNumber
    document_number: DocumentNumber
    plan: Annotated[str, Field(description="新营销案 · the new plan, by its name")]
    effective: Annotated[Effective, Field(description="生效 · when it takes effect")] = "next-bill"
    mobile: Annotated[
        str | None,
        Field(description="承载营销案的已绑定手机号码 · bound mobile number that carries the plan, if one must"),
    ] = None
    payment: Annotated[Paid | None, Field(description="收款 · the customer's payment")] = None
    scans: Scans = ()
    agent: AgentIfAny = None


def change_plan(tx: Tx, counter: Counter, request: PlanChange, actor: Actor, now: datetime) -> OperationOutcome:
    """Change an account's plan. `result`: account, plan by language, `effective_on` as ISO 8601, invoice, and
    `paid_back` in yuan.

    To be confirmed: `penalty-due` for a lower fee while a term runs.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "change-plan", request, actor, now, lambda act: _change(act, request))


def _change(act: Act, request: PlanChange) -> OperationResult:
    account, customer = authentication.by_document(act, request.account, request.document_number)
    if account.state == AccountState.INSTALLING:
        raise act.wrong_state(account)
    standing = attended(act, customer, request.agent, request.scans)
    plan, current = act.counter.plans.plan(request.plan), enrolments.in_force(act.tx, account.id)
    day = _effective_on(act, request.effective, plan, current)
    mobile = _carrier(act, account, plan, request.mobile)
    require_offered(plan, as_applicant(act, customer, account.area, mobile), act.today)
    penalty = _penalty(plan, current, day)
    warn_of_penalty(act, penalty)
    replaced = void_change(act, account, PlanChangeState.REPLACED, ANOTHER_CHOSEN)
    change = plan_changes.schedule(
        act.tx, account.id, act.operation_id, plan.name, act.counter.plans.version, plan.terms(), mobile, act.now, day
    )
    if request.effective == "now":
        plan_calendar.take_effect(act.tx, account, change, act.counter.zone, act.now)
    else:
        told = f"您的宽带账号{account.number}已办理变更营销案：「{plan.title.zh}」自{day}起生效。"
        effects.tell(act.tx, act.key, customer.mobile, f"{told}如非本人办理，请到营业厅或拨打10086。", act.now)
    back, taken_back = billing.pay_back_unused(act, account)
    due = _due(act, account, plan, penalty)
    payment, invoice = billing.charge(act, account, customer.name, due, request.payment)
    before = str(Title(**current.terms["title"])) if current and current.plan else ""
    lines = [*plan_lines(plan, mobile), SlipLine(Title("生效日期", "Takes effect on"), day.isoformat())]
    if plan.term:
        end = months_later(day, plan.term).isoformat()
        lines.append(SlipLine(Title("合约到期", "The term is over on"), end))
    slip = act.slip(
        account.number,
        customer,
        sections=[Section(Title("变更营销案", "Change of plan"), tuple(lines)), *standing.sections()],
        changes=[Change(Title("营销案", "Marketing plan"), before, str(plan.title))],
        payment=payment or back,
        invoice=invoice or next(iter(taken_back), None),
        notes=_notes(replaced, -back.total if back else 0, taken_back),
    )
    result = {
        "account": account.number,
        "plan": plan.title.stored(),
        "effective_on": day.isoformat(),
        "invoice": invoice.number if invoice else None,
        "paid_back": write_yuan(-back.total) if back else None,
    }
    return OperationResult(account, slip, result)


def _effective_on(act: Act, wanted: Effective, plan: Plan, current: EnrolmentRow | None) -> date:
    """The day on which the plan takes effect. Raises PlanNotOffered, NothingChanged."""
    has_plan = current is not None and current.plan is not None
    if wanted == "now":
        if has_plan:
            raise PlanNotOffered(
                plan=plan.title,
                why=Title("已有营销案，须自下一账期起变更", "the account has a plan: it changes with the next bill"),
            )
        return act.today
    if current is not None and current.plan == plan.name:
        if current.until is not None and current.until > act.today:
            return _renewal(act.today, plan, current.until)
        if not plan.term:
            raise NothingChanged()
    return next_bill_day(act.today, act.counter.bill_day)


def _renewal(today: date, plan: Plan, end: date) -> date:
    """Raises PlanNotOffered before the last days of the term."""
    first = end - RENEWAL
    if today < first:
        why = Title(
            f"合约{end}到期，{first}起方可续约", f"its term is over on {end}: it can be renewed from {first} on"
        )
        raise PlanNotOffered(plan=plan.title, why=why)
    return end


def _carrier(act: Act, account: AccountRow, plan: Plan, raw: str | None) -> str | None:
    """The bound number that carries the plan. Raises BadMobile, NotBound; BadInput."""
    if raw is None:
        return None
    if not plan.needs_mobile:
        raise BadInput(what=Wording("该营销案不需要手机号码", "no mobile number carries this plan: leave it out"))
    return require_bound(act, account, raw).mobile


def _penalty(plan: Plan, current: EnrolmentRow | None, day: date) -> int:
    """The penalty for a lower fee while a term runs, in fen."""
    if current is None or plan.monthly_fee >= current.terms["monthly_fee"]:
        return 0
    return penalty_for(current.terms, day, current.until)


def _due(act: Act, account: AccountRow, plan: Plan, penalty: int) -> Due:
    """What is paid now: no installation, and of the deposit what the account's deposits don't cover."""
    amounts = {charge.name: charge.amount for charge in plan.charges}
    deposit = max(0, amounts.get("deposit", 0) - billing.deposits(act, account))
    return [
        (Title("合约违约金", "Penalty for leaving the term"), penalty),
        (CHARGES["deposit"], deposit),
        (CHARGES["prepaid"], amounts.get("prepaid", 0)),
    ]


def _notes(replaced: Title | None, back: int, invoices: list[InvoiceMention]) -> list[str]:
    """What the slip says of a change that this one replaces."""
    if replaced is None:
        return []
    said = f"原预约变更「{replaced.zh}」作废 The change to {replaced.en}, scheduled before, is void"
    if not back:
        return [said]
    sum_, red = write_yuan(back), "、".join(each.red_letter for each in invoices)
    return [said, f"已退回 {sum_} 元，红字发票 {red} {sum_} yuan were paid back, red-letter invoice {red}"]

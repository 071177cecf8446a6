"""办理营销案: enrol an account in a marketing plan, which may depend on a bound mobile number (its carrier)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dispatch import effects
from dispatch.accounts import monthly_fee
from dispatch.accounts.operation import Act
from dispatch.domain.account import LIVING, AccountState
from dispatch.domain.identity import DOCUMENT_KINDS
from dispatch.domain.money import write_yuan
from dispatch.domain.naming import masked_mobile, read_mobile
from dispatch.domain.plan_change import PlanChangeState
from dispatch.domain.plans import Applicant, Plan, Plans, months_later
from dispatch.domain.title import Title
from dispatch.effects import Order
from dispatch.errors import MobileTaken, NotBound
from dispatch.slips.forms import SlipLine
from dispatch.storage import accounts, enrolments, plan_changes
from dispatch.storage.account_rows import AccountRow, BindingRow
from dispatch.storage.customer_rows import CustomerRow
from dispatch.storage.plan_rows import EnrolmentRow

VOIDED = "voided"


def read_carrier(act: Act, raw: str | None) -> str | None:
    """Read the mobile number to bind, if any, and check that it isn't bound already. Raises BadMobile, MobileTaken."""
    if raw is None:
        return None
    mobile = read_mobile(raw)
    if enrolments.bound_to(act.tx, mobile) is not None:
        raise MobileTaken()
    return mobile


def as_applicant(act: Act, customer: CustomerRow, area: str, mobile: str | None) -> Applicant:
    """The customer as plans' conditions see them. A customer with a living account is an existing one."""
    has_account = any(row.state in LIVING for row in accounts.of_customer(act.tx, customer.id))
    return Applicant(
        area=area,
        customer="existing" if has_account else "new",
        holder="unit" if DOCUMENT_KINDS[customer.document_kind].unit else "person",
        has_mobile=mobile is not None,
    )


def enrol(act: Act, account: AccountRow, plan: Plan, mobile: str | None) -> None:
    """Bind the number, if any, and enrol the account; a plan that needs a number is carried by it from now on."""
    if mobile is not None:
        enrolments.bind(act.tx, account.id, mobile, act.operation_id, act.now)
    _enrol(act, account, plan.name, plan.terms(), mobile if plan.needs_mobile else None)


class Replacement(NamedTuple):
    """What takes the place of a plan that is voided: another plan, or (`plan` None) a monthly fee alone; `said` in
    words."""

    plan: str | None
    plans_version: str
    terms: Mapping[str, Any]
    said: Title


def replacement(plans: Plans, terms: Mapping[str, Any]) -> Replacement | None:
    """What the terms name for the case that they are voided, or else for the time after them; None: nothing.

    The monthly fee is as it was promised then, also if that plan costs something else by now.
    """
    after = terms.get("when_voided") or terms.get("when_over")
    if not after:
        return None
    promised = {"monthly_fee": after["monthly_fee"]}
    fee = write_yuan(after["monthly_fee"])
    plan = plans.plans.get(after["plan"])
    if plan is None:
        alone = {"plan": None, "speed": terms["speed"], "when_voided": None, **promised}
        return Replacement(None, plans.version, alone, Title(f"改按{fee}元/月", f"{fee} yuan a month from now on"))
    said = Title(f"改按{plan.title.zh}，{fee}元/月", f"{plan.title.en} from now on, {fee} yuan a month")
    return Replacement(plan.name, plans.version, {**plan.terms(), **promised}, said)


def void_plan(act: Act, account: AccountRow, enrolment: EnrolmentRow) -> Title:
    """Void the plan 失效 and put in force what its terms name for this case: another plan, or a monthly fee alone.

    Returns in words what is in force now.
    """
    after = replacement(act.counter.plans, enrolment.terms)
    assert after is not None  # a plan that a number carries has terms for this case
    enrolments.end_enrolment(act.tx, account.id, VOIDED, act.now)
    _enrol(act, account, after.plan, after.terms, None)
    monthly_fee.charge(act.tx, act.key, account, after.terms, act.now, act.now)
    speed = after.terms["speed"]
    if speed != enrolment.terms["speed"] and account.state != AccountState.INSTALLING:  # else activation sets the speed
        effects.provision(act.tx, act.key, account, Order.SPEED, act.now, speed=speed)
    return after.said


def void_change(act: Act, account: AccountRow, state: PlanChangeState, why: str) -> Title | None:
    """End the account's scheduled change of plan, if any, before it takes effect. Returns its plan.

    What was paid for it is paid back by `billing.pay_back_unused`.
    """
    change = plan_changes.scheduled(act.tx, account.id)
    if change is None:
        return None
    plan_changes.end(act.tx, change.id, state, why, act.now)
    return Title(**change.terms["title"])


def warn_of_penalty(act: Act, fen: int) -> None:
    """Warn of the penalty for leaving a term, if any is due. Raises NeedsConfirmation (`penalty-due`)."""
    if fen:
        yuan = write_yuan(fen)
        zh, en = f"合约未到期，违约金{yuan}元", f"the term isn't over: the penalty is {yuan} yuan"
        act.warn("penalty-due", Title(zh, en))


def require_bound(act: Act, account: AccountRow, raw: str) -> BindingRow:
    """The valid binding of this mobile number to the account. Raises BadMobile, NotBound."""
    bound = enrolments.bound_to(act.tx, read_mobile(raw))
    if bound is None or bound.account_id != account.id:
        raise NotBound()
    return bound


def plan_lines(plan: Plan, mobile: str | None) -> tuple[SlipLine, ...]:
    """The plan as lines of a slip."""
    lines = [
        SlipLine(Title("营销案", "Plan"), str(plan.title)),
        SlipLine(Title("速率", "Speed"), f"{plan.speed} Mbit/s"),
        SlipLine(Title("月费", "Monthly fee"), f"{write_yuan(plan.monthly_fee)} 元 yuan"),
    ]
    if plan.term:
        lines.append(SlipLine(Title("合约期", "Term"), f"{plan.term} 个月 months"))
    if mobile is not None:
        lines.append(SlipLine(Title("绑定手机", "Bound mobile"), masked_mobile(mobile)))
    return tuple(lines)


def _enrol(act: Act, account: AccountRow, plan: str | None, terms: Mapping[str, Any], mobile: str | None) -> None:
    until = months_later(act.today, terms["term"]) if terms.get("term") else None
    version = act.counter.plans.version
    enrolments.enrol(act.tx, account.id, act.operation_id, plan, version, terms, mobile, act.now, until)

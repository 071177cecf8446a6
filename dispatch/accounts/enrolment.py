"""办理营销案: enrol an account in a marketing plan, which may depend on a bound mobile number (its carrier)."""

from __future__ import annotations

from collections.abc import Mapping

from dispatch import effects
from dispatch.accounts.operation import Act
from dispatch.domain.account import LIVING, AccountState
from dispatch.domain.identity import DOCUMENT_KINDS
from dispatch.domain.money import write_yuan
from dispatch.domain.naming import masked_mobile, read_mobile
from dispatch.domain.plan_change import PlanChangeState
from dispatch.domain.plans import Applicant, Plan
from dispatch.domain.title import Title
from dispatch.effects import Order
from dispatch.errors import MobileTaken, NotBound
from dispatch.slips.forms import SlipLine
from dispatch.storage import accounts, enrolments, plan_changes
from dispatch.storage.account_rows import AccountRow, BindingRow, CustomerRow, EnrolmentRow

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
    _enrol(act, account, plan, mobile if plan.needs_mobile else None)


def void_plan(act: Act, account: AccountRow, enrolment: EnrolmentRow) -> Title:
    """Void the plan 失效 and put in force what its terms name for this case: another plan, or a monthly fee alone.

    Returns in words what is in force now.
    """
    enrolments.end_enrolment(act.tx, account.id, VOIDED, act.now)
    before, after = enrolment.terms, enrolment.terms["when_voided"]
    promised = {"monthly_fee": after["monthly_fee"]}  # also if the other plan costs something else by now
    fee = write_yuan(after["monthly_fee"])
    plan = act.counter.plans.plans.get(after["plan"])
    if plan is None:
        terms = {"plan": None, "speed": before["speed"], "when_voided": None, **promised}
        version = act.counter.plans.version
        enrolments.enrol(act.tx, account.id, act.operation_id, None, version, terms, None, act.now, None)
        return Title(f"改按{fee}元/月", f"{fee} yuan a month from now on")
    _enrol(act, account, plan, None, promised)
    if plan.speed != before["speed"] and account.state != AccountState.INSTALLING:  # else activation sets the speed
        effects.provision(act.tx, act.key, account, Order.SPEED, act.now, speed=plan.speed)
    return Title(f"改按{plan.title.zh}，{fee}元/月", f"{plan.title.en} from now on, {fee} yuan a month")


def void_change(act: Act, account: AccountRow, state: PlanChangeState, why: str) -> Title | None:
    """End the account's scheduled change of plan, if any, before it takes effect. Returns its plan.

    What was paid for it is paid back by `billing.pay_back_unused`.
    """
    change = plan_changes.scheduled(act.tx, account.id)
    if change is None:
        return None
    plan_changes.end(act.tx, change.id, state, why, act.now)
    return Title(**change.terms["title"])


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


def _enrol(act: Act, account: AccountRow, plan: Plan, mobile: str | None, promised: Mapping[str, object] = {}) -> None:
    version, terms, until = (
        act.counter.plans.version,
        {**plan.terms(), **promised},
        plan.ends(act.today),
    )
    enrolments.enrol(act.tx, account.id, act.operation_id, plan.name, version, terms, mobile, act.now, until)

"""Marketing plans 营销案: prices, the conditions for customers, and the fallback when the bound number ends. Pure.

The plans are data (`marketing_plans.yaml`, read by `plans_file`). Every amount is whole fen, every speed Mbit/s.
Source: 家庭宽带业务流程 V1.0, sections 1 (enrolment by the customer's wish) and 9 (a changed number voids its plan).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple

from dispatch.domain.money import share
from dispatch.domain.title import Title
from dispatch.errors import PlanNotOffered, UnknownPlan

Customers = Literal["new", "existing", "any"]
Holder = Literal["person", "unit"]

CUSTOMERS: Mapping[Customers, Title] = {
    "new": Title("新客户", "new customers"),
    "existing": Title("老客户", "existing customers"),
    "any": Title("新老客户", "any customer"),
}
HOLDERS: Mapping[Holder, Title] = {"person": Title("个人", "persons"), "unit": Title("单位", "units")}
CHARGES: Mapping[str, Title] = {
    "installation": Title("安装调测费", "Installation"),
    "deposit": Title("光猫押金", "Deposit on the modem"),
    "prepaid": Title("预存款", "Prepaid"),
}
"""The charges that opening may have, in the order of a slip."""


MOVING_FEE = Title("移机费", "Moving fee")
MOVE_FEE = 100_00
"""What moving a line 移机 costs where the plans file doesn't say, in fen: our assumption."""


LINES_PER_DOCUMENT: Mapping[Holder, int] = {"person": 5, "unit": 200}
"""The most living lines of one document, in all areas, where the plans file doesn't say: our assumption, after the
limit that 反电信网络诈骗法 art. 10 sets for telephone cards."""


class Charge(NamedTuple):
    """One thing to be paid; `amount` is in fen and above 0."""

    name: str
    title: Title
    amount: int


@dataclass(frozen=True, slots=True)
class Fallback:
    """The terms after a plan is voided 失效: another plan, or only a monthly fee (`plan` is None), in fen."""

    plan: str | None
    monthly_fee: int


@dataclass(frozen=True, slots=True)
class AfterTerm:
    """The plan that follows when a term is over 到期转: enough of it to enrol an account without the plans file."""

    plan: str
    title: Title
    speed: int
    monthly_fee: int

    def terms(self) -> dict[str, object]:
        """The plan as plain data, in the form of `Plan.terms`."""
        return {
            "plan": self.plan,
            "title": self.title.stored(),
            "speed": self.speed,
            "monthly_fee": self.monthly_fee,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan. `term` is in months, 0 for none; it is offered on every day from `since` through `until`.

    `areas` None means everywhere. A plan with a `fallback` is carried by a bound mobile number: when that number is
    changed or deleted the plan is voided. `penalty` 违约金 is in percent of the monthly fee, for each month that a
    customer leaves before the term is over; `when_over` is what follows the term, None: the same fee without a term.
    """

    name: str
    title: Title
    speed: int
    monthly_fee: int
    charges: tuple[Charge, ...]
    term: int
    since: date
    until: date | None
    areas: tuple[str, ...] | None
    customers: Customers
    holders: tuple[Holder, ...]
    fallback: Fallback | None
    penalty: int = 0
    when_over: AfterTerm | None = None

    @property
    def needs_mobile(self) -> bool:
        return self.fallback is not None

    @property
    def to_pay(self) -> int:
        """The sum of all charges on opening, in fen."""
        return sum(charge.amount for charge in self.charges)

    def ends(self, start: date) -> date | None:
        """The first day after the term of an enrolment at `start`; None without a term."""
        return months_later(start, self.term) if self.term else None

    def terms(self) -> dict[str, object]:
        """The plan as plain data. An enrolment keeps it, so a later change of the file doesn't touch the enrolment."""
        return {
            "plan": self.name,
            "title": self.title.stored(),
            "speed": self.speed,
            "monthly_fee": self.monthly_fee,
            "to_pay": {charge.name: charge.amount for charge in self.charges},
            "term": self.term,
            "needs_mobile": self.needs_mobile,
            "when_voided": self.fallback and {"plan": self.fallback.plan, "monthly_fee": self.fallback.monthly_fee},
            "penalty": self.penalty,
            "when_over": self.when_over and self.when_over.terms(),
        }


@dataclass(frozen=True, slots=True)
class Applicant:
    """A person or unit that wants a plan: area, kind of customer, kind of holder, whether a mobile number is bound."""

    area: str
    customer: Literal["new", "existing"]
    holder: Holder
    has_mobile: bool


@dataclass(frozen=True, slots=True)
class Plans:
    """All plans of one file; `version` is its hash. `move_fee` is what moving a line costs, in fen;
    `lines_per_document` the most living lines of one person and of one unit."""

    version: str
    plans: Mapping[str, Plan]
    move_fee: int = MOVE_FEE
    lines_per_document: Mapping[Holder, int] = field(default_factory=lambda: LINES_PER_DOCUMENT)

    def plan(self, name: str) -> Plan:
        """The plan of this name. Raises UnknownPlan, which lists the known plans."""
        if name not in self.plans:
            raise UnknownPlan(known=list(self.plans))
        return self.plans[name]

    @property
    def speeds(self) -> list[int]:
        """The speeds that there are, in Mbit/s, the lowest first."""
        return sorted({plan.speed for plan in self.plans.values()})

    def offered(self, applicant: Applicant, today: date) -> list[Plan]:
        """The plans that the counter may offer, in the file's order."""
        return [plan for plan in self.plans.values() if not list(_hindrances(plan, applicant, today))]


def require_offered(plan: Plan, applicant: Applicant, today: date) -> None:
    """Raises PlanNotOffered with all reasons at once."""
    if why := list(_hindrances(plan, applicant, today)):
        zh, en = "；".join(each.zh for each in why), "; ".join(each.en for each in why)
        raise PlanNotOffered(plan=plan.title, why=Title(zh, en))


def why_not_offered(plan: Plan, applicant: Applicant) -> Title | None:
    """Return the reason why a plan in force can't go over to this customer; None when it can.

    Only kinds of customer and holder count: date, area and number were judged when the plan began."""
    why = list(_hindered_by_customer(plan, applicant))
    return Title("；".join(each.zh for each in why), "; ".join(each.en for each in why)) if why else None


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_left(day: date, end: date) -> int:
    """The months of a term that are left on this day, one that has begun counted whole; 0 once the term is over."""
    left = max(0, (end.year - day.year) * 12 + end.month - day.month)
    return next(n for n in (left - 1, left, left + 1) if n >= 0 and months_later(day, n) >= end)


def penalty_for(terms: Mapping[str, Any], day: date, end: date | None) -> int:
    """违约金 for leaving these terms on this day, in fen: so many months' fees as are left, times the percentage.

    Terms of before there were penalties have none.
    """
    if end is None or day >= end:
        return 0
    return share(months_left(day, end) * int(terms["monthly_fee"]), terms.get("penalty", 0), 100)


def next_bill_day(today: date, day: int) -> date:
    """The first day of the next bill 下一账期: the next such day of a month, later than today; `day` is 1 to 28."""
    this_month = today.replace(day=day)
    return this_month if this_month > today else months_later(this_month, 1)


def _hindrances(plan: Plan, applicant: Applicant, today: date) -> Iterator[Title]:
    if today < plan.since:
        yield Title(f"{plan.since}起办理", f"offered from {plan.since} on")
    if plan.until is not None and today > plan.until:
        yield Title(f"已于{plan.until}截止办理", f"offered until {plan.until}")
    if plan.areas is not None and applicant.area not in plan.areas:
        yield Title("该片区不办理", f"not offered in this area but in {', '.join(plan.areas)}")
    yield from _hindered_by_customer(plan, applicant)
    if plan.needs_mobile and not applicant.has_mobile:
        yield Title("须绑定手机号码", "a mobile number must be bound")


def _hindered_by_customer(plan: Plan, applicant: Applicant) -> Iterator[Title]:
    if plan.customers not in ("any", applicant.customer):
        only = CUSTOMERS[plan.customers]
        yield Title(f"仅限{only.zh}", f"for {only.en} only")
    if applicant.holder not in plan.holders:
        yield Title(
            f"仅限{'、'.join(HOLDERS[each].zh for each in plan.holders)}",
            f"for {', '.join(HOLDERS[each].en for each in plan.holders)} only",
        )

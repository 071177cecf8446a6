"""营销案, and the words that a form at the counter offers."""

from __future__ import annotations

from datetime import date
from typing import get_args

from dispatch.accounts.billing import METHODS
from dispatch.accounts.catalogue import ONLY_LOOKS, OPERATIONS, REASONS, WITHOUT_SLIP
from dispatch.accounts.form_fields import entries
from dispatch.accounts.operation import TITLES
from dispatch.accounts.registration import SCANS
from dispatch.accounts.schemas import DATA, Sensitive
from dispatch.domain import title as title_of
from dispatch.domain.identity import DOCUMENT_KINDS
from dispatch.domain.money import write_yuan
from dispatch.domain.plans import CUSTOMERS, HOLDERS, Plan, Plans
from dispatch.web.api.schemas import Title, Told, title
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("", "plans")


class Named(Told):
    name: str
    title: Title


class ChargeTold(Named):
    amount: str


class PlanTold(Named):
    """Amounts in yuan, speed in Mbit/s, term in months (0: none); `areas` null: everywhere. With `needs_mobile` a bound
    number carries it, and `when_voided` says what is in force once that number is gone."""

    speed: int
    monthly_fee: str
    charges: list[ChargeTold]
    to_pay: str
    term: int
    since: date
    until: date | None
    areas: list[str] | None
    customers: Named
    holders: list[Named]
    needs_mobile: bool
    when_voided: Title | None


class PlansTold(Told):
    version: str
    items: list[PlanTold]


class DocumentKindTold(Named):
    """`unit`: of a company, not of a person. `always_expires`: its last day must be given."""

    unit: bool
    always_expires: bool
    number: Title


class FieldTold(Told):
    """One value of a request, by its JSON pointer; `way`: text, number, flag, secret, list, files."""

    pointer: str
    way: str
    required: bool
    title: Title


class OperationTold(Named):
    """`reasons` are those that its request may name. `slip`: it ends with one."""

    slip: bool
    looks: bool
    reasons: list[Named]
    fields: list[FieldTold]


class Words(Told):
    operations: list[OperationTold]
    document_kinds: list[DocumentKindTold]
    scans: list[Named]
    payment_methods: list[Named]
    data: list[Named]
    sensitive: list[str]


@api.look("/plans", "see plans")
def list_plans(call: Call) -> PlansTold:
    """What a line costs, to whom it is offered, and what becomes of it when its number goes."""
    plans = call.here.counter().plans
    return PlansTold(version=plans.version, items=[_plan(plan, plans) for plan in plans.plans.values()])


@api.look("/words", "see plans")
def list_words(call: Call) -> Words:  # noqa: ARG001
    """The operations of the counter with the fields of their requests, and the names that these may have in them."""
    return Words(
        operations=[_operation(kind) for kind in OPERATIONS],
        document_kinds=[
            DocumentKindTold(
                name=each.name,
                title=title(each.title),
                unit=each.unit,
                always_expires=each.always_expires,
                number=title(each.in_words),
            )
            for each in DOCUMENT_KINDS.values()
        ],
        scans=[named(name, each) for name, each in SCANS.items()],
        payment_methods=[named(name, each) for name, each in METHODS.items()],
        data=[named(name, each) for name, each in DATA.items()],
        sensitive=list(get_args(Sensitive)),
    )


def named(name: str, of: title_of.Title) -> Named:
    return Named(name=name, title=title(of))


def bilingual(text: str) -> Title:
    """A field's description, `中文 · English`."""
    zh, _, en = text.partition(" · ")
    return Title(zh=zh, en=en)


def _operation(kind: str) -> OperationTold:
    return OperationTold(
        name=kind,
        title=title(TITLES[kind]),
        slip=kind not in WITHOUT_SLIP,
        looks=kind in ONLY_LOOKS,
        reasons=[named(name, each) for name, each in REASONS.get(kind, {}).items()],
        fields=[
            FieldTold(
                pointer="/" + "/".join(entry.path),
                way=entry.way.value,
                required=entry.required,
                title=bilingual(entry.help),
            )
            for entry in entries(OPERATIONS[kind][0])
            if entry.path != ("request_key",)
        ],
    )


def _plan(plan: Plan, plans: Plans) -> PlanTold:
    return PlanTold(
        name=plan.name,
        title=title(plan.title),
        speed=plan.speed,
        monthly_fee=write_yuan(plan.monthly_fee),
        charges=[
            ChargeTold(name=each.name, title=title(each.title), amount=write_yuan(each.amount)) for each in plan.charges
        ],
        to_pay=write_yuan(plan.to_pay),
        term=plan.term,
        since=plan.since,
        until=plan.until,
        areas=None if plan.areas is None else list(plan.areas),
        customers=named(plan.customers, CUSTOMERS[plan.customers]),
        holders=[named(each, HOLDERS[each]) for each in plan.holders],
        needs_mobile=plan.needs_mobile,
        when_voided=_when_voided(plan, plans),
    )


def _when_voided(plan: Plan, plans: Plans) -> Title | None:
    if plan.fallback is None:
        return None
    fee, after = write_yuan(plan.fallback.monthly_fee), plan.fallback.plan
    called = plans.plan(after).title if after else title_of.Title("无营销案", "no plan")
    return Title(zh=f"{called.zh}，{fee}元/月", en=f"{called.en}, {fee} yuan a month")

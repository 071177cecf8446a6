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
from dispatch.web.api.schemas import ResponseBody, TitleBody, title
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("", "plans")


class NamedBody(ResponseBody):
    name: str
    title: TitleBody


class ChargeBody(NamedBody):
    amount: str


class PlanBody(NamedBody):
    """Amounts in yuan, speed in Mbit/s, term in months (0: none); `areas` null: everywhere. With `needs_mobile` a bound
    number carries it, and `when_voided` says what is in force once that number is gone."""

    speed: int
    monthly_fee: str
    charges: list[ChargeBody]
    to_pay: str
    term: int
    since: date
    until: date | None
    areas: list[str] | None
    customers: NamedBody
    holders: list[NamedBody]
    needs_mobile: bool
    when_voided: TitleBody | None


class PlansBody(ResponseBody):
    version: str
    items: list[PlanBody]


class DocumentKindBody(NamedBody):
    """`unit`: of a company, not of a person. `always_expires`: its last day must be given."""

    unit: bool
    always_expires: bool
    number: TitleBody


class FieldBody(ResponseBody):
    """One value of a request, by its JSON pointer; `way`: text, number, flag, secret, list, files."""

    pointer: str
    way: str
    required: bool
    title: TitleBody


class OperationBody(NamedBody):
    """`reasons` are those that its request may name. `slip`: it ends with one."""

    slip: bool
    looks: bool
    reasons: list[NamedBody]
    fields: list[FieldBody]


class VocabularyBody(ResponseBody):
    operations: list[OperationBody]
    document_kinds: list[DocumentKindBody]
    scans: list[NamedBody]
    payment_methods: list[NamedBody]
    data: list[NamedBody]
    sensitive: list[str]


@api.look("/plans", "see plans")
def list_plans(call: Call) -> PlansBody:
    """What a line costs, to whom it is offered, and what becomes of it when its number goes."""
    plans = call.here.counter().plans
    return PlansBody(version=plans.version, items=[_plan(plan, plans) for plan in plans.plans.values()])


@api.look("/words", "see plans")
def list_words(call: Call) -> VocabularyBody:  # noqa: ARG001
    """The operations of the counter with the fields of their requests, and the names that these may have in them."""
    return VocabularyBody(
        operations=[_operation(kind) for kind in OPERATIONS],
        document_kinds=[
            DocumentKindBody(
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


def named(name: str, of: title_of.Title) -> NamedBody:
    return NamedBody(name=name, title=title(of))


def bilingual(text: str) -> TitleBody:
    """A field's description, `中文 · English`."""
    zh, _, en = text.partition(" · ")
    return TitleBody(zh=zh, en=en)


def _operation(kind: str) -> OperationBody:
    return OperationBody(
        name=kind,
        title=title(TITLES[kind]),
        slip=kind not in WITHOUT_SLIP,
        looks=kind in ONLY_LOOKS,
        reasons=[named(name, each) for name, each in REASONS.get(kind, {}).items()],
        fields=[
            FieldBody(
                pointer="/" + "/".join(entry.path),
                way=entry.way.value,
                required=entry.required,
                title=bilingual(entry.help),
            )
            for entry in entries(OPERATIONS[kind][0])
            if entry.path != ("request_key",)
        ],
    )


def _plan(plan: Plan, plans: Plans) -> PlanBody:
    return PlanBody(
        name=plan.name,
        title=title(plan.title),
        speed=plan.speed,
        monthly_fee=write_yuan(plan.monthly_fee),
        charges=[
            ChargeBody(name=each.name, title=title(each.title), amount=write_yuan(each.amount)) for each in plan.charges
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


def _when_voided(plan: Plan, plans: Plans) -> TitleBody | None:
    if plan.fallback is None:
        return None
    fee, after = write_yuan(plan.fallback.monthly_fee), plan.fallback.plan
    called = plans.plan(after).title if after else title_of.Title("无营销案", "no plan")
    return TitleBody(zh=f"{called.zh}，{fee}元/月", en=f"{called.en}, {fee} yuan a month")

"""营销案: the marketing plans, and the choices of the counter's forms."""

from __future__ import annotations

from datetime import date
from typing import get_args

from dispatch.accounts.catalogue import ONLY_LOOKS, OPERATIONS, REASONS, WITHOUT_SLIP
from dispatch.accounts.form_fields import form_entries
from dispatch.accounts.operation import TITLES
from dispatch.accounts.registration import SCANS
from dispatch.accounts.schemas import DATA, Sensitive
from dispatch.domain.identity import DOCUMENT_KINDS
from dispatch.domain.money import write_yuan
from dispatch.domain.payment import METHODS
from dispatch.domain.plans import CUSTOMERS, HOLDERS, Plan, Plans
from dispatch.domain.title import Title
from dispatch.web.api.schemas import ResponseBody, TitleBody, title
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("", "plans")


class NamedBody(ResponseBody):
    """A name with its words."""

    name: str
    """Name by which requests and the rules know it."""
    title: TitleBody
    """Name for people."""


class ChargeBody(NamedBody):
    """A one-off charge."""

    amount: str
    """Amount in yuan."""


class PlanBody(NamedBody):
    """A marketing plan."""

    speed: int
    """Speed in Mbit/s."""
    monthly_fee: str
    """Monthly fee in yuan."""
    charges: list[ChargeBody]
    """One-off charges."""
    to_pay: str
    """Amount to pay at the opening, in yuan."""
    term: int
    """Term in months; 0: none."""
    penalty: int
    """Percentage of the monthly fee that is due for each month left, when a customer leaves before the term is over."""
    when_over: TitleBody | None
    """Plan that follows when the term is over; null: the same fee without a term, or no term."""
    since: date
    """First day on which it is sold."""
    until: date | None
    """Last day on which it is sold; null: no end."""
    areas: list[str] | None
    """Areas in which it is sold; null: everywhere."""
    customers: NamedBody
    """Customers to whom it is offered."""
    holders: list[NamedBody]
    """Kinds of holders to whom it is offered."""
    needs_mobile: bool
    """True when a bound mobile number carries it."""
    when_voided: TitleBody | None
    """Consequence for the account once the number that carries the plan is gone; null: none."""


class PlansBody(ResponseBody):
    """The marketing plans in force."""

    version: str
    """Version of the plans file."""
    items: list[PlanBody]
    """Plans in the order of the file."""


class DocumentKindBody(NamedBody):
    """A kind of identity document."""

    unit: bool
    """True for a company's document."""
    always_expires: bool
    """True when the day of expiry must be given."""
    number: TitleBody
    """Form of its number, in words."""


class FieldBody(ResponseBody):
    """One value of an operation's request."""

    pointer: str
    """JSON pointer to the value."""
    way: str
    """Input by which a form asks for it: text, number, flag, secret, list, files or parts."""
    required: bool
    """True when the request cannot do without it."""
    title: TitleBody
    """Name for people."""


class OperationBody(NamedBody):
    """An operation of the counter."""

    slip: bool
    """True when it ends with a slip."""
    looks: bool
    """True when it only looks and changes nothing."""
    reasons: list[NamedBody]
    """Reasons that its request may name."""
    fields: list[FieldBody]
    """Values of its request."""


class VocabularyBody(ResponseBody):
    """The operations, kinds and choices of which forms at the counter are made."""

    operations: list[OperationBody]
    """Operations, in the rule book's order."""
    document_kinds: list[DocumentKindBody]
    """Kinds of identity documents."""
    scans: list[NamedBody]
    """Kinds of scans."""
    payment_methods: list[NamedBody]
    """Methods of payment."""
    data: list[NamedBody]
    """Kinds of data that a query may show."""
    sensitive: list[str]
    """Names of the fields that a query may unmask."""


@api.read("/plans", "see plans")
def list_plans(context: RequestContext) -> PlansBody:
    """Lists the marketing plans (营销案): price, customers, and what follows when the number that carries one goes."""
    plans = context.installation.counter().plans
    return PlansBody(version=plans.version, items=[_plan(plan, plans) for plan in plans.plans.values()])


@api.read("/words", "see plans", summary="List vocabulary of counter forms")
def list_words(context: RequestContext) -> VocabularyBody:  # noqa: ARG001
    """Lists the counter's operations with the fields of their requests, and the names that these may have in them."""
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


def named(name: str, of: Title) -> NamedBody:
    return NamedBody(name=name, title=title(of))


def bilingual(text: str) -> TitleBody:
    """Split a field's description, `中文 · English`."""
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
            for entry in form_entries(OPERATIONS[kind][0])
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
        penalty=plan.penalty,
        when_over=plan.when_over and title(plan.when_over.title),
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
    called = plans.plan(after).title if after else Title("无营销案", "no plan")
    return TitleBody(zh=f"{called.zh}，{fee}元/月", en=f"{called.en}, {fee} yuan a month")

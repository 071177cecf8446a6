"""柜台: one page: find the customer, see what is known, do what they ask, report their fault.

A supervisor finds the customer here too, and has the forms of what is a supervisor's to do.

Every form is made from its operation's request, so a field that is added there appears here too. A customer's data are
only sent in the body of a request, never in an address.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from dispatch.accounts.catalogue import LABELS, ONLY_LOOKS, OPERATIONS, REASONS, WORDS
from dispatch.accounts.form_fields import FormEntry, InputKind, form_entries
from dispatch.accounts.handing_over import BALANCE
from dispatch.accounts.invoices_back import PAPERS
from dispatch.accounts.operation import TITLES
from dispatch.accounts.plan_change import EFFECTIVE
from dispatch.accounts.proof import SEND
from dispatch.accounts.registration import scans_for
from dispatch.accounts.schemas import DATA
from dispatch.domain.effect import EffectState, Port
from dispatch.domain.identity import DOCUMENT_KINDS
from dispatch.domain.kind import OWN_SYMPTOMS
from dispatch.domain.money import write_yuan
from dispatch.domain.payment import KINDS, METHODS
from dispatch.domain.plans import Plans
from dispatch.domain.roles import HELD_BY_PEOPLE, UNMASKING
from dispatch.domain.suspension import SuspensionKind
from dispatch.domain.ticket import TicketState
from dispatch.domain.title import Title
from dispatch.domain.visit import PARTS_OF_DAY
from dispatch.web.pages import suspension_form
from dispatch.web.pages.rendering import HasTitle
from dispatch.web.pages.routes import Pages
from dispatch.web.policy import POLICIES
from dispatch.web.request_context import RequestContext

pages = Pages("counter")

_PARTS: Mapping[str, Title] = {
    "holder": Title("机主", "Holder"),
    "new_owner": Title("新机主", "New owner"),
    "agent": Title("经办人（如有）", "Agent, if one acts for the customer"),
    "new_owner_agent": Title("新机主经办人（如有）", "New owner's agent, if one acts for them"),
    "new_document": Title("更换证件（如有）", "New document, if it changes"),
    "payment": Title("收费", "Payment"),
}
_LONG = ("note",)
_WITHOUT_FORM = ("view", SEND)
"""The page shows the view by itself, and sends a code where another form asks for it."""


@dataclass(frozen=True, slots=True)
class FormChoice:
    """A choice of a field. `pay` is the amount due with it, in yuan; `group` what it belongs to, if to anything."""

    name: str
    title: Title
    pay: str = ""
    group: Title | None = None


@dataclass(frozen=True, slots=True)
class FormField:
    """One value of a request; `name` is its path in the JSON, with dots; `reasons` those with which it is asked for."""

    name: str
    label: Title
    kind: str
    required: bool
    choices: Sequence[FormChoice] = ()
    is_number: bool = False
    is_list: bool = False
    rows: Sequence[Sequence[FormField]] = ()  # of a list of parts: the fields of each
    reasons: Sequence[str] = ()

    @property
    def groups(self) -> Sequence[tuple[Title | None, Sequence[FormChoice]]]:
        """The choices, those of a group together."""
        return [(group, list(choices)) for group, choices in groupby(self.choices, lambda choice: choice.group)]


@dataclass(frozen=True, slots=True)
class FormSection:
    """Fields that belong together; a group that may be left out as a whole is folded. `reasons`: as of a field."""

    title: Title | None
    folded: bool
    fields: Sequence[FormField]
    reasons: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class OperationForm:
    """The form of an operation. `tried`: it is checked while the clerk types."""

    kind: str
    title: Title
    tried: bool
    parts: Sequence[FormSection]


@pages.show("/counter", "find customers", "counter.html")
def counter(context: RequestContext) -> dict[str, Any]:
    """The counter, with the forms of the operations that the caller may do in some area."""
    context.authorize()
    plans, roles = context.installation.counter().plans, [grant.role for grant in context.user.grants]
    mine = [kind for kind in OPERATIONS if kind not in _WITHOUT_FORM and context.may(f"account {kind}")]
    return {
        "forms": [form(kind, plans, roles) for kind in mine],
        "may_report": context.may("submit"),
        "first": "fault" if context.may("submit") else next(iter(mine), ""),
        "may_view": context.may("account view"),
        "may_unmask": any(grant.role in UNMASKING for grant in context.user.grants),
        "documents": [FormChoice(each.name, each.title) for each in DOCUMENT_KINDS.values()],
        "symptoms": [FormChoice(each.name, each.title) for each in context.installation.script().symptoms.values()],
        "data": DATA,
        "result_labels": {**LABELS, **WORDS, **_view_words(context)},
        "ways": {"account": Title("宽带账号", "Account"), "mobile": Title("手机号码", "Mobile"),
                 "document": Title("证件号码", "Document")},
    }  # fmt: skip


def _view_words(context: RequestContext) -> Mapping[str, HasTitle]:
    """What people read for a word in the view, by its table, its column and the word."""
    script = {each.name: each.title for each in context.installation.known_symptoms().values()}
    words: dict[str, Mapping[str, HasTitle]] = {
        "tickets.symptom": {**script, **OWN_SYMPTOMS},
        "tickets.state": {state: state.label for state in TicketState},
        "payments.kind": KINDS,
        "effects.port": {port: port.label for port in Port},
        "effects.state": {state: state.label for state in EffectState},
    }
    return {f"{place}.{word}": title for place, titles in words.items() for word, title in titles.items()}


def form(kind: str, plans: Plans, roles: Collection[str] = HELD_BY_PEOPLE) -> OperationForm:
    """The form of an operation for who holds these roles, from its request's own values."""
    parts: dict[str, list[FormField]] = {}
    optional: dict[str, bool] = {}
    for entry in _entries(kind, roles):
        part = entry.path[0] if len(entry.path) > 1 else ""
        parts.setdefault(part, []).append(_field(kind, entry, plans, roles))
        optional[part] = optional.get(part, True) and not entry.required
    made = [
        FormSection(
            _PARTS.get(part),
            bool(part) and optional[part] and part != "payment",
            fields,
            suspension_form.asked_with(kind, part),
        )
        for part, fields in parts.items()
    ]
    return OperationForm(kind, TITLES[kind], kind not in ONLY_LOOKS, made)


def _entries(kind: str, roles: Collection[str]) -> list[FormEntry]:
    """The fields that the form asks for, from top to bottom."""
    by_script = ("request_key", "confirm", "approvals")
    left_out = (*by_script, *suspension_form.left_out(kind, roles))
    entries = [entry for entry in form_entries(OPERATIONS[kind][0]) if entry.path[0] not in left_out]
    if not POLICIES["add a scan"].roles.intersection(roles):
        entries = [entry for entry in entries if entry.way is not InputKind.FILES]
    if suspension_form.has_reasons_of_kinds(kind):
        entries.sort(key=lambda entry: suspension_form.place_of(entry.path[0]))
    return entries


def _field(kind: str, entry: FormEntry, plans: Plans, roles: Collection[str]) -> FormField:
    zh, _, en = entry.help.partition(" · ")
    if entry.way is InputKind.PARTS:
        name = ".".join(entry.path)
        rows = [
            [replace(_field(kind, each, plans, roles), name=f"{name}.{row}.{each.path[-1]}") for each in entry.parts]
            for row in range(entry.most)
        ]
        return FormField(name, Title(zh, en), "parts", entry.required, rows=rows)
    choices = _choices(kind, entry, plans, roles)
    control, is_number = _control(entry, bool(choices)), entry.way is InputKind.NUMBER
    is_list = entry.way is InputKind.LIST
    reasons = suspension_form.asked_with(kind, entry.path[0]) if len(entry.path) == 1 else ()
    name, label = ".".join(entry.path), Title(zh, en)
    return FormField(name, label, control, entry.required, choices, is_number, is_list, reasons=reasons)


def _control(entry: FormEntry, chosen: bool) -> str:
    last = entry.path[-1]
    if entry.way is InputKind.FILES:
        return "scans"
    if chosen:
        return "choice"
    if entry.way is InputKind.FLAG:
        return "check"
    if last == "code":
        return "code"
    if entry.way is InputKind.SECRET:
        return "password" if "password" in last else "text"
    by_type = {"YYYY-MM-DD": "date", "TIME": "moment"}.get(entry.metavar)
    return by_type or ("long" if last in _LONG else "address" if last == "address" else "text")


def _choices(kind: str, entry: FormEntry, plans: Plans, roles: Collection[str]) -> Sequence[FormChoice]:
    match entry.path[-1]:
        case "kind" if len(entry.path) == 1 and suspension_form.has_reasons_of_kinds(kind):
            return [FormChoice(each, each.label) for each in SuspensionKind]
        case "document_kind" | "kind":
            return [FormChoice(each.name, each.title) for each in DOCUMENT_KINDS.values()]
        case "reason" if suspension_form.has_reasons_of_kinds(kind):
            return [
                FormChoice(name, title, group=group)
                for group, titles in suspension_form.reasons_by_kind(kind, roles)
                for name, title in titles.items()
            ]
        case "reason" if kind in REASONS:
            return [FormChoice(name, title) for name, title in REASONS[kind].items()]
        case "invoice":
            return [FormChoice(name, title) for name, title in PAPERS.items()]
        case "method":
            return [FormChoice(name, title) for name, title in METHODS.items()]
        case "scans":
            return [FormChoice(name, title) for name, title in scans_for(kind).items()]
        case "speed":
            return [FormChoice(str(each), Title(f"{each}M", f"{each} Mbit/s")) for each in plans.speeds]
        case "part":
            return [FormChoice(name, title) for name, title in PARTS_OF_DAY.items()]
        case "balance":
            return [FormChoice(name, title) for name, title in BALANCE.items()]
        case "effective":
            return [FormChoice(name, title) for name, title in EFFECTIVE.items()]
        case "plan":
            return [_plan(name, plans, kind) for name in plans.plans]
    return ()


def _plan(name: str, plans: Plans, kind: str) -> FormChoice:
    """The plan; with the sum to pay where that follows from the plan alone."""
    plan = plans.plans[name]
    fee = write_yuan(plan.monthly_fee)
    title = Title(f"{plan.title.zh}（{fee}元/月）", f"{plan.title.en} ({fee} yuan a month)")
    return FormChoice(name, title, write_yuan(plan.to_pay) if kind == "open" else "")

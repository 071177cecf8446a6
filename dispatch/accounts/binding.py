"""9 宽带与手机号码绑定: bind mobile numbers to an account and unbind them. A plan ends with the number that carries it.

Source: 家庭宽带业务流程 V1.0, section 9, steps 1 to 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Annotated, NamedTuple

from pydantic import Field

from dispatch import effects
from dispatch.accounts import authentication, billing
from dispatch.accounts.enrolment import require_bound, void_change, void_plan
from dispatch.accounts.operation import (
    AccountNumber,
    Act,
    Counter,
    OperationOutcome,
    OperationRefused,
    OperationRequest,
    OperationResult,
    carry_out,
)
from dispatch.accounts.proof import Code, require_code
from dispatch.accounts.registration import Scans
from dispatch.accounts.representation import AgentIfAny, Standing, attended
from dispatch.accounts.schemas import BindingShown
from dispatch.accounts.secret import DocumentNumber
from dispatch.accounts.typed_dates import Day
from dispatch.domain.naming import masked_mobile, read_account_number, read_mobile
from dispatch.domain.numbers import slip_serial
from dispatch.domain.plan_change import NUMBER_LOST, PlanChangeState
from dispatch.domain.roles import Actor
from dispatch.domain.time import begin_of_day
from dispatch.domain.title import Title, Wording
from dispatch.errors import AlreadyBound, BadInput, MobileTaken
from dispatch.slips.forms import Change
from dispatch.storage import aliases, enrolments, plan_changes
from dispatch.storage.account_rows import AccountRow, ViewedBinding
from dispatch.storage.customer_rows import CustomerRow
from dispatch.storage.database import Tx

MOST_SHOWN = 200
NUMBER = Title("绑定手机号码", "Bound mobile number")
PLAN = Title("营销案", "Marketing plan")
PLANNED = Title("预约变更的营销案", "Scheduled change of plan")


class Binding(OperationRequest):
    """Binds a mobile number to the account, proved by the `code` that was sent to it; `instead_of` is the bound number
    that it replaces 变更."""

    account: AccountNumber
    document_number: DocumentNumber
    mobile: Annotated[str, Field(description="要绑定的手机号码 · mobile number to bind")]
    instead_of: Annotated[str | None, Field(description="替换的原号码 · the bound number that it replaces")] = None
    code: Code = None
    scans: Scans = ()
    agent: AgentIfAny = None


class Unbinding(OperationRequest):
    """Unbinds a mobile number from the account."""

    account: AccountNumber
    document_number: DocumentNumber
    mobile: Annotated[str, Field(description="要解除的手机号码 · mobile number to unbind")]
    scans: Scans = ()
    agent: AgentIfAny = None


class BindingsQuery(OperationRequest):
    """Lists bindings by account or by number, accepted 受理 from day `since` to day `until`, in China's time."""

    account: Annotated[str | None, Field(description="按宽带账号 · by the account …")] = None
    mobile: Annotated[str | None, Field(description="按手机号码 · … or by the mobile number")] = None
    since: Annotated[Day | None, Field(description="受理日期自 · accepted on this day or later")] = None
    until: Annotated[Day | None, Field(description="受理日期至 · accepted on this day or before")] = None


class Voided(NamedTuple):
    """A plan that was voided 失效, and what is in force after it."""

    plan: Title
    after: Title


class GivenUp(NamedTuple):
    """What ended with a number: the plan that it carried, and the change of plan that it would have carried."""

    voided: Voided | None = None
    change: Title | None = None

    @property
    def warning(self) -> Title | None:
        """What the customer must confirm; None: nothing."""
        said = []
        if self.voided is not None:
            plan, after = self.voided
            said.append(
                Title(f"营销案「{plan.zh}」失效，{after.zh}", f"the plan {plan.en} is voided with it: {after.en}")
            )
        if self.change is not None:
            zh, en = self.change.zh, self.change.en
            said.append(Title(f"预约变更的营销案「{zh}」作废", f"the change to the plan {en} doesn't take place"))
        return Title("；".join(each.zh for each in said), "; ".join(each.en for each in said)) if said else None


def bind(tx: Tx, counter: Counter, request: Binding, actor: Actor, now: datetime) -> OperationOutcome:
    """Bind a number. `result`: account, the numbers bound and unbound (masked), and what replaces a voided plan.

    The replacement of a number that carries a plan must be confirmed (`plan-voided`).

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "bind", request, actor, now, lambda act: _bind(act, request))


def unbind(tx: Tx, counter: Counter, request: Unbinding, actor: Actor, now: datetime) -> OperationOutcome:
    """Unbind a number. `result` as of `bind`. If the number carries a plan, this must be confirmed (`plan-voided`).

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "unbind", request, actor, now, lambda act: _unbind(act, request))


def bindings(tx: Tx, counter: Counter, request: BindingsQuery, actor: Actor, now: datetime) -> OperationOutcome:
    """Query bindings. `result`: `bindings`, each a `BindingShown` as plain data, the newest first, at most 200.

    Ended bindings are included. The customer isn't authenticated, since the numbers are masked. Raises NotAllowed,
    KeyReused, BadInput.
    """

    def body(_act: Act) -> OperationResult:
        _asked(request, counter.zone)
        return OperationResult(
            None, None
        )  # the bindings aren't stored with the operation: a repeated request reads them again

    outcome = carry_out(tx, counter, "bindings", request, actor, now, body)
    if isinstance(outcome, OperationRefused):
        return outcome
    number, mobile, since, before = _asked(request, counter.zone)
    called = aliases.called(tx, [number], now).get(number) if number is not None else None
    number = called.number if called is not None else number
    rows = enrolments.bindings(tx, number, mobile, since, before, MOST_SHOWN, actor.areas)
    found = shown_bindings(rows)
    return replace(outcome, result={"bindings": [each.model_dump(mode="json") for each in found]})


def shown_bindings(rows: Sequence[ViewedBinding]) -> tuple[BindingShown, ...]:
    """Bindings as the counter shows them, their numbers masked."""
    return tuple(
        BindingShown(
            account=row.account,
            mobile=masked_mobile(row.mobile),
            accepted_at=row.from_at,
            ended_at=row.until,
            bound_by=slip_serial(row.added_by),
            unbound_by=None if row.ended_by is None else slip_serial(row.ended_by),
        )
        for row in rows
    )


def _bind(act: Act, request: Binding) -> OperationResult:
    account, customer = authentication.by_document(act, request.account, request.document_number)
    standing = attended(act, customer, request.agent, request.scans)
    mobile = read_mobile(request.mobile)
    held = enrolments.bound_to(act.tx, mobile)
    if held is not None:
        raise AlreadyBound() if held.account_id == account.id else MobileTaken()
    note = require_code(act, mobile, request.code, account)
    before, given_up = "", GivenUp()
    if request.instead_of is not None:
        before = masked_mobile(read_mobile(request.instead_of))
        given_up = _give_up(act, account, request.instead_of)
    enrolments.bind(act.tx, account.id, mobile, act.operation_id, act.now)
    change = Change(NUMBER, before, masked_mobile(mobile))
    return _done(act, account, customer, change, given_up, standing, note)


def _unbind(act: Act, request: Unbinding) -> OperationResult:
    account, customer = authentication.by_document(act, request.account, request.document_number)
    standing = attended(act, customer, request.agent, request.scans)
    given_up = _give_up(act, account, request.mobile)
    change = Change(NUMBER, masked_mobile(read_mobile(request.mobile)), "")
    return _done(act, account, customer, change, given_up, standing)


def _give_up(act: Act, account: AccountRow, raw: str) -> GivenUp:
    """End the binding of a number. Returns what ends with it: it may carry a plan, or a scheduled change of plan.

    Raises BadMobile, NotBound; NeedsConfirmation (`plan-voided`).
    """
    bound = require_bound(act, account, raw)
    mobile = bound.mobile
    enrolments.unbind(act.tx, [bound.id], act.operation_id, act.now)
    enrolment, change = enrolments.in_force(act.tx, account.id), plan_changes.scheduled(act.tx, account.id)
    voided = dropped = None
    if enrolment is not None and enrolment.mobile == mobile:  # what follows is rolled back unless the customer confirms
        voided = Voided(Title(**enrolment.terms["title"]), void_plan(act, account, enrolment))
    if change is not None and change.mobile == mobile:
        dropped = void_change(act, account, PlanChangeState.VOID, NUMBER_LOST)
    given_up = GivenUp(voided, dropped)
    if given_up.warning is not None:
        zh = f"号码{masked_mobile(mobile)}变更或删除后，{given_up.warning.zh}"
        act.warn("plan-voided", Title(zh, f"without the number {masked_mobile(mobile)}: {given_up.warning.en}"))
    return given_up


def _done(
    act: Act,
    account: AccountRow,
    customer: CustomerRow,
    change: Change,
    given_up: GivenUp,
    standing: Standing,
    note: str | None = None,
) -> OperationResult:
    changes, voided = [change], given_up.voided
    text = f"您的宽带账号{account.number}绑定的手机号码已变更：{change.before or '无'}→{change.after or '无'}。"
    if voided is not None:
        changes.append(Change(PLAN, str(voided.plan), str(voided.after)))
        text += f"营销案「{voided.plan.zh}」已失效，{voided.after.zh}。"
    if given_up.change is not None:
        changes.append(Change(PLANNED, str(given_up.change), ""))
        text += f"预约变更的营销案「{given_up.change.zh}」已作废。"
    effects.tell(act.tx, act.key, customer.mobile, f"{text}如非本人办理，请到营业厅或拨打10086。", act.now)
    result = {"account": account.number, "bound": change.after or None, "unbound": change.before or None}
    back, invoices = billing.pay_back_unused(act, account)
    invoice, notes = next(iter(invoices), None), [note] if note else []
    sections = standing.sections()
    slip = act.slip(
        account.number, customer, sections=sections, changes=changes, payment=back, invoice=invoice, notes=notes
    )
    return OperationResult(account, slip, {**result, "plan": voided and str(voided.after)})


def _asked(request: BindingsQuery, zone: tzinfo) -> tuple[str | None, str | None, datetime | None, datetime | None]:
    """The query's account, mobile number and time range [since, before). Raises BadMobile; BadInput."""
    if (request.account is None) == (request.mobile is None):
        raise BadInput(
            what=Wording("请按账号或按手机号码查询，只给一项", "query bindings either by account or by mobile number")
        )
    if request.since and request.until and request.until < request.since:
        raise BadInput(what=Wording("受理日期范围有误：止期早于起期", "the range of days ends before it begins"))
    account = None if request.account is None else read_account_number(request.account)
    mobile = None if request.mobile is None else read_mobile(request.mobile)
    since = None if request.since is None else begin_of_day(request.since, zone)
    before = None if request.until is None else begin_of_day(request.until + timedelta(days=1), zone)
    return account, mobile, since, before

"""What becomes of plans as days pass: a scheduled change takes effect on its day, and what follows a term begins.

The relay does both, under the account's lock. They count from the beginning of their day, also when they come later.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any, NamedTuple

from dispatch import effects, messages
from dispatch.accounts import monthly_fee
from dispatch.domain.account import LIVING, AccountState
from dispatch.domain.messages import Event
from dispatch.domain.plan_change import CHANGED, NUMBER_LOST, TERM_OVER, PlanChangeState
from dispatch.domain.plans import months_later
from dispatch.domain.time import begin_of_day, local_date
from dispatch.domain.title import Title
from dispatch.effects import Order
from dispatch.storage import accounts, enrolments, epoch, plan_changes
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx
from dispatch.storage.plan_rows import EnrolmentRow, PlanChangeRow


class _Next(NamedTuple):
    """The enrolment that begins: `until` is the first day after its term."""

    operation_id: int
    plan: str | None
    plans_version: str
    terms: Mapping[str, Any]
    mobile: str | None
    until: date | None


def keep(tx: Tx, zone: tzinfo, now: datetime, limit: int) -> int:
    """Do what is due at most at `limit` accounts; returns at how many. Days are the desk's."""
    today = local_date(now, zone)
    due = plan_changes.accounts_due(tx, today, limit)
    for account in accounts.lock(tx, due) if due else ():
        if account.state in LIVING:
            _keep(tx, account, zone, today, now)
    return len(due)


def _keep(tx: Tx, account: AccountRow, zone: tzinfo, today: date, now: datetime) -> None:
    """What is due at one account, in the order of the days. A renewal begins on the day on which its term is over, and
    nothing else follows that term."""
    change, current = plan_changes.scheduled(tx, account.id), enrolments.in_force(tx, account.id)
    begins = change.effective_on if change is not None else date.max
    if current is not None and current.until is not None and current.until <= today and current.until < begins:
        _follow_term(tx, account, current, current.until, zone, now)
    if change is None or begins > today:
        return
    if change.mobile is not None and not _is_bound(tx, account, change.mobile):
        _void(tx, account, change, now)
    else:
        take_effect(tx, account, change, zone, now)


def take_effect(tx: Tx, account: AccountRow, change: PlanChangeRow, zone: tzinfo, now: datetime) -> None:
    """End the plan of before and put the new one in force since its day, or since now when that is today. The caller
    holds the account's lock."""
    terms, day = change.terms, change.effective_on
    until = months_later(day, terms["term"]) if terms["term"] else None
    new = _Next(change.operation_id, change.plan, change.plans_version, terms, change.mobile, until)
    at = begin_of_day(day, zone) if change.effective_on > local_date(change.at, zone) else now
    _succeed(tx, account, CHANGED, new, at, now, _key(tx, change))
    plan_changes.end(tx, change.id, PlanChangeState.DONE, None, now)
    facts = {"plan": terms["title"], "day": day.isoformat()}
    messages.tell(tx, now, messages.Told(Event.PLAN, f"operation/{change.operation_id}", facts, account.id))


def _follow_term(tx: Tx, account: AccountRow, over: EnrolmentRow, day: date, zone: tzinfo, now: datetime) -> None:
    """A term is over: the plan that its terms name follows, or else the same fee without a term."""
    follows = over.terms.get("when_over")
    free = {"to_pay": {}, "term": 0, "penalty": 0, "when_over": None}
    if follows:
        terms = {**follows, **free, "needs_mobile": False, "when_voided": None}
        new = _Next(over.operation_id, follows["plan"], over.plans_version, terms, None, None)
    else:
        new = _Next(over.operation_id, over.plan, over.plans_version, {**over.terms, **free}, over.mobile, None)
    key = f"operation/{epoch.name(tx, epoch.OF_OPERATIONS, over.operation_id)}/term-over/{over.id}"
    _succeed(tx, account, TERM_OVER, new, begin_of_day(day, zone), now, key)


def _succeed(tx: Tx, account: AccountRow, ended_for: str, new: _Next, at: datetime, now: datetime, key: str) -> None:
    """One enrolment ends and the next begins at the same moment; the line gets another speed if it changes."""
    before = enrolments.in_force(tx, account.id)
    at = max(at, before.from_at) if before is not None else at
    enrolments.end_enrolment(tx, account.id, ended_for, at)
    enrolments.enrol(
        tx, account.id, new.operation_id, new.plan, new.plans_version, new.terms, new.mobile, at, new.until
    )
    monthly_fee.charge(tx, key, account, new.terms, at, now)
    speed = new.terms["speed"]
    if account.state != AccountState.INSTALLING and (before is None or before.terms["speed"] != speed):
        effects.provision(tx, key, account, Order.SPEED, now, speed=speed)


def _void(tx: Tx, account: AccountRow, change: PlanChangeRow, now: datetime) -> None:
    """The number was lost through a program of an earlier release, which knows no changes of plan."""
    plan_changes.end(tx, change.id, PlanChangeState.VOID, NUMBER_LOST, now)
    title = Title(**change.terms["title"])
    told = f"您的宽带账号{account.number}预约的营销案「{title.zh}」因号码已解除绑定而作废，已缴费用请到营业厅退回。"
    effects.tell(tx, _key(tx, change), account.mobile, told, now)


def _is_bound(tx: Tx, account: AccountRow, mobile: str) -> bool:
    bound = enrolments.bound_to(tx, mobile)
    return bound is not None and bound.account_id == account.id


def _key(tx: Tx, change: PlanChangeRow) -> str:
    """The first part of the keys of the effects on the change's day."""
    return f"operation/{epoch.name(tx, epoch.OF_OPERATIONS, change.operation_id)}/effective"

"""The rows of marketing plans: what an account is enrolled in, and how that changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Protocol


class EnrolmentRow(Protocol):
    """An account's time in a marketing plan."""

    id: int
    account_id: int
    operation_id: int
    plan: str | None  # None: a monthly fee alone, after a plan was voided
    plans_version: str
    terms: Mapping[str, Any]  # the plan as it was then
    mobile: str | None  # the bound number that carries it; None: none does
    from_at: datetime
    until: date | None  # the first day after its term; None: no term
    ended_at: datetime | None  # None: in force
    ended_for: str | None  # None: in force


class ViewedPlan(EnrolmentRow, Protocol):
    """An enrolment with its account's number."""

    account: str


class PlanChangeRow(Protocol):
    """A change of an account's plan that was accepted."""

    id: int
    account_id: int
    operation_id: int
    plan: str
    plans_version: str
    terms: Mapping[str, Any]  # the plan as it was then
    mobile: str | None  # the bound number that will carry it; None: none does
    at: datetime  # when it was accepted
    effective_on: date
    state: str  # one of `domain.plan_change.PlanChangeState`
    why: str | None  # it never took effect; None: it did, or is still to come
    ended_at: datetime | None  # None: still to come


class ViewedPlanChange(PlanChangeRow, Protocol):
    """A change of plan with its account's number."""

    account: str


class EndingTerm(Protocol):
    """An enrolment in force whose term ends soon."""

    id: int
    account_id: int
    terms: dict[str, Any]
    until: date  # the first day after the term

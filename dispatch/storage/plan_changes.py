"""Changes of plan 变更营销案: accepted now, in force later."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, insert, select, update

from dispatch.domain.plan_change import PlanChangeState
from dispatch.storage.database import Tx
from dispatch.storage.plan_rows import PlanChangeRow, ViewedPlanChange
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account, enrolment, plan_change


def schedule(
    tx: Tx,
    account_id: int,
    operation_id: int,
    plan: str,
    plans_version: str,
    terms: Mapping[str, object],
    mobile: str | None,
    at: datetime,
    effective_on: date,
) -> PlanChangeRow:
    """Schedule a change. `mobile` is the bound number that will carry the plan."""
    row = {"plan": plan, "plans_version": plans_version, "terms": dict(terms), "mobile": mobile}
    made = (
        insert(plan_change)
        .values(
            account_id=account_id,
            operation_id=operation_id,
            at=at,
            effective_on=effective_on,
            state=PlanChangeState.SCHEDULED,
            **row,
        )
        .returning(plan_change)
    )
    return shaped(PlanChangeRow, tx.execute(made)).one()


def scheduled(tx: Tx, account_id: int) -> PlanChangeRow | None:
    """The account's change that is still to come. The caller holds the account's lock."""
    mine = (plan_change.c.account_id == account_id) & (plan_change.c.state == PlanChangeState.SCHEDULED)
    return shaped(PlanChangeRow, tx.execute(select(plan_change).where(mine))).one_or_none()


def end(tx: Tx, change_id: int, state: PlanChangeState, why: str | None, now: datetime) -> None:
    """End a scheduled change; `why` says why it never took effect."""
    row = update(plan_change).where(plan_change.c.id == change_id, plan_change.c.state == PlanChangeState.SCHEDULED)
    tx.execute(row.values(state=state, why=why, ended_at=now))


def accounts_due(tx: Tx, today: date, limit: int) -> list[int]:
    """The ids of at most `limit` accounts with a change whose day has come, or with a term that is over."""
    changes = (
        select(plan_change.c.account_id)
        .where(plan_change.c.state == PlanChangeState.SCHEDULED, plan_change.c.effective_on <= today)
        .order_by(plan_change.c.effective_on)
        .limit(limit)
    )
    terms = (
        select(enrolment.c.account_id)
        .where(enrolment.c.ended_at.is_(None), enrolment.c.until.is_not(None), enrolment.c.until <= today)
        .order_by(enrolment.c.until)
        .limit(limit)
    )
    found = [*tx.execute(changes).scalars(), *tx.execute(terms).scalars()]
    return list(dict.fromkeys(found))[:limit]


def unused_operations(tx: Tx, account_id: int) -> list[int]:
    """The operations that accepted changes of this account that never took effect."""
    never = (PlanChangeState.VOID, PlanChangeState.REPLACED)
    query = select(plan_change.c.operation_id).where(
        plan_change.c.account_id == account_id, plan_change.c.state.in_(never)
    )
    return list(tx.execute(query.order_by(plan_change.c.id)).scalars())


def of_accounts(tx: Tx, account_ids: Collection[int], limit: int) -> Sequence[ViewedPlanChange]:
    """The changes of these accounts, the newest first."""
    query: Select[Any] = select(plan_change, account.c.number.label("account")).join(
        account, account.c.id == plan_change.c.account_id
    )
    query = query.where(plan_change.c.account_id.in_(account_ids)).order_by(plan_change.c.id.desc()).limit(limit)
    return shaped(ViewedPlanChange, tx.execute(query)).all()

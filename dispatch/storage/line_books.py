"""【查】 What the books have of an account that a question of pre-handling asks for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from dispatch.domain.effect import Port
from dispatch.storage.database import Tx
from dispatch.storage.tables.accounts import binding, effect, enrolment, operation, slip, suspension

_OF_PLANS = ("open", "change-plan")
"""Operations whose slips name the plan."""


def suspended_since(tx: Tx, account_id: int, kind: str) -> datetime | None:
    query = select(func.max(suspension.c.from_at)).where(
        suspension.c.account_id == account_id, suspension.c.kind == kind, suspension.c.lifted_at.is_(None)
    )
    return tx.execute(query).scalar()


def speed_order(tx: Tx, lane: str) -> tuple[int | None, bool, datetime | None]:
    """Of the line's last order with a speed: (that speed, whether it is confirmed, when it was given). None where no
    order is kept: payloads are emptied some time after their confirmation."""
    query = select(effect.c.payload, effect.c.confirmed_at, effect.c.made_at)
    query = query.where(effect.c.lane == lane, effect.c.port == Port.PROVISIONING).order_by(effect.c.id.desc())
    for payload, confirmed_at, made_at in tx.execute(query):
        if payload.get("speed") is not None:
            return int(payload["speed"]), confirmed_at is not None, made_at
    return None, True, None


def plan_slip(tx: Tx, account_id: int) -> tuple[int, datetime] | None:
    """(operation, time) of the newest slip that names the account's plan; None: there is none."""
    query = select(operation.c.id, operation.c.at).join(slip, slip.c.operation_id == operation.c.id)
    query = query.where(operation.c.account_id == account_id, operation.c.kind.in_(_OF_PLANS))
    row = tx.execute(query.order_by(operation.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else (row.id, row.at)


def number_lost(tx: Tx, account_id: int, voided_for: str, since: datetime) -> datetime | None:
    """When a number was last unbound from the account, or a plan ended for `voided_for`; None: not since then."""
    unbound = select(func.max(binding.c.until)).where(binding.c.account_id == account_id, binding.c.until >= since)
    voided = select(func.max(enrolment.c.ended_at)).where(
        enrolment.c.account_id == account_id, enrolment.c.ended_for == voided_for, enrolment.c.ended_at >= since
    )
    found = [at for at in (tx.execute(unbound).scalar(), tx.execute(voided).scalar()) if at is not None]
    return max(found, default=None)

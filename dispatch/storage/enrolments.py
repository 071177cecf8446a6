"""Accounts' enrolments in marketing plans, and the mobile numbers bound to accounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, String, cast, exists, insert, literal, select, update

from dispatch.storage.account_rows import BindingRow, ViewedBinding
from dispatch.storage.accounts import has_name
from dispatch.storage.database import Tx
from dispatch.storage.plan_rows import EndingTerm, EnrolmentRow
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account, binding, enrolment, message

ENROLMENT = "enrolment/"
"""Before its id: an enrolment as the source of messages."""


def enrol(
    tx: Tx,
    account_id: int,
    operation_id: int,
    plan: str | None,
    plans_version: str,
    terms: Mapping[str, object],
    mobile: str | None,
    from_at: datetime,
    until: date | None,
) -> None:
    """Put an account into a plan.

    `mobile` is the bound number that carries the plan, `until` the first day after its term. Without a plan, `terms`
    hold a monthly fee alone.
    """
    row = {"plan": plan, "plans_version": plans_version, "terms": dict(terms), "mobile": mobile, "until": until}
    tx.execute(insert(enrolment).values(account_id=account_id, operation_id=operation_id, from_at=from_at, **row))


def in_force(tx: Tx, account_id: int) -> EnrolmentRow | None:
    query = select(enrolment).where(enrolment.c.account_id == account_id, enrolment.c.ended_at.is_(None))
    return shaped(EnrolmentRow, tx.execute(query)).one_or_none()


def at(tx: Tx, account_id: int, moment: datetime) -> EnrolmentRow | None:
    """The enrolment that was in force then."""
    query = select(enrolment).where(enrolment.c.account_id == account_id, enrolment.c.from_at <= moment)
    query = query.where((enrolment.c.ended_at.is_(None)) | (enrolment.c.ended_at > moment))
    return shaped(EnrolmentRow, tx.execute(query.order_by(enrolment.c.id.desc()).limit(1))).one_or_none()


def end_enrolment(tx: Tx, account_id: int, reason: str, now: datetime) -> None:
    """End the account's enrolment in force. `reason` is voided, closed or cancelled."""
    tx.execute(
        update(enrolment)
        .where(enrolment.c.account_id == account_id, enrolment.c.ended_at.is_(None))
        .values(ended_at=now, ended_for=reason)
    )


def ending_untold(tx: Tx, after: date, until: date, event: str, limit: int) -> Sequence[EndingTerm]:
    """At most `limit` enrolments in force whose term ends after the one day and up to the other, and whose customer
    wasn't told of it by a message of this event; the first to end first."""
    source = literal(ENROLMENT) + cast(enrolment.c.id, String)
    told = exists().where(message.c.source == source, message.c.event == event)
    query = select(enrolment.c.id, enrolment.c.account_id, enrolment.c.terms, enrolment.c.until)
    query = query.where(enrolment.c.ended_at.is_(None), enrolment.c.until.is_not(None))
    query = query.where(enrolment.c.until > after, enrolment.c.until <= until, ~told)
    return shaped(EndingTerm, tx.execute(query.order_by(enrolment.c.until, enrolment.c.id).limit(limit))).all()


def move_term(tx: Tx, enrolment_id: int, until: date) -> None:
    """Let the enrolment's term end on another day."""
    tx.execute(update(enrolment).where(enrolment.c.id == enrolment_id).values(until=until))


def bind(tx: Tx, account_id: int, mobile: str, operation_id: int, now: datetime) -> None:
    tx.execute(insert(binding).values(account_id=account_id, mobile=mobile, from_at=now, added_by=operation_id))


def bound_to(tx: Tx, mobile: str, *, lock: bool = False) -> BindingRow | None:
    """The valid binding of this mobile number."""
    query = select(binding).where(binding.c.mobile == mobile, binding.c.until.is_(None))
    return shaped(BindingRow, tx.execute(query.with_for_update() if lock else query)).one_or_none()


def valid_bindings(tx: Tx, account_id: int) -> Sequence[BindingRow]:
    query = select(binding).where(binding.c.account_id == account_id, binding.c.until.is_(None))
    return shaped(BindingRow, tx.execute(query.order_by(binding.c.id))).all()


def unbind(tx: Tx, binding_ids: Sequence[int], operation_id: int, now: datetime) -> None:
    tx.execute(update(binding).where(binding.c.id.in_(binding_ids)).values(until=now, ended_by=operation_id))


def bindings(
    tx: Tx,
    number: str | None,
    mobile: str | None,
    since: datetime | None,
    before: datetime | None,
    limit: int,
    areas: Collection[str] | None = None,
) -> Sequence[ViewedBinding]:
    """Bindings of an account number or a mobile number, accepted 受理 in [since, before), in these areas or in all.

    The newest come first; ended bindings are included.
    """
    query: Select[Any] = select(binding, account.c.number.label("account")).join(
        account, account.c.id == binding.c.account_id
    )
    if number is not None:
        query = query.where(has_name(number))
    if mobile is not None:
        query = query.where(binding.c.mobile == mobile)
    if areas is not None:
        query = query.where(account.c.area.in_(areas))
    if since is not None:
        query = query.where(binding.c.from_at >= since)
    if before is not None:
        query = query.where(binding.c.from_at < before)
    return shaped(ViewedBinding, tx.execute(query.order_by(binding.c.id.desc()).limit(limit))).all()

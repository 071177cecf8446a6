"""Account operations, their slips, and the audit trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.domain.roles import Actor
from dispatch.storage.database import Tx
from dispatch.storage.operation_rows import AuditRow, OperationRow, SlipRow
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account, audit, operation, slip

PENDING = "pending"


def begin(
    tx: Tx, kind: str, request_key: str | None, fingerprint: str, actor: Actor, outlet: str, now: datetime
) -> int | None:
    """Insert an operation, pending until `finish`, and return its id; None when its request key is taken.

    Of two transactions with the same key, the second waits here until the first ends.
    """
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    row = dialect.insert(operation).values(
        kind=kind,
        request_key=request_key,
        fingerprint=fingerprint,
        at=now,
        actor=actor.name,
        role=actor.role,
        outlet=outlet,
        outcome=PENDING,
        result={},
    )
    made = row.on_conflict_do_nothing(index_elements=[operation.c.request_key]).returning(operation.c.id)
    return tx.execute(made).scalar_one_or_none()


def finish(
    tx: Tx,
    operation_id: int,
    outcome: str,
    account_id: int | None,
    result: Mapping[str, object],
    code: str | None = None,
    reason: str | None = None,
) -> None:
    """Write what the operation came to; after that the row never changes."""
    tx.execute(
        update(operation)
        .where(operation.c.id == operation_id)
        .values(outcome=outcome, account_id=account_id, result=dict(result), code=code, reason=reason)
    )


def by_request_key(tx: Tx, key: str) -> OperationRow:
    return shaped(OperationRow, tx.execute(select(operation).where(operation.c.request_key == key))).one()


def of_account(tx: Tx, account_id: int, limit: int) -> Sequence[OperationRow]:
    """The account's operations, the newest first."""
    query = select(operation).where(operation.c.account_id == account_id).order_by(operation.c.id.desc())
    return shaped(OperationRow, tx.execute(query.limit(limit))).all()


def latest_kinds(tx: Tx, account_ids: Sequence[int], most: int) -> dict[int, list[str]]:
    """By account id: the kinds of its last `most` accepted operations, the newest first."""
    newest = func.row_number().over(partition_by=operation.c.account_id, order_by=operation.c.id.desc())
    mine = select(operation.c.id, operation.c.account_id, operation.c.kind, newest.label("place")).where(
        operation.c.account_id.in_(account_ids), operation.c.outcome == "accepted"
    )
    ranked = mine.subquery()
    found: dict[int, list[str]] = {}
    query = select(ranked.c.account_id, ranked.c.kind).where(ranked.c.place <= most)
    for account_id, kind in tx.execute(query.order_by(ranked.c.account_id, ranked.c.place)):
        found.setdefault(account_id, []).append(kind)
    return found


def is_put_in_order(tx: Tx, account_id: int, since: datetime) -> bool:
    """Return whether the name or the document of the account's holder was corrected since then."""
    query = select(operation.c.result).where(
        operation.c.account_id == account_id,
        operation.c.kind == "modify",
        operation.c.outcome == "accepted",
        operation.c.at >= since,
    )
    changed = [result.get("changed") or () for result in tx.execute(query).scalars()]
    return any(name in each for each in changed for name in ("name", "document"))


def insert_slip(tx: Tx, operation_id: int, content: str) -> None:
    tx.execute(insert(slip).values(operation_id=operation_id, content=content))


def slip_content(tx: Tx, operation_id: int) -> str | None:
    """The operation's slip as canonical JSON; None for a refused operation or a query, which have none."""
    return tx.execute(select(slip.c.content).where(slip.c.operation_id == operation_id)).scalar()


def slip_paper(tx: Tx, operation_id: int) -> SlipRow | None:
    """The operation's slip, and its account's area; None when it has none."""
    query: Select[Any] = (
        select(slip.c.operation_id, slip.c.content, operation.c.at, account.c.area)
        .join(operation, operation.c.id == slip.c.operation_id)
        .join(account, account.c.id == operation.c.account_id)
        .where(slip.c.operation_id == operation_id)
    )
    return shaped(SlipRow, tx.execute(query)).one_or_none()


def note_audit(tx: Tx, act: str, subject: str, reason: str, actor: Actor, now: datetime) -> None:
    tx.execute(insert(audit).values(at=now, actor=actor.name, role=actor.role, act=act, subject=subject, reason=reason))


def audit_trail(tx: Tx, limit: int, before: int | None = None) -> Sequence[AuditRow]:
    """The newest audit entries first; only those with smaller ids than `before`."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    return shaped(AuditRow, tx.execute(query if before is None else query.where(audit.c.id < before))).all()

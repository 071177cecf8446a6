"""核验记录: what registry and list of fraudsters answered about somebody in an operation. Append-only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import insert, select

from dispatch.domain.agency import CheckedPerson
from dispatch.ports.identity_check import FraudAnswer, IdentityAnswer
from dispatch.storage.customer_rows import ListedRow
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import operation
from dispatch.storage.tables.identity import identity_check


def add(tx: Tx, operation_id: int, checked: CheckedPerson, area: str, answer: IdentityAnswer, now: datetime) -> None:
    row = {
        "operation_id": operation_id,
        "checked": checked,
        "area": area,
        "registry": answer.registry,
        "fraud": answer.fraud,
        "reference": answer.reference,
        "at": now,
    }
    tx.execute(insert(identity_check).values(**row))


def listed(tx: Tx, since: datetime, areas: Collection[str] | None, limit: int) -> Sequence[ListedRow]:
    """The people on the list of fraudsters who have come since then, in these areas or in all, the newest first."""
    query = (
        select(identity_check, operation.c.kind, operation.c.actor, operation.c.outlet)
        .join(operation, operation.c.id == identity_check.c.operation_id)
        .where(identity_check.c.fraud == FraudAnswer.LISTED, identity_check.c.at >= since)
    )
    if areas is not None:
        query = query.where(identity_check.c.area.in_(areas))
    return shaped(ListedRow, tx.execute(query.order_by(identity_check.c.id.desc()).limit(limit))).all()

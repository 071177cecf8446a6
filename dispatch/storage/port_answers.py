"""What systems outside answered before an act; the question is only there as a keyed hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select

from dispatch.storage.database import Tx
from dispatch.storage.operation_rows import PortAnswerRow
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import port_answer


def add(tx: Tx, port: str, question_hash: str, answer: Mapping[str, object] | None, now: datetime) -> int:
    row = {"port": port, "question_hash": question_hash, "answer": answer, "asked_at": now}
    return int(tx.execute(insert(port_answer).values(**row).returning(port_answer.c.id)).scalar_one())


def find(tx: Tx, ids: Sequence[int], port: str) -> Sequence[PortAnswerRow]:
    """Those of the answers that are this port's, the newest first."""
    query = select(port_answer).where(port_answer.c.id.in_(ids), port_answer.c.port == port)
    return shaped(PortAnswerRow, tx.execute(query.order_by(port_answer.c.id.desc()))).all()


def forget(tx: Tx, before: datetime, limit: int) -> int:
    """Delete at most `limit` answers of that age; returns how many. What an act made of its answer stays with the
    act."""
    old = select(port_answer.c.id).where(port_answer.c.asked_at <= before).limit(limit)
    return tx.execute(delete(port_answer).where(port_answer.c.id.in_(old))).rowcount

"""验证码: codes that were sent to mobile numbers. Number and code are there as keyed hashes alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update

from dispatch.storage.database import Tx
from dispatch.storage.operation_rows import ProofRow
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import effect, message, proof


def add(
    tx: Tx,
    mobile_index: str,
    purpose: str,
    account_id: int | None,
    actor: str,
    code_hmac: str,
    source: str | None,
    now: datetime,
) -> int:
    """Keep a code that is being sent; `source` is what its message is about."""
    row = {
        "mobile_index": mobile_index,
        "purpose": purpose,
        "account_id": account_id,
        "actor": actor,
        "code_hmac": code_hmac,
        "source": source,
        "made_at": now,
    }
    return int(tx.execute(insert(proof).values(**row).returning(proof.c.id)).scalar_one())


def newest(tx: Tx, mobile_indexes: Sequence[str], purpose: str, account_id: int | None, actor: str) -> ProofRow | None:
    """The last code to this number for this purpose and account, that this clerk had sent; locked. `account_id` None:
    there is none yet."""
    query = select(proof).where(proof.c.mobile_index.in_(mobile_indexes), proof.c.purpose == purpose)
    query = query.where(proof.c.account_id == account_id, proof.c.actor == actor)
    return shaped(ProofRow, tx.execute(query.order_by(proof.c.id.desc()).limit(1).with_for_update())).one_or_none()


def count_try(tx: Tx, proof_id: int) -> None:
    tx.execute(update(proof).where(proof.c.id == proof_id).values(tries=proof.c.tries + 1))


def use(tx: Tx, proof_id: int, operation_id: int) -> None:
    tx.execute(update(proof).where(proof.c.id == proof_id).values(used_by=operation_id))


def sent_to(tx: Tx, mobile_indexes: Sequence[str], since: datetime) -> tuple[int, datetime | None]:
    """How many codes were sent to a number since then, and when the last was."""
    query = select(func.count(), func.max(proof.c.made_at)).where(proof.c.mobile_index.in_(mobile_indexes))
    number, last = tx.execute(query.where(proof.c.made_at >= since)).one()
    return number, last


def sent_by(tx: Tx, actor: str, since: datetime) -> int:
    """How many codes a clerk has had sent since then."""
    query = select(func.count()).where(proof.c.actor == actor, proof.c.made_at > since)
    return int(tx.execute(query).scalar_one())


def is_taken(tx: Tx, source: str) -> bool:
    """Return whether the gateway has taken the message about this."""
    query = select(message.c.id).join(effect, effect.c.id == message.c.effect_id)
    query = query.where(message.c.source == source, effect.c.confirmed_at.is_not(None))
    return tx.execute(query).first() is not None


def forget(tx: Tx, before: datetime, limit: int) -> int:
    """Delete at most `limit` codes of that age; returns how many."""
    old = select(proof.c.id).where(proof.c.made_at <= before).limit(limit)
    return tx.execute(delete(proof).where(proof.c.id.in_(old))).rowcount

"""短信 Messages to customers: each is written by the act that causes it, then settled: an effect is made of it or none.

A settled message keeps what it was about and what became of it, not what it said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select

from dispatch.domain.messages import Event
from dispatch.storage.bulk import insert_numbered, update_rows
from dispatch.storage.database import Tx
from dispatch.storage.effect_rows import MessageDue, MessageLine
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account, effect, message

_TO_SETTLE = message.c.settled_at.is_(None)


class Told(NamedTuple):
    """An event to tell a customer of. `mobile`: None for the account's own number at the time of writing."""

    event: Event
    source: str
    facts: Mapping[str, Any]
    account_id: int | None = None
    mobile: str | None = None


class Settled(NamedTuple):
    """What became of a message."""

    id: int
    outcome: str
    effect_id: int | None = None


def insert(tx: Tx, told: Sequence[Told], now: datetime) -> list[int]:
    """Write messages that are still to be settled; returns their ids."""
    return insert_numbered(tx, message, [{**_columns(each), "made_at": now} for each in told])


def insert_sent(tx: Tx, told: Sequence[Told], outcome: str, now: datetime) -> None:
    """Note messages that a worker has sent, or has kept back, itself."""
    settled: dict[str, Any] = {"facts": {}, "mobile": None, "made_at": now, "settled_at": now, "outcome": outcome}
    insert_numbered(tx, message, [{**_columns(each), **settled} for each in told])


def is_to_settle(tx: Tx) -> bool:
    """Return whether any message waits to be settled; one index lookup."""
    return tx.execute(select(message.c.id).where(_TO_SETTLE).limit(1)).first() is not None


def lock_to_settle(tx: Tx, limit: int) -> Sequence[MessageDue]:
    """Lock at most `limit` messages to settle, the oldest first, each with the number that it goes to."""
    mobile = func.coalesce(message.c.mobile, account.c.mobile).label("mobile")
    query = select(message.c.id, message.c.event, message.c.source, mobile, message.c.facts, message.c.made_at)
    query = query.outerjoin(account, account.c.id == message.c.account_id).where(_TO_SETTLE)
    query = query.order_by(message.c.id).limit(limit).with_for_update(of=message, skip_locked=True)
    return shaped(MessageDue, tx.execute(query)).all()


def settle(tx: Tx, settled: Sequence[Settled], now: datetime) -> None:
    """Note what became of these messages, and empty what they say."""
    update_rows(tx, message, [{**each._asdict(), "settled_at": now, "facts": {}, "mobile": None} for each in settled])


def about(tx: Tx, source: str) -> Sequence[MessageLine]:
    """The messages about one thing, the oldest first."""
    columns = message.c.id, message.c.event, message.c.source, message.c.made_at, message.c.outcome
    settled = message.c.settled_at, message.c.effect_id
    of_effect = effect.c.state.label("effect_state"), effect.c.wake_at, effect.c.confirmed_at
    query = select(*columns, *settled, *of_effect).outerjoin(effect, effect.c.id == message.c.effect_id)
    return shaped(MessageLine, tx.execute(query.where(message.c.source == source).order_by(message.c.id))).all()


def _columns(told: Told) -> dict[str, Any]:
    return {**told._asdict(), "event": str(told.event), "facts": dict(told.facts)}

"""Outside effects: inserts, queries, and the set-based statements that move batches of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import exists, func, or_, select, update

from dispatch.domain.effect import EffectState, effect_sources, effect_target
from dispatch.storage.bulk import insert_numbered
from dispatch.storage.database import Tx
from dispatch.storage.effect_rows import EffectCountRow, EffectLine, EffectRow
from dispatch.storage.outbox import Outbox, Pair, Waited
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import effect
from dispatch.storage.wakeups import DUE

OUTBOX = Outbox(effect, effect_sources, effect_target, effect.c.wake_at.is_not(None))
receive, postpone, fail = OUTBOX.receive, OUTBOX.postpone, OUTBOX.fail

_older = effect.alias("older")
_first_in_its_lane = or_(
    effect.c.lane.is_(None),
    ~exists().where(_older.c.lane == effect.c.lane, _older.c.id < effect.c.id, _older.c.confirmed_at.is_(None)),
)
"""An effect in the quarantine blocks its lane: later effects would arrive out of order."""


_OLDEST_DUE = OUTBOX.oldest_due(_first_in_its_lane)
_TAKING = OUTBOX.taking(_first_in_its_lane)


class SentEffect(NamedTuple):
    """An effect marked as sent, to be published to the worker that hands it to its receiver."""

    id: int
    generation: int
    port: str
    failures: int
    waited: Waited = Waited()

    @property
    def pair(self) -> Pair:
        return self.id, self.generation


def insert_effects(tx: Tx, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert effects, due from their `made_at` on, and return their ids, in the order of `rows`.

    On PostgreSQL this wakes the relay when the transaction commits.
    """
    if not rows:
        return []
    ids = insert_numbered(tx, effect, [{"state": EffectState.DUE, "wake_at": row["made_at"], **row} for row in rows])
    _wake_relay(tx)
    return ids


def take_due(tx: Tx, now: datetime, lease: timedelta, limit: int) -> list[SentEffect]:
    """Mark due effects as sent under a new generation and return them: the oldest first, and only the first of each
    lane."""
    taken = OUTBOX.take(tx, _TAKING, now, lease, limit, [{}])
    sent = select(effect.c.id, effect.c.generation, effect.c.port, effect.c.failures)
    sent = sent.where(effect.c.id.in_(list(taken)), effect.c.state == EffectState.SENT).order_by(effect.c.id)
    return [SentEffect(*row, taken[row.id]) for row in tx.execute(sent)]


def read_received(tx: Tx, pairs: Sequence[Pair]) -> Sequence[EffectRow]:
    """The message's effects whose generation still matches and that the worker has received, by id."""
    query = select(effect).where(OUTBOX.those, effect.c.state == EffectState.RECEIVED)
    return shaped(EffectRow, tx.execute(query.order_by(effect.c.id), OUTBOX.named(tx, pairs))).all()


def is_due(tx: Tx, now: datetime) -> bool:
    """Return whether any effect is due; one index lookup."""
    return oldest_due(tx, now) is not None


def oldest_due(tx: Tx, now: datetime) -> datetime | None:
    """Since when the oldest due effect waits to be sent; None when nothing is due."""
    return tx.execute(_OLDEST_DUE, {"now": now}).scalar()


def confirm(tx: Tx, pairs: Sequence[Pair], now: datetime) -> list[Pair]:
    """Confirm effects that their receiver accepted, which unblocks their lanes; return those that this changed."""
    confirmed = OUTBOX.move(tx, "confirm", pairs, confirmed_at=now, wake_at=None, failure=None)
    _wake_relay(tx)
    return confirmed


def quarantine(tx: Tx, pair: Pair, failure: str) -> None:
    """Put an effect into the quarantine because no further try would help."""
    OUTBOX.move(tx, "quarantine", [pair], failures=effect.c.failures + 1, failure=failure, wake_at=None)


def forget(tx: Tx, before: datetime, limit: int, now: datetime) -> int:
    """Empty the payloads of at most `limit` effects confirmed by `before`, since they may hold a customer's number.

    Returns how many. The keys stay, so no effect is done twice.
    """
    due = select(effect.c.id).where(effect.c.confirmed_at <= before, effect.c.forgotten_at.is_(None))
    due = due.order_by(effect.c.confirmed_at).limit(limit).with_for_update(skip_locked=True)
    ids = tx.execute(due).scalars().all()
    empty(tx, ids, now)
    return len(ids)


def empty(tx: Tx, ids: Collection[int], now: datetime) -> None:
    """Empty these payloads. The keys stay, so no effect is done twice."""
    if ids:
        tx.execute(update(effect).where(effect.c.id.in_(ids)).values(payload={}, forgotten_at=now))


def lock(tx: Tx, effect_id: int) -> EffectRow | None:
    return shaped(EffectRow, tx.execute(select(effect).where(effect.c.id == effect_id).with_for_update())).one_or_none()


def release(tx: Tx, effect_id: int, state: EffectState, now: datetime) -> None:
    """Move an effect out of the quarantine into `state`, due at once, with its failures reset."""
    tx.execute(update(effect).where(effect.c.id == effect_id).values(state=state, wake_at=now, failures=0))
    _wake_relay(tx)


def counts(tx: Tx) -> Sequence[EffectCountRow]:
    """Unconfirmed effects, counted by port and state."""
    kind = (effect.c.port, effect.c.state)
    query = select(*kind, func.count().label("number"), func.min(effect.c.made_at).label("oldest"))
    query = query.where(effect.c.confirmed_at.is_(None)).group_by(*kind).order_by(*kind)
    return shaped(EffectCountRow, tx.execute(query)).all()


def unconfirmed(tx: Tx, limit: int) -> Sequence[EffectLine]:
    """Unconfirmed effects, the oldest first, without their payloads, which may hold a customer's data."""
    columns = [column for column in effect.c if column.name != "payload"]
    query = select(*columns).where(effect.c.confirmed_at.is_(None)).order_by(effect.c.id).limit(limit)
    return shaped(EffectLine, tx.execute(query)).all()


def keys(tx: Tx) -> list[tuple[str, str, bool]]:
    """(port, key, whether it is confirmed) of every effect there ever was."""
    query = select(effect.c.port, effect.c.key, effect.c.confirmed_at.is_not(None)).order_by(effect.c.id)
    return [(port, key, bool(confirmed)) for port, key, confirmed in tx.execute(query)]


def keys_in_lanes(tx: Tx, lanes: Collection[str]) -> dict[str, list[str]]:
    """The keys of unconfirmed effects by lane, in the order in which they leave."""
    query = select(effect.c.lane, effect.c.key).where(effect.c.lane.in_(lanes), effect.c.confirmed_at.is_(None))
    found: dict[str, list[str]] = {}
    for lane, key in tx.execute(query.order_by(effect.c.lane, effect.c.id)):
        found.setdefault(lane, []).append(key)
    return found


def waiting_in_lane(tx: Tx, lane: str) -> Sequence[EffectRow]:
    """The lane's unconfirmed effects, in the order in which they leave."""
    query = select(effect).where(effect.c.lane == lane, effect.c.confirmed_at.is_(None))
    return shaped(EffectRow, tx.execute(query.order_by(effect.c.id))).all()


def confirmed_since(tx: Tx, lane: str, since: datetime) -> list[int]:
    """The ids of the lane's effects that were confirmed at this time or later, and whose payloads are still there."""
    query = select(effect.c.id).where(effect.c.confirmed_at >= since, effect.c.forgotten_at.is_(None))
    return list(tx.execute(query.where(effect.c.lane == lane)).scalars())


def _wake_relay(tx: Tx) -> None:
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"NOTIFY {DUE}")

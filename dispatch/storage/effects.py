"""Outside effects: rows in, rows out, and the set-based statements with which batches of them leave."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import exists, func, insert, or_, select, update

from dispatch.domain.effect import EffectState, effect_sources, effect_target
from dispatch.storage.account_rows import EffectCountRow, EffectLine, EffectRow
from dispatch.storage.database import Tx
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
"""One in the quarantine holds its lane up: what comes after it would arrive out of order."""


_OLDEST_DUE = OUTBOX.oldest_due(_first_in_its_lane)
_TAKING = OUTBOX.taking(_first_in_its_lane)


class SentEffect(NamedTuple):
    """An effect that is now on its way to the worker that will ask its receiver."""

    id: int
    generation: int
    port: str
    failures: int
    waited: Waited = Waited()

    @property
    def pair(self) -> Pair:
        return self.id, self.generation


def insert_effects(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """New effects, due at once. Wakes the relay, where the database can, when this commits."""
    if rows:
        tx.execute(insert(effect), [{"state": EffectState.DUE, "wake_at": row["made_at"], **row} for row in rows])
        _wake_relay(tx)


def take_due(tx: Tx, now: datetime, lease: timedelta, limit: int) -> list[SentEffect]:
    """The effects that are to be sent now, marked as sent under a new generation; the oldest first, and of each lane
    only its first."""
    taken = OUTBOX.take(tx, _TAKING, now, lease, limit, [{}])
    sent = select(effect.c.id, effect.c.generation, effect.c.port, effect.c.failures)
    sent = sent.where(effect.c.id.in_(list(taken)), effect.c.state == EffectState.SENT).order_by(effect.c.id)
    return [SentEffect(*row, taken[row.id]) for row in tx.execute(sent)]


def read_received(tx: Tx, pairs: Sequence[Pair]) -> Sequence[EffectRow]:
    """Those of a message's effects that are still at its generation and in the worker's hands, in order."""
    query = select(effect).where(OUTBOX.those, effect.c.state == EffectState.RECEIVED)
    return shaped(EffectRow, tx.execute(query.order_by(effect.c.id), OUTBOX.named(tx, pairs))).all()


def is_due(tx: Tx, now: datetime) -> bool:
    """Whether something is to be sent: a look at the index."""
    return oldest_due(tx, now) is not None


def oldest_due(tx: Tx, now: datetime) -> datetime | None:
    """Since when the oldest waits to be sent."""
    return tx.execute(_OLDEST_DUE, {"now": now}).scalar()


def confirm(tx: Tx, pairs: Sequence[Pair], now: datetime) -> list[Pair]:
    """Their receiver has accepted them, and what waited behind them in their lanes may go. Those still ours then."""
    confirmed = OUTBOX.move(tx, "confirm", pairs, confirmed_at=now, wake_at=None, failure=None)
    _wake_relay(tx)
    return confirmed


def quarantine(tx: Tx, pair: Pair, failure: str) -> None:
    """No further try would help."""
    OUTBOX.move(tx, "quarantine", [pair], failures=effect.c.failures + 1, failure=failure, wake_at=None)


def forget(tx: Tx, before: datetime, limit: int, now: datetime) -> int:
    """What was confirmed by then no longer says what it said, a customer's number among it; how many did until now. Its
    key stays: nothing is done a second time."""
    due = select(effect.c.id).where(effect.c.confirmed_at <= before, effect.c.forgotten_at.is_(None))
    due = due.order_by(effect.c.confirmed_at).limit(limit).with_for_update(skip_locked=True)
    ids = tx.execute(due).scalars().all()
    tx.execute(update(effect).where(effect.c.id.in_(ids)).values(payload={}, forgotten_at=now))
    return len(ids)


def lock(tx: Tx, effect_id: int) -> EffectRow | None:
    return shaped(EffectRow, tx.execute(select(effect).where(effect.c.id == effect_id).with_for_update())).one_or_none()


def release(tx: Tx, effect_id: int, state: EffectState, now: datetime) -> None:
    """Tried afresh."""
    tx.execute(update(effect).where(effect.c.id == effect_id).values(state=state, wake_at=now, failures=0))
    _wake_relay(tx)


def counts(tx: Tx) -> Sequence[EffectCountRow]:
    """Unconfirmed effects, counted by port and state."""
    kind = (effect.c.port, effect.c.state)
    query = select(*kind, func.count().label("number"), func.min(effect.c.made_at).label("oldest"))
    query = query.where(effect.c.confirmed_at.is_(None)).group_by(*kind).order_by(*kind)
    return shaped(EffectCountRow, tx.execute(query)).all()


def unconfirmed(tx: Tx, limit: int) -> Sequence[EffectLine]:
    """The oldest first, without what they say: that may be a customer's."""
    columns = [column for column in effect.c if column.name != "payload"]
    query = select(*columns).where(effect.c.confirmed_at.is_(None)).order_by(effect.c.id).limit(limit)
    return shaped(EffectLine, tx.execute(query)).all()


def keys(tx: Tx) -> list[tuple[str, str, bool]]:
    """(port, key, whether it is confirmed) of all that was ever asked."""
    query = select(effect.c.port, effect.c.key, effect.c.confirmed_at.is_not(None)).order_by(effect.c.id)
    return [(port, key, bool(confirmed)) for port, key, confirmed in tx.execute(query)]


def keys_in_lanes(tx: Tx, lanes: Collection[str]) -> dict[str, list[str]]:
    """The keys of what isn't confirmed, by lane, in order."""
    query = select(effect.c.lane, effect.c.key).where(effect.c.lane.in_(lanes), effect.c.confirmed_at.is_(None))
    found: dict[str, list[str]] = {}
    for lane, key in tx.execute(query.order_by(effect.c.lane, effect.c.id)):
        found.setdefault(lane, []).append(key)
    return found


def _wake_relay(tx: Tx) -> None:
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"NOTIFY {DUE}")

"""Rows that are their own outbox: hops, and effects. What is due is marked as sent under a new generation; what isn't
acted upon within its lease is due again; what fails too often waits in the quarantine. By set-based statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, Select, Table, Update, and_, bindparam, case, select, update

from dispatch.domain.lifecycle import State
from dispatch.storage import epoch
from dispatch.storage.bulk import among_given, listed, paired, paired_as_given
from dispatch.storage.column_types import Instant, constants
from dispatch.storage.database import Tx

Pair = tuple[int, int]
"""(id, generation): all that a message carries of a row."""

NOW: BindParameter[datetime] = bindparam("now", type_=Instant)
UNTIL: BindParameter[datetime] = bindparam("until", type_=Instant)
"""Parameters of statements that are built once, for they are asked for with every message."""

MOST_FAILURES = 5
"""At this failure a row goes into the quarantine. Source: design, `durability.md` rule 6."""


class Waited(NamedTuple):
    """How long a row was due before it was taken, in seconds, and whether that was because its lease had run out."""

    seconds: float = 0
    expired: bool = False


class Outbox:
    """One such table and its life. It has `id`, `state`, `generation`, `failures`, `failure` and `wake_at`; its life
    has the moves `send`, `postpone`, `receive`, `quarantine` and `release`."""

    def __init__(
        self,
        table: Table,
        sources: Callable[[str], tuple[State, ...]],
        target: Callable[[str], State],
        indexed: ColumnElement[bool],
        **on_sending: ColumnElement[Any],
    ) -> None:
        """`indexed`: of which rows the index over `wake_at` is in which what is due is found; `on_sending`: what else
        is written of a row that is sent, of the parameter NOW."""
        self.table, self.c = table, table.c
        self.indexed = indexed
        self.sources, self.target = sources, target
        self.sent, self.received = target("send"), target("receive")
        self.those = paired_as_given(self.c.id, self.c.generation)
        """The rows of a message that are still at its generations; its parameters are `named`."""
        self.at_work_on = and_(self.those, _in_state(self.c.state, (*sources("receive"), self.received)))
        """Those of them that are the worker's to act upon: received, or received by the very act that asks."""
        self._sending = self._send(on_sending)

    @staticmethod
    def named(tx: Tx, pairs: Sequence[Pair]) -> dict[str, Any]:
        """The parameters of statements about a message's rows."""
        return paired(tx, pairs)

    def due(self, now: datetime | BindParameter[Any]) -> ColumnElement[bool]:
        """To be sent, or sent and not acted upon within the lease."""
        return and_(self.indexed, self.c.wake_at <= now, _in_state(self.c.state, self.sources("send")))

    def oldest_due(self, *where: ColumnElement[bool]) -> Select[Any]:
        """Since when something waits to be sent, of the parameter NOW: what the relay is behind. No row: nothing."""
        return select(self.c.wake_at).where(self.due(NOW), *where).order_by(self.c.wake_at).limit(1)

    def taking(self, *where: ColumnElement[bool]) -> Select[Any]:
        """What `take` asks for, of the parameters NOW and `most`: the oldest first; what another process has locked is
        left to it."""
        due = select(self.c.id, self.c.state, self.c.wake_at).where(self.due(NOW), *where).order_by(self.c.wake_at)
        return due.limit(bindparam("most")).with_for_update(of=self.table, skip_locked=True)

    def take(
        self,
        tx: Tx,
        taking: Select[Any],
        now: datetime,
        lease: timedelta,
        most: int,
        receivers: Sequence[dict[str, str]],
    ) -> dict[int, Waited]:
        """Mark rows as sent, `most` of each receiver's: what `taking` has to be given, besides, to find them.

        A row that its worker held when the lease ran out counts as a failure, for it may be what killed the worker; one
        that merely wasn't fetched does not. At the last failure it is quarantined instead. Gives both, by id.
        """
        waited = {
            row.id: Waited((now - row.wake_at).total_seconds(), row.state in (self.sent, self.received))
            for receiver in receivers
            for row in tx.execute(taking, {"now": now, "most": most, **receiver})
        }
        if waited:
            tx.execute(self._sending, {"now": now, "until": now + lease, **listed(tx, ids=sorted(waited))})
        return waited

    def _send(self, also: dict[str, ColumnElement[Any]]) -> Update:
        held = self.c.state == self.received
        failures = self.c.failures + case((held, 1), else_=0)
        poisoned = held & (failures >= MOST_FAILURES)
        return (
            update(self.table)
            .where(among_given(self.c.id, "ids"))
            .values(
                state=case((poisoned, self.target("quarantine")), else_=self.sent),
                failures=failures,
                failure=case((poisoned, "its worker died while it was at work on it"), else_=self.c.failure),
                generation=epoch.lifted(self.c.generation) + 1,
                wake_at=case((poisoned, None), else_=UNTIL),
                **also,
            )
        )

    def postpone(self, tx: Tx, pairs: Sequence[Pair], until: datetime, **columns: object) -> None:
        """Nobody's failure: due again at `until`."""
        self.move(tx, "postpone", pairs, wake_at=until, **columns)

    def receive(self, tx: Tx, pairs: Sequence[Pair], now: datetime, lease: timedelta, **columns: object) -> list[Pair]:
        """The message's rows that are still at its generation, now in the worker's hands. The rest is stale."""
        return self.move(tx, "receive", pairs, wake_at=now + lease, **columns)

    def fail(self, tx: Tx, pair: Pair, failure: str, now: datetime) -> bool:
        """Count a failure of the worker's act; the row is due again after a growing pause. True: quarantined instead.

        `failure` says its kind and place, and nothing that may be a customer's.
        """
        so_far = tx.execute(
            select(self.c.failures).where(self.at_work_on).with_for_update(), self.named(tx, [pair])
        ).scalar_one_or_none()
        if so_far is None:
            return False
        failures = so_far + 1
        poisoned = bool(failures >= MOST_FAILURES)
        move, wake_at = ("quarantine", None) if poisoned else ("postpone", now + timedelta(seconds=2**failures))
        self.move(tx, move, [pair], failures=failures, failure=failure, wake_at=wake_at)
        return poisoned

    def begin_epoch(self, tx: Tx, base: int, now: datetime) -> None:
        """What is on its way goes again, at once, and what was sent of it before is stale."""
        on_its_way = self.c.state.in_((self.sent, self.received))
        tx.execute(update(self.table).where(on_its_way).values(generation=base, wake_at=now))

    def move(self, tx: Tx, move: str, pairs: Sequence[Pair], **columns: object) -> list[Pair]:
        """Those of the rows that are still at these generations, and from where the life's `move` may start."""
        moved = tx.execute(
            update(self.table)
            .where(self.those, _in_state(self.c.state, self.sources(move)))
            .values(state=self.target(move), **columns)
            .returning(self.c.id, self.c.generation),
            self.named(tx, pairs),
        )
        return sorted((row.id, row.generation) for row in moved)


def _in_state(state: ColumnElement[str], states: Sequence[str]) -> ColumnElement[bool]:
    """Without an index over states: the row is found by its id or its time, and such an index has an entry for every
    state that a row has passed through since the last vacuum."""
    return state.concat("").in_(constants(states))

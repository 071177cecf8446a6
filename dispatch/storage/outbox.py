"""The outbox pattern on the rows themselves: hops and effects.

The relay marks due rows as sent under a new generation. A row that isn't acted upon within its lease is due again; a
row that fails too often waits in the quarantine. All moves are set-based statements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, Select, Table, Update, and_, bindparam, case, select, update

from dispatch.domain.lifecycle import State
from dispatch.storage import epoch
from dispatch.storage.bulk import in_list_parameter, in_pairs_parameter, list_parameters, pairs_parameters
from dispatch.storage.column_types import Instant, constants
from dispatch.storage.database import Tx

Pair = tuple[int, int]
"""(id, generation): what a message carries of a row."""

NOW: BindParameter[datetime] = bindparam("now", type_=Instant)
UNTIL: BindParameter[datetime] = bindparam("until", type_=Instant)
"""Parameters of the statements that every message needs, which are therefore built once."""

MOST_FAILURES = 5
"""The number of failures at which a row goes into the quarantine: `docs/durability.md`."""


class Waited(NamedTuple):
    """Seconds for which a row was due before it was taken, and whether it was due because its lease had expired."""

    seconds: float = 0
    expired: bool = False


class Outbox:
    """One outbox table and its life cycle.

    The table has `id`, `state`, `generation`, `failures`, `failure` and `wake_at`; the life cycle has the moves `send`,
    `postpone`, `receive`, `quarantine` and `release`.
    """

    def __init__(
        self,
        table: Table,
        sources: Callable[[str], tuple[State, ...]],
        target: Callable[[str], State],
        indexed: ColumnElement[bool],
        **on_sending: ColumnElement[Any],
    ) -> None:
        """`indexed` is the condition of the partial index over `wake_at`; `on_sending` are further columns to set when
        a row is sent, in terms of the parameter NOW."""
        self.table, self.c = table, table.c
        self.indexed = indexed
        self.sources, self.target = sources, target
        self.sent, self.received = target("send"), target("receive")
        self.those = in_pairs_parameter(self.c.id, self.c.generation)
        """The message's rows whose generation still matches; `named` gives its parameters."""
        self.at_work_on = and_(self.those, _in_state(self.c.state, (*sources("receive"), self.received)))
        """The matching rows that the worker may act upon: received before, or received by the same transaction."""
        self._sending = self._send(on_sending)

    @staticmethod
    def named(tx: Tx, pairs: Sequence[Pair]) -> dict[str, Any]:
        """The parameters of statements about a message's rows: `those`, `at_work_on`."""
        return pairs_parameters(tx, pairs)

    def due(self, now: datetime | BindParameter[Any]) -> ColumnElement[bool]:
        """Due: to be sent, or sent and not acted upon within the lease."""
        return and_(self.indexed, self.c.wake_at <= now, _in_state(self.c.state, self.sources("send")))

    def oldest_due(self, *where: ColumnElement[bool]) -> Select[Any]:
        """Since when the oldest due row waits, by the parameter NOW: the relay's lag. No row when nothing is due."""
        return select(self.c.wake_at).where(self.due(NOW), *where).order_by(self.c.wake_at).limit(1)

    def taking(self, *where: ColumnElement[bool]) -> Select[Any]:
        """The due rows that `take` locks, by the parameters NOW and `most`: the oldest first, without rows that another
        process has locked."""
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
        """Mark due rows as sent, and return how long each row waited, by id, quarantined rows included.

        `taking` is the query that `taking()` builds. It runs once for each of `receivers`, which gives its remaining
        parameters, and finds at most `most` rows each time.

        An expired lease counts as a failure only when a worker had received the row, since the row may have killed that
        worker. A row whose failures reach the limit is quarantined instead of sent.
        """
        waited = {
            row.id: Waited((now - row.wake_at).total_seconds(), row.state in (self.sent, self.received))
            for receiver in receivers
            for row in tx.execute(taking, {"now": now, "most": most, **receiver})
        }
        if waited:
            tx.execute(self._sending, {"now": now, "until": now + lease, **list_parameters(tx, ids=sorted(waited))})
        return waited

    def _send(self, also: dict[str, ColumnElement[Any]]) -> Update:
        held = self.c.state == self.received
        failures = self.c.failures + case((held, 1), else_=0)
        poisoned = held & (failures >= MOST_FAILURES)
        return (
            update(self.table)
            .where(in_list_parameter(self.c.id, "ids"))
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
        """Make the rows due again at `until`, without counting a failure."""
        self.move(tx, "postpone", pairs, wake_at=until, **columns)

    def receive(self, tx: Tx, pairs: Sequence[Pair], now: datetime, lease: timedelta, **columns: object) -> list[Pair]:
        """Receive the message's rows whose generation still matches, and return them. The others are stale."""
        return self.move(tx, "receive", pairs, wake_at=now + lease, **columns)

    def fail(self, tx: Tx, pair: Pair, failure: str, now: datetime) -> bool:
        """Count a failure; the row is due again after a growing pause. True: it was quarantined instead.

        `failure` says the error's kind and place, without any customer's data.
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

    def excuse(self, tx: Tx, expired: datetime, now: datetime) -> None:
        """Make received rows due whose lease had run out at `expired`, without counting a failure."""
        tx.execute(
            update(self.table)
            .where(self.indexed, self.c.wake_at <= expired, _in_state(self.c.state, (self.received,)))
            .values(state=self.target("postpone"), wake_at=now)
        )

    def begin_epoch(self, tx: Tx, base: int, now: datetime) -> None:
        """Make rows that are sent or received due at once, so that their old messages are stale."""
        on_its_way = self.c.state.in_((self.sent, self.received))
        tx.execute(update(self.table).where(on_its_way).values(generation=base, wake_at=now))

    def move(self, tx: Tx, move: str, pairs: Sequence[Pair], **columns: object) -> list[Pair]:
        """Move those rows whose generation still matches and whose state allows `move`; return them."""
        moved = tx.execute(
            update(self.table)
            .where(self.those, _in_state(self.c.state, self.sources(move)))
            .values(state=self.target(move), **columns)
            .returning(self.c.id, self.c.generation),
            self.named(tx, pairs),
        )
        return sorted((row.id, row.generation) for row in moved)


def _in_state(state: ColumnElement[str], states: Sequence[str]) -> ColumnElement[bool]:
    """A condition on states that PostgreSQL can't look up in an index over them: such an index has an entry for every
    state that a row passed through since the last vacuum, so rows are found by id or time."""
    return state.concat("").in_(constants(states))

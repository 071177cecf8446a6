"""Outside effects: receive the effects of a message, hand them to their receiver, confirm them.

No transaction is open during the call to a receiver. When the process dies between the receiver's acceptance and our
confirmation, the effect is handed in again under the same idempotency key after its lease, and the receiver ignores it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import structlog

from dispatch.domain.effect import EPHEMERAL, Port
from dispatch.runtime import metrics
from dispatch.storage import effects
from dispatch.storage.clock import later
from dispatch.storage.effect_rows import EffectRow
from dispatch.storage.outbox import Pair
from workers.batch import PAUSE, Batch
from workers.context import Context, get_context
from workers.effect_receivers import RECEIVERS, Effects
from workers.hop import dropped_ids

log = structlog.get_logger()


def deliver(pairs: Sequence[Pair]) -> None:
    """Deliver one message's effects. Effects whose generation no longer matches are stale and dropped."""
    context = get_context()
    if not context.clock.is_right():  # a process whose clock is right will deliver them
        with context.database.write() as tx:
            effects.postpone(tx, pairs, later(tx))
        log.warning("the clock is wrong, effects stay due", effects=[effect_id for effect_id, _ in pairs])
        return
    with context.database.write() as tx:
        ours = effects.receive(tx, pairs, context.now(), context.settings.lease_span)
        rows = effects.read_received(tx, ours)
    if len(ours) < len(pairs):
        metrics.STALE.labels("effects").inc(len(pairs) - len(ours))
        log.info("stale effects dropped", effects=dropped_ids(pairs, ours), kept=len(ours))
    for port, group in groupby(sorted(rows, key=lambda row: row.port), key=lambda row: row.port):
        _Delivery(context, Port(port)).run(list(group))


class _Delivery:
    """One message's effects on their way to one receiver."""

    def __init__(self, context: Context, port: Port) -> None:
        self.context, self.port = context, port

    def run(self, rows: Effects) -> None:
        Batch(self._hand_in, self._fail, self._wait).run(rows)

    def _hand_in(self, rows: Effects) -> list[Pair]:
        """Hand all of them in at once and return the confirmed ones."""
        return self._settle(rows, RECEIVERS[self.port](self.context, rows))

    def _settle(self, rows: Effects, refused: Mapping[str, str]) -> list[Pair]:
        now = self.context.now()
        with self.context.database.write() as tx:
            for row in rows:
                if row.key in refused:
                    effects.quarantine(tx, _pair(row), f"{self.port}: refused, {refused[row.key]}")
            confirmed = effects.confirm(tx, [_pair(row) for row in rows if row.key not in refused], now)
            ephemeral = [row.id for row in rows if EPHEMERAL in row.payload and _pair(row) in confirmed]
            effects.empty(tx, ephemeral, now)
        self.context.ledger.write(f"effects.{self.port}", (row.key for row in rows if _pair(row) in confirmed))
        for row in rows:
            if row.key in refused:
                metrics.QUARANTINED.labels(f"effects.{self.port}").inc()
                log.error("effect refused", effect=row.id, port=self.port, reason=refused[row.key])
        return confirmed

    def _wait(self, rows: Effects, away: OSError) -> None:
        failure = f"{self.port}: {type(away).__name__}"
        with self.context.database.write() as tx:
            effects.postpone(tx, [_pair(row) for row in rows], self.context.now() + PAUSE, failure=failure)
        metrics.OUT_OF_REACH.labels(f"effects.{self.port}").inc()
        log.warning("receiver out of reach, effects stay due", failure=failure, effects=[row.id for row in rows])

    def _fail(self, row: EffectRow, broken: Exception) -> None:
        """Keep and log only the error's type: its text may quote a customer."""
        failure = f"{self.port}: {type(broken).__name__}"
        with self.context.database.write() as tx:
            quarantined = effects.fail(tx, _pair(row), failure, self.context.now())
        metrics.FAILURES.labels(f"effects.{self.port}").inc()
        metrics.QUARANTINED.labels(f"effects.{self.port}").inc(quarantined)
        log.error("effect failed", effect=row.id, failure=failure, quarantined=quarantined)


def _pair(row: EffectRow) -> Pair:
    return row.id, row.generation

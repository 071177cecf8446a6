"""Whatever relays, workers, receivers and clocks do, booked effects arrive once, a line's orders in their order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, select

from dispatch import effects
from dispatch.domain.effect import EffectState
from dispatch.effects import Order
from dispatch.storage import accounts
from dispatch.storage import effects as stored
from dispatch.storage.outbox import MOST_FAILURES, Pair
from dispatch.storage.tables.accounts import effect
from tests.factories import CLERK, LEASE, NOW, SUPERVISOR, in_memory
from tests.properties.random_acts import PHASES, acted
from tests.strategies import RULEBOOK

LINES = ("GZ1", "GZ2")
LENGTH = 40


class World:
    """Two lines, any number of relays and workers. Each act draws its target and its way from its dice."""

    def __init__(self) -> None:
        self.now = NOW
        self.database = in_memory(RULEBOOK)
        with self.database.write() as tx:
            accounts.enter_existing(tx, [(number, "tianhe", "13800138000") for number in LINES], CLERK, NOW)
        self.messages: list[Pair] = []  # every message ever published; any may be delivered again
        self.arrived: dict[str, None] = {}  # keys that reached their receivers, in order; each once
        self.booked = 0

    def rows(self) -> list[Row[Any]]:
        with self.database.read() as tx:
            return list(tx.execute(select(effect).order_by(effect.c.id)))

    # -- acts --------------------------------------------------------------------------------------

    def book(self, dice: Random) -> None:
        """Book orders for a line and messages to its customer in one transaction, which may be rolled back."""
        self.booked += 1
        key = f"operation/{self.booked}"
        with self.database.write() as tx:
            line = accounts.find(tx, dice.choice(LINES), lock=True)
            assert line is not None
            for order in (Order.SUSPEND, Order.RESUME)[: dice.randint(1, 2)]:
                effects.provision(tx, key, line, order, self.now)
            effects.tell(tx, key, line.mobile, "您好", self.now)
            if dice.random() < 0.2:
                tx.rollback()

    def send(self, dice: Random) -> None:
        with self.database.write() as tx:
            sent = stored.take_due(tx, self.now, LEASE, dice.randint(1, 4))
        pairs = [each.pair for each in sent]
        self.messages += pairs
        if dice.random() < 0.1:  # the broker is away
            with self.database.write() as tx:
                stored.postpone(tx, pairs, self.now)

    def deliver(self, dice: Random) -> None:
        """Deliver any messages, however old and however often; the worker may die before or after it asks the
        receiver."""
        if not self.messages:
            return
        recent = self.messages[-4:] if dice.random() < 0.7 else self.messages
        message = dice.sample(recent, dice.randint(1, min(3, len(recent))))
        with self.database.write() as tx:
            ours = stored.receive(tx, message, self.now, LEASE)
            rows = stored.read_received(tx, ours)
        end = dice.choice(["confirmed"] * 4 + ["refused", "failed", "away", "died before", "died after"])
        if end in ("confirmed", "died after"):
            self.arrived.update(dict.fromkeys(row.key for row in rows))
        with self.database.write() as tx:
            if end == "confirmed":
                stored.confirm(tx, ours, self.now)
            elif end == "away":
                stored.postpone(tx, ours, self.now + timedelta(seconds=10), failure="sms: ConnectionRefusedError")
            for pair in ours:
                if end == "refused":
                    stored.quarantine(tx, pair, "provisioning: refused, x")
                elif end == "failed":
                    stored.fail(tx, pair, "sms: ValueError", self.now)

    def confirm_late(self, dice: Random) -> None:
        """Let a slow worker confirm an effect that it has handed in, whatever became of the effect meanwhile."""
        asked = [(row.id, row.generation) for row in self.rows() if row.key in self.arrived]
        late = [(row_id, generation - dice.randint(0, 1)) for row_id, generation in asked]
        with self.database.write() as tx:
            stored.confirm(tx, late, self.now)

    def release(self, dice: Random) -> None:
        for row in self.rows():
            if row.state == EffectState.QUARANTINED:
                with self.database.write() as tx:
                    effects.release(tx, row.id, SUPERVISOR, self.now)

    def time_passes(self, dice: Random) -> None:
        self.now += dice.choice([timedelta(seconds=3), timedelta(seconds=12), LEASE, timedelta(hours=1)])

    # -- what holds at every moment ------------------------------------------------------------------

    def what_is_confirmed_has_arrived(self) -> None:
        for row in self.rows():
            assert row.state != EffectState.CONFIRMED or row.key in self.arrived
            assert row.failures <= MOST_FAILURES + 1

    def orders_of_a_line_arrive_in_the_order_of_booking(self) -> None:
        came = {key: place for place, key in enumerate(self.arrived)}
        rows = self.rows()
        for lane in {row.lane for row in rows if row.lane}:
            booked = [row for row in rows if row.lane == lane]
            places = [came.get(row.key) for row in booked]
            arrived = [place for place in places if place is not None]
            assert arrived == sorted(arrived)
            assert places[: len(arrived)] == arrived, "one was overtaken"

    # -- and in the end --------------------------------------------------------------------------------

    def everything_arrives(self) -> None:
        for _ in range(1 + len(self.rows())):  # at worst all effects are in one lane
            self.now += timedelta(days=1)
            self.release(Random(0))
            with self.database.write() as tx:
                sent = stored.take_due(tx, self.now, LEASE, 99)
                ours = stored.receive(tx, [each.pair for each in sent], self.now, LEASE)
                self.arrived.update(dict.fromkeys(row.key for row in stored.read_received(tx, ours)))
                stored.confirm(tx, ours, self.now)
        assert {row.state for row in self.rows()} <= {EffectState.CONFIRMED}
        assert {row.key for row in self.rows()} == set(self.arrived)


ACTS: list[Callable[[World, Random], None]] = [
    World.book, World.book, World.send, World.send, World.send, World.deliver, World.deliver, World.deliver,
    World.confirm_late, World.release, World.time_passes, World.time_passes,
]  # fmt: skip


@given(st.integers(0, 2**32))
@settings(max_examples=25, phases=PHASES)
def test_booked_effects_arrive_once_and_in_order_whatever_happens(seed: int) -> None:
    world = World()
    try:
        for _ in acted(world, ACTS, Random(seed), LENGTH):
            world.what_is_confirmed_has_arrived()
            world.orders_of_a_line_arrive_in_the_order_of_booking()
        world.everything_arrives()
        world.orders_of_a_line_arrive_in_the_order_of_booking()
    finally:
        world.database.dispose()

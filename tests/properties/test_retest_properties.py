"""Whatever relays, workers, the system that tests, people and restores do: a hop that lives on gets its test once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dispatch import backup
from dispatch.domain.retest import LONGEST
from dispatch.domain.ticket import LIVE_HOP
from dispatch.storage import hops, retests
from dispatch.storage.outbox import Pair
from dispatch.storage.tables import tickets as t
from dispatch.tickets import followup, line_tests
from tests import factories as f
from tests.properties.random_acts import PHASES, acted
from tests.strategies import RULEBOOK, SCRIPT

LENGTH = 40
GOOD = {"optical_power": -19.5, "online": True, "suspect": "none"}


class World:
    """Any number of relays and workers. Each act draws its target and its way from its dice."""

    def __init__(self) -> None:
        self.now = f.NOW
        self.database = f.in_memory(RULEBOOK)
        self.messages: list[Pair] = []  # every message ever published; any may be delivered again
        self.backups: list[bytes] = []
        self.made = 0

    # -- acts --------------------------------------------------------------------------------------

    def come_untested(self, dice: Random) -> None:
        self.made += 1
        made = f.fault(self.database, RULEBOOK, SCRIPT, f"GZ{self.made}", self.now)
        hop_id = f.on_board(self.database, RULEBOOK, made.ticket_id, self.now)
        with self.database.write() as tx:
            line_tests.note(tx, list(hops.lock(tx, [hop_id]).values()), {}, self.now)

    def send(self, dice: Random) -> None:
        with self.database.write() as tx:
            begun = line_tests.begin_tries(tx, self.now, f.LEASE, dice.randint(1, 4), ["noc"])
            if dice.random() < 0.1:  # the relay dies before its commit, and yet a message gets out
                tx.rollback()
        self.messages += [sending.pair for sending in begun]

    def deliver(self, dice: Random) -> None:
        """Deliver any messages, however old and however often; the worker may die before or after it asks."""
        if not self.messages:
            return
        recent = self.messages[-4:] if dice.random() < 0.7 else self.messages
        message = list(dict(dice.sample(recent, dice.randint(1, min(3, len(recent))))).items())
        end = dice.choice(["tested"] * 3 + ["some", "away", "died"])
        with self.database.write() as tx:
            lines = retests.lines(tx, message, "noc")
            asked = [line for line in lines if end == "tested" or dice.random() < 0.5]
            if end in ("tested", "some"):
                ours = [(line.hop_id, line.tries) for line in asked]
                line_tests.note_retested(tx, ours, {line.hop_id: GOOD for line in asked}, self.now)
            if end in ("away", "some"):
                others = [(line.hop_id, line.tries) for line in lines if end == "away" or line not in asked]
                line_tests.postpone(tx, others, self.now)

    def withdraw(self, dice: Random) -> None:
        with self.database.read() as tx:
            open_ = tx.execute(select(t.ticket.c.id).where(t.ticket.c.ended_at.is_(None))).scalars().all()
        if open_:
            with self.database.write() as tx:
                followup.withdraw(tx, dice.choice(open_), "好了", f.CLERK, self.now)

    def back_up(self, dice: Random) -> None:
        self.backups.append(f.image(self.database))

    def restore(self, dice: Random) -> None:
        if not self.backups:
            return
        self.now += timedelta(minutes=1)
        self.database.dispose()
        self.database = f.from_image(dice.choice(self.backups))
        with self.database.write() as tx:
            backup.new_epoch(tx, self.now)

    def time_passes(self, dice: Random) -> None:
        self.now += dice.choice([timedelta(seconds=3), timedelta(seconds=12), f.LEASE, LONGEST])

    # -- what holds at every moment ------------------------------------------------------------------

    def each_hop_has_its_test_or_waits_for_it(self) -> None:
        with self.database.read() as tx:
            tested = Counter(
                tx.execute(select(t.history.c.hop_id).where(t.history.c.act == "line test")).scalars().all()
            )
            waiting = set(tx.execute(select(t.retest.c.hop_id)).scalars())
            rows = tx.execute(select(t.hop.c.id, t.hop.c.state, t.hop.c.found)).all()
        assert max(tested.values(), default=0) <= 1
        assert not waiting & tested.keys()
        for row in rows:
            assert (row.id in tested) is ("tested_at" in row.found)
            if row.state in LIVE_HOP:
                assert row.id in waiting or row.id in tested

    # -- and in the end --------------------------------------------------------------------------------

    def every_living_hop_is_tested(self) -> None:
        self.now += LONGEST
        with self.database.write() as tx:
            pairs = [sending.pair for sending in line_tests.begin_tries(tx, self.now, f.LEASE, 999, ["noc"])]
            line_tests.note_retested(tx, pairs, {hop_id: GOOD for hop_id, _ in pairs}, self.now)
            assert tx.execute(select(t.retest)).all() == []


ACTS: list[Callable[[World, Random], None]] = [
    World.come_untested, World.come_untested, World.send, World.send, World.send, World.deliver, World.deliver,
    World.deliver, World.withdraw, World.back_up, World.restore, World.time_passes, World.time_passes,
]  # fmt: skip


@given(st.integers(0, 2**32))
@settings(max_examples=25, phases=PHASES)
def test_a_hop_that_lives_on_gets_its_line_test_once_whatever_happens(seed: int) -> None:
    world = World()
    try:
        for _ in acted(world, ACTS, Random(seed), LENGTH):
            world.each_hop_has_its_test_or_waits_for_it()
        world.every_living_hop_is_tested()
        world.each_hop_has_its_test_or_waits_for_it()
    finally:
        world.database.dispose()

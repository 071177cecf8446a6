"""Outside effects: their order, their retries, and the indexes by which they are found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, insert, select, text
from sqlalchemy.exc import IntegrityError

from dispatch import effects as leave
from dispatch.domain.effect import EffectState, Port
from dispatch.domain.roles import Role
from dispatch.effects import Order
from dispatch.errors import IllegalMove, NotFound
from dispatch.storage import accounts, effects
from dispatch.storage.database import Database, Tx
from dispatch.storage.effects import SentEffect
from dispatch.storage.outbox import MOST_FAILURES, Pair
from dispatch.storage.rows import as_dict
from dispatch.storage.tables.accounts import audit, effect
from tests.factories import LEASE, NOW, SUPERVISOR, account, all_roles_but, forbidden, refused
from tests.query_plans import plan

MINUTE = timedelta(minutes=1)


def take(database: Database, now: datetime = NOW, limit: int = 100) -> list[SentEffect]:
    with database.write() as tx:
        return effects.take_due(tx, now, LEASE, limit)


def receive(database: Database, sent: list[SentEffect], now: datetime = NOW) -> list[Pair]:
    with database.write() as tx:
        return effects.receive(tx, [each.pair for each in sent], now, LEASE)


def confirm(database: Database, pairs: list[Pair]) -> list[Pair]:
    with database.write() as tx:
        return effects.confirm(tx, pairs, NOW)


def deliver(database: Database, now: datetime = NOW) -> list[str]:
    """Send, receive and confirm all due effects; return their keys."""
    done = confirm(database, receive(database, take(database, now), now))
    return [row(database, effect_id).key for effect_id, _ in done]


def row(database: Database, effect_id: int) -> Row[Any]:
    with database.read() as tx:
        return tx.execute(select(effect).where(effect.c.id == effect_id)).one()


def texts(database: Database, count: int, first: int = 1) -> None:
    """Book the short messages of so many operations, the first the youngest."""
    with database.write() as tx:
        for n in range(count):
            leave.tell(tx, f"operation/{first + n}", "13800138000", "您好", NOW - n * MINUTE)


def orders(database: Database, number: str, *wanted: Order, first: int = 1) -> None:
    """Book orders for the line of one account, in this order."""
    account(database, number)
    with database.write() as tx:
        line = accounts.find(tx, number, lock=True)
        assert line is not None
        for n, order in enumerate(wanted):
            leave.provision(tx, f"operation/{number}/{first + n}", line, order, NOW)


def test_the_oldest_effects_leave_first_and_never_more_than_the_limit(database: Database) -> None:
    texts(database, 5)
    assert [sent.id for sent in take(database, limit=2)] == [4, 5]
    assert [sent.id for sent in take(database, limit=2)] == [2, 3]
    assert [sent.id for sent in take(database, limit=2)] == [1]
    assert take(database) == []


def test_an_effect_that_is_not_due_yet_does_not_leave(database: Database) -> None:
    texts(database, 3)
    assert [sent.id for sent in take(database, NOW - MINUTE)] == [2, 3]


def test_a_repeated_key_is_refused_with_its_whole_transaction(database: Database) -> None:
    texts(database, 1)
    with pytest.raises(IntegrityError):
        texts(database, 2, first=0)
    assert [sent.id for sent in take(database)] == [1]


def test_orders_of_one_line_leave_one_after_the_other_and_those_of_another_do_not_wait(database: Database) -> None:
    orders(database, "GZ1", Order.SUSPEND, Order.RESUME, Order.SPEED)
    orders(database, "GZ2", Order.SUSPEND)
    assert deliver(database) == ["operation/GZ1/1/suspend", "operation/GZ2/1/suspend"]
    assert deliver(database) == ["operation/GZ1/2/resume"]
    assert deliver(database) == ["operation/GZ1/3/speed"]
    assert deliver(database) == []


def test_a_later_order_waits_while_the_earlier_is_under_way_failed_or_in_quarantine(database: Database) -> None:
    orders(database, "GZ1", Order.SUSPEND, Order.RESUME)
    now = NOW
    for _ in range(MOST_FAILURES):
        (pair,) = receive(database, take(database, now), now)
        assert pair[0] == 1
        assert take(database, now) == []  # under way
        with database.write() as tx:
            effects.fail(tx, pair, "provisioning: ValueError", now)
        now += timedelta(hours=1)
    assert row(database, 1).state == EffectState.QUARANTINED
    assert take(database, now) == []
    with database.write() as tx:
        leave.release(tx, 1, SUPERVISOR, now)
    assert [sent.id for sent in take(database, now)] == [1]


def test_an_order_booked_while_an_earlier_one_fails_keeps_its_place(database: Database) -> None:
    orders(database, "GZ1", Order.SUSPEND)
    (pair,) = receive(database, take(database))
    with database.write() as tx:
        effects.fail(tx, pair, "provisioning: ValueError", NOW)
    orders(database, "GZ1", Order.RESUME, first=2)
    assert take(database, NOW + timedelta(seconds=1)) == []  # the first is backing off
    later = NOW + timedelta(seconds=2)
    assert deliver(database, later) == ["operation/GZ1/1/suspend"]
    assert deliver(database, later) == ["operation/GZ1/2/resume"]


def test_a_sent_hop_is_sent_again_once_its_lease_is_over_and_not_before(database: Database) -> None:
    texts(database, 2)
    assert [sent.generation for sent in take(database)] == [1, 1]
    assert take(database, NOW + LEASE - timedelta(microseconds=1)) == []
    assert [sent.generation for sent in take(database, NOW + LEASE)] == [2, 2]


def test_only_effects_at_the_messages_generation_are_received_and_only_once(database: Database) -> None:
    texts(database, 3)
    older, newer = take(database), take(database, NOW + LEASE)
    assert receive(database, older) == []
    assert receive(database, newer[:2]) == [sent.pair for sent in newer[:2]]
    assert receive(database, newer) == [newer[2].pair]


def test_only_a_received_effect_is_confirmed_and_a_late_confirmation_is_ignored(database: Database) -> None:
    texts(database, 1)
    sent = take(database)
    assert confirm(database, [sent[0].pair]) == []
    late = receive(database, sent)
    again = receive(database, take(database, NOW + LEASE), NOW + LEASE)
    assert confirm(database, late) == []
    assert confirm(database, again) == again
    assert (row(database, 1).state, row(database, 1).confirmed_at, row(database, 1).wake_at) == ("confirmed", NOW, None)
    assert confirm(database, again) == []


def test_an_effect_received_five_times_without_an_end_is_quarantined_when_its_lease_runs_out(
    database: Database,
) -> None:
    texts(database, 1)
    now = NOW
    for failures in range(MOST_FAILURES):
        sent = take(database, now)
        assert [each.failures for each in sent] == [failures]
        receive(database, sent, now)
        now += LEASE
    assert take(database, now) == []
    assert (row(database, 1).state, row(database, 1).failures) == ("quarantined", MOST_FAILURES)


def test_an_effect_sent_but_never_received_is_sent_again_without_limit(database: Database) -> None:
    texts(database, 1)
    for round_ in range(3 * MOST_FAILURES):
        assert [sent.failures for sent in take(database, NOW + round_ * LEASE)] == [0]


def test_a_failure_backs_off_ever_longer_and_the_fifth_quarantines(database: Database) -> None:
    texts(database, 1)
    now, pauses = NOW, []
    for number in range(1, MOST_FAILURES + 1):
        (pair,) = receive(database, take(database, now), now)
        with database.write() as tx:
            assert effects.fail(tx, pair, "sms: ValueError", now) == (number == MOST_FAILURES)
        wake_at = row(database, 1).wake_at
        pauses.append(wake_at and (wake_at - now).total_seconds())
        now += timedelta(hours=1)
    assert pauses == [2, 4, 8, 16, None]
    assert row(database, 1).failure == "sms: ValueError"


def test_only_supervisors_and_operations_release_and_the_audit_trail_records_it(database: Database) -> None:
    texts(database, 1)
    with database.write() as tx:
        effects.quarantine(tx, take_in(tx), "sms: refused, x")
    assert forbidden(database, lambda tx, actor: leave.release(tx, 1, actor, NOW)) == all_roles_but(
        Role.SUPERVISOR, Role.OPS
    )
    with database.write() as tx:
        assert leave.release(tx, 1, SUPERVISOR, NOW) == "operation/1/sms"
    with database.read() as tx:
        (noted,) = tx.execute(select(audit)).all()
    assert (noted.act, noted.subject, noted.reason, noted.actor) == (
        "release effect",
        "effect 1",
        "sms: refused, x",
        SUPERVISOR.name,
    )
    assert (row(database, 1).state, row(database, 1).failures) == ("due", 0)


def take_in(tx: Tx) -> Pair:
    (sent,) = effects.take_due(tx, NOW, LEASE, 1)
    (pair,) = effects.receive(tx, [sent.pair], NOW, LEASE)
    return pair


def test_only_a_quarantined_effect_can_be_released(database: Database) -> None:
    texts(database, 1)
    with refused(database, IllegalMove, match="effect 1") as tx:
        leave.release(tx, 1, SUPERVISOR, NOW)
    with refused(database, NotFound, match="9") as tx:
        leave.release(tx, 9, SUPERVISOR, NOW)


def test_unconfirmed_effects_are_counted_and_listed_without_their_content(database: Database) -> None:
    texts(database, 3)
    orders(database, "GZ1", Order.SUSPEND)
    confirm(database, receive(database, take(database, limit=1)))
    with database.read() as tx:
        counted = [(each.port, each.state, each.number, each.oldest) for each in effects.counts(tx)]
        listed = effects.unconfirmed(tx, 10)
        lanes = effects.keys_in_lanes(tx, ["account/1", "account/2"])
    assert counted == [("provisioning", "due", 1, NOW), ("sms", "due", 2, NOW - MINUTE)]
    assert [each.id for each in listed] == [1, 2, 4]
    assert "payload" not in as_dict(listed[0])
    assert lanes == {"account/1": ["operation/GZ1/1/suspend"]}


def test_two_relays_at_once_never_take_the_same_effect_nor_two_of_one_lane(postgresql: Database) -> None:
    texts(postgresql, 4)
    orders(postgresql, "GZ1", Order.SUSPEND, Order.RESUME)
    with postgresql.write() as one, postgresql.write() as other:  # neither waits for the other's commit
        first = effects.take_due(one, NOW, LEASE, 4)
        second = effects.take_due(other, NOW, LEASE, 4)
    assert {sent.id for sent in first + second} == {1, 2, 3, 4, 5}
    assert len(first + second) == 5


# -- by which indexes --------------------------------------------------------------------------


@pytest.fixture
def crowded(database: Database) -> Database:
    """A database after a year: three thousand confirmed effects, forty lanes with a queue, ten due short messages."""
    rows = [
        {"port": Port.SMS, "lane": None, "state": "confirmed", "confirmed_at": NOW, "wake_at": None}
        for _ in range(3_000)
    ]
    rows += [
        {"port": Port.PROVISIONING, "lane": f"account/{n % 40}", "state": "due", "confirmed_at": None, "wake_at": NOW}
        for n in range(200)
    ]
    rows += [
        {"port": Port.SMS, "lane": None, "state": "due", "confirmed_at": None, "wake_at": NOW - MINUTE}
        for _ in range(10)
    ]
    with database.write() as tx:
        shared = {"payload": {}, "made_at": NOW}
        tx.execute(insert(effect), [{**each, **shared, "key": f"operation/{n}"} for n, each in enumerate(rows)])
        tx.execute(text("ANALYZE"))
    return database


QUERIES: dict[str, tuple[Callable[[Tx], object], str]] = {
    "what is due": (lambda tx: effects.take_due(tx, NOW - MINUTE, LEASE, 100), "ix_effect_wake_at"),
    "whether something is due": (lambda tx: effects.is_due(tx, NOW - MINUTE), "ix_effect_wake_at"),
    "what is first in its lane": (lambda tx: effects.take_due(tx, NOW - MINUTE, LEASE, 100), "ix_effect_lane_open"),
    "what waits in a lane": (lambda tx: effects.keys_in_lanes(tx, ["account/7"]), "ix_effect_lane_open"),
    "a message's effects": (lambda tx: effects.receive(tx, [(3_100, 1), (3_101, 1)], NOW, LEASE), ""),
}


def test_every_query_of_the_hot_path_uses_its_index(crowded: Database) -> None:
    assert len(take(crowded)) == 10 + 40
    for what, (act, index) in QUERIES.items():
        found = plan(crowded, act)
        assert index in found, f"{what}:\n{found}"
        assert "Seq Scan on effect" not in found, f"{what}:\n{found}"
        assert "SCAN effect" not in found.replace("SCAN effect USING INDEX ix_effect_", ""), f"{what}:\n{found}"

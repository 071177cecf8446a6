"""A worker's effects when things go wrong: poison, refusals, unreachable receivers, crashes."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded
from kombu import Connection
from sqlalchemy import Row, select
from sqlalchemy.exc import OperationalError

from dispatch import effects as leave
from dispatch.accounts import opening
from dispatch.domain.roles import Actor, Role
from dispatch.effects import Order
from dispatch.errors import MissingGlyph
from dispatch.ports.billing import BillingEntry, Booking, EntryKind, QuotePurpose, SimulatedBilling
from dispatch.ports.ledger import Ledger
from dispatch.ports.provisioning import LineOrder, SimulatedProvisioning
from dispatch.ports.sms import Message, SimulatedSmsGateway
from dispatch.slips.forms import SlipData
from dispatch.slips.typesetting import slip
from dispatch.storage import accounts, effects
from dispatch.storage.outbox import MOST_FAILURES, Pair
from dispatch.storage.tables.accounts import effect, operation
from tests.accounts import factories as at
from tests.factories import account, dump
from workers import effect_receivers
from workers.context import Context

LONG = timedelta(days=1)
OPS = Actor("ma", Role.OPS)


class Outside:
    """Plays the relay and a worker of the effects on this test's context."""

    def __init__(self, context: Context, app: Celery) -> None:
        self.context, self.app = context, app

    def tell(self, count: int) -> None:
        with self.context.database.write() as tx:
            for n in range(count):
                leave.tell(tx, f"operation/{n}", f"1380013800{n % 10}", "您好", datetime.now(UTC))

    def order(self, number: str, *orders: Order) -> int:
        """Book orders for one account's line, in this order; return the account's id."""
        account(self.context.database, number)
        with self.context.database.write() as tx:
            line = accounts.find(tx, number, lock=True)
            assert line is not None
            for n, order in enumerate(orders):
                leave.provision(tx, f"operation/{number}-{n}", line, order, datetime.now(UTC))
        return int(line.id)

    def send(self, after: timedelta = timedelta()) -> list[list[Pair]]:
        """Return the messages that the relay would send so long from now."""
        from workers.relay import _batches

        with self.context.database.write() as tx:
            due = effects.take_due(tx, datetime.now(UTC) + after, self.context.settings.lease_span, 1000)
        return [[sending.pair for sending in batch] for batch in _batches(due, lambda sending: sending.port, 50)]

    def deliver(self, message: list[Pair]) -> None:
        self.app.tasks["effects.deliver"]([list(pair) for pair in message])

    def work(self, after: timedelta = timedelta(), times: int = 1) -> int:
        """Send due effects, and deliver every message so many times; return the number of messages."""
        messages = self.send(after)
        for message in messages:
            for _ in range(times):
                self.deliver(message)
        return len(messages)

    def row(self, key: str) -> Row[Any]:
        with self.context.database.read() as tx:
            return tx.execute(select(effect).where(effect.c.key == key)).one()

    def states(self) -> Counter[str]:
        with self.context.database.read() as tx:
            return Counter(tx.execute(select(effect.c.state)).scalars())

    def ledger(self) -> Counter[tuple[str, str]]:
        return Counter(self.context.ledger.effects())

    def delivered(self) -> dict[str, int]:
        """Return how often each message that reached a customer was handed in, by key."""
        with contextlib.closing(sqlite3.connect(self.context.settings.root / "sms.db")) as gateway:
            return dict(gateway.execute("SELECT key, handed_in FROM delivered"))


@pytest.fixture
def stage(context: Context, app: Celery) -> Outside:
    return Outside(context, app)


def sick(monkeypatch: pytest.MonkeyPatch, broken: Exception, wrong: Callable[[Message], bool] = lambda _: True) -> None:
    """Make the gateway fail on a batch with a wrong message in it, with nothing delivered."""
    sound = SimulatedSmsGateway.send

    def send(self: SimulatedSmsGateway, messages: Sequence[Message]) -> None:
        if any(wrong(message) for message in messages):
            raise broken
        sound(self, messages)

    monkeypatch.setattr(SimulatedSmsGateway, "send", send)


def is_sixth(message: Message) -> bool:
    return message.key == "operation/6/sms"


def test_each_receiver_gets_its_own_effects_which_are_then_confirmed_and_on_the_ledger(stage: Outside) -> None:
    stage.tell(2)
    line = stage.order("GZ1", Order.SUSPEND)
    assert stage.work() == 2
    assert stage.states() == Counter(confirmed=3)
    assert stage.delivered() == {"operation/0/sms": 1, "operation/1/sms": 1}
    found = stage.context.provisioning.line(line)  # type: ignore[attr-defined]
    assert (found.state, found.number) == ("suspended", "GZ1")
    assert stage.ledger() == Counter(
        [
            ("effects.sms", "operation/0/sms"),
            ("effects.sms", "operation/1/sms"),
            ("effects.provisioning", "operation/GZ1-0/suspend"),
        ]
    )


def test_bookings_of_an_account_reach_billing_once_and_in_their_order(stage: Outside) -> None:
    line = stage.order("GZ1")
    with stage.context.database.write() as tx:
        row = accounts.find(tx, "GZ1", lock=True)
        assert row is not None
        for n, fen in enumerate((600_00, 10_00)):
            paid = BillingEntry(EntryKind.PAYMENT, fen, datetime.now(UTC), reference=f"T{n}")
            leave.book(tx, f"operation/{n}", row, [paid], datetime.now(UTC))
    assert [stage.work(times=2), stage.work(), stage.work()] == [1, 1, 0]  # one after the other
    today = datetime.now(stage.context.settings.zone).date()
    assert stage.context.billing.quote(line, today, QuotePurpose.CHECK).refundable == 610_00
    made = Ledger(stage.context.settings.root / "billing.tsv")
    assert list(made.effects()) == [("book", "operation/0/billing"), ("book", "operation/1/billing")]


def test_bookings_wait_while_billing_is_away(stage: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.order("GZ1")
    with stage.context.database.write() as tx:
        row = accounts.find(tx, "GZ1", lock=True)
        assert row is not None
        leave.book(tx, "operation/1", row, [BillingEntry(EntryKind.CREDIT, 8_00, datetime.now(UTC))], datetime.now(UTC))

    def away(self: SimulatedBilling, bookings: Sequence[Booking]) -> Mapping[str, str]:
        raise ConnectionRefusedError

    with monkeypatch.context() as gone:
        gone.setattr(SimulatedBilling, "book", away)
        stage.work()
    waiting = stage.row("operation/1/billing")
    assert (waiting.state, waiting.failures, waiting.failure) == ("due", 0, "billing: ConnectionRefusedError")
    stage.work(LONG)
    assert stage.row("operation/1/billing").state == "confirmed"


def test_a_secret_message_is_emptied_as_soon_as_the_gateway_has_taken_it(stage: Outside) -> None:
    with stage.context.database.write() as tx:
        secret = leave.Notice("operation/1", "13800138001", "验证码857342", datetime.now(UTC), ephemeral=True)
        leave.tell_many(tx, [secret])
    stage.tell(1)

    for message in stage.send():
        stage.deliver(message)

    with stage.context.database.read() as tx:
        rows = tx.execute(select(effect.c.key, effect.c.payload, effect.c.forgotten_at).order_by(effect.c.id)).all()
    first, other = rows
    assert (first.key, first.payload, first.forgotten_at is None) == ("operation/1/sms", {}, False)
    assert (other.payload["text"], other.forgotten_at) == ("您好", None)


def test_a_message_delivered_five_times_asks_once(stage: Outside) -> None:
    stage.tell(3)
    stage.work(times=5)
    assert set(stage.delivered().values()) == {1}
    assert set(stage.ledger().values()) == {1}


def test_the_older_of_two_messages_for_the_same_effects_is_stale_whichever_comes_first(stage: Outside) -> None:
    stage.tell(3)
    (older,), (newer,) = stage.send(), stage.send(after=LONG)
    stage.deliver(older)
    assert stage.delivered() == {}
    stage.deliver(newer)
    before = dump(stage.context.database), stage.delivered()
    stage.deliver(older)
    assert (dump(stage.context.database), stage.delivered()) == before


@pytest.mark.parametrize("broken", [ValueError("13800138006"), OSError("no room"), ConnectionResetError()])
def test_a_poison_effect_in_a_batch_of_ten_fails_alone_and_the_nine_others_arrive(
    stage: Outside, monkeypatch: pytest.MonkeyPatch, broken: Exception
) -> None:
    sick(monkeypatch, broken, is_sixth)
    monkeypatch.setattr(random, "choice", lambda rows: rows[0])
    stage.tell(10)
    stage.work()
    assert stage.states() == Counter(confirmed=9, due=1)
    row = stage.row("operation/6/sms")
    assert (row.failures, row.failure) == (1, f"sms: {type(broken).__name__}")
    assert len(stage.delivered()) == 9
    assert set(stage.ledger().values()) == {1}


def test_a_poison_effect_used_to_probe_for_its_neighbours_is_found_the_next_time(
    stage: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick(monkeypatch, ConnectionResetError(), is_sixth)
    stage.tell(10)
    with monkeypatch.context() as unlucky:
        unlucky.setattr(random, "choice", lambda rows: next(row for row in rows if row.key == "operation/6/sms"))
        stage.work()
    assert stage.states() == Counter(due=10)
    monkeypatch.setattr(random, "choice", lambda rows: rows[0])
    stage.work(after=LONG)
    assert stage.states() == Counter(confirmed=9, due=1)


def test_the_fifth_failure_quarantines_and_a_release_starts_afresh(
    stage: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.tell(10)
    with monkeypatch.context() as ill:
        sick(ill, ValueError("13800138006"), is_sixth)
        stage.work()
        for _ in range(MOST_FAILURES - 1):
            assert stage.work(after=LONG) == 1  # alone
        assert stage.send(after=LONG) == []
    row = stage.row("operation/6/sms")
    assert (row.state, row.failures, row.failure) == ("quarantined", MOST_FAILURES, "sms: ValueError")
    with stage.context.database.write() as tx:
        leave.release(tx, row.id, OPS, datetime.now(UTC))
    stage.work()
    assert stage.states() == Counter(confirmed=10)
    assert set(stage.delivered().values()) == {1}


def test_an_unreachable_receiver_is_waited_for_without_limit_and_no_effect_fails(
    stage: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.tell(10)
    with monkeypatch.context() as gone:
        sick(gone, ConnectionRefusedError())
        for n in range(3 * MOST_FAILURES):
            assert stage.work(after=LONG if n else timedelta()) == 1  # all still in one message
    assert stage.states() == Counter(due=10)
    row = stage.row("operation/3/sms")
    assert (row.failures, row.failure) == (0, "sms: ConnectionRefusedError")
    assert timedelta(seconds=5) < row.wake_at - datetime.now(UTC) < timedelta(seconds=15)
    stage.work(after=LONG)
    assert stage.states() == Counter(confirmed=10)
    assert stage.row("operation/3/sms").failure is None
    assert set(stage.delivered().values()) == {1}


def test_a_receiver_lost_half_way_keeps_what_it_has_and_gets_the_rest_later(
    stage: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.tell(4)
    sound = SimulatedSmsGateway.send
    with monkeypatch.context() as gone:

        def two_and_away(self: SimulatedSmsGateway, messages: Sequence[Message]) -> None:
            sound(self, messages[:2])
            gone.setattr(SimulatedSmsGateway, "send", away)
            raise ConnectionResetError

        def away(*_: object) -> None:
            raise ConnectionRefusedError

        gone.setattr(SimulatedSmsGateway, "send", two_and_away)
        stage.work()
    assert stage.states() == Counter(due=4)
    stage.work(after=LONG)
    assert stage.states() == Counter(confirmed=4)
    assert stage.delivered() == {f"operation/{n}/sms": 2 if n < 2 else 1 for n in range(4)}


def test_a_refused_order_goes_to_the_quarantine_at_once_with_its_reason_and_the_others_are_carried_out(
    stage: Outside,
) -> None:
    stage.order("GZ1", Order.ACTIVATE)
    stage.order("GZ2", Order.SUSPEND)
    stage.work()
    row = stage.row("operation/GZ1-0/activate")
    assert (row.state, row.failures, row.failure) == ("quarantined", 1, "provisioning: refused, line-unknown")
    assert stage.row("operation/GZ2-0/suspend").state == "confirmed"
    assert stage.ledger() == Counter({("effects.provisioning", "operation/GZ2-0/suspend"): 1})


def test_the_orders_of_a_line_arrive_in_order_even_when_the_first_fails_once(
    stage: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = stage.order("GZ1", Order.SUSPEND, Order.RESUME)
    sound = SimulatedProvisioning.carry_out

    def carry_out(self: SimulatedProvisioning, orders: Sequence[LineOrder]) -> Mapping[str, str]:
        if any(order.order == Order.SUSPEND for order in orders):
            raise ValueError
        return sound(self, orders)

    with monkeypatch.context() as ill:
        ill.setattr(SimulatedProvisioning, "carry_out", carry_out)
        for _ in range(MOST_FAILURES - 1):
            assert stage.work(after=LONG) == 1
    assert stage.states() == Counter(due=2)
    assert stage.work(after=LONG) == 1
    assert stage.work(after=LONG) == 1
    assert stage.work(after=LONG) == 0
    system = SimulatedProvisioning(stage.context.settings.root / "provisioning.db")
    assert [order for order, _ in system.ledger.effects()] == ["suspend", "resume"]
    found = system.line(line)
    assert found is not None
    assert found.state == "active"


def test_an_accepted_but_unconfirmed_effect_is_handed_in_again_and_delivered_once(
    stage: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.tell(3)
    with monkeypatch.context() as gone:

        def away(*_: object) -> None:
            raise OperationalError("x", {}, sqlite3.OperationalError("gone"))

        gone.setattr(effects, "confirm", away)
        with pytest.raises(OperationalError):
            stage.work()
    assert not stage.ledger()
    stage.work(after=LONG)
    assert stage.states() == Counter(confirmed=3)
    assert set(stage.delivered().values()) == {2}
    gateway = SimulatedSmsGateway(stage.context.settings.root / "sms.db")
    assert Counter(gateway.ledger.effects()) == Counter(("deliver", f"operation/{n}/sms") for n in range(3))
    assert set(stage.ledger().values()) == {1}


def test_effects_of_a_stopped_task_come_back_in_ever_smaller_messages_until_each_is_alone(
    stage: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.tell(13)
    sizes = []
    with monkeypatch.context() as stuck:
        sick(stuck, SoftTimeLimitExceeded())
        for so_often in range(3):
            messages = stage.send(after=so_often * LONG)
            sizes.append([len(message) for message in messages])
            for message in messages:
                with pytest.raises(SoftTimeLimitExceeded):
                    stage.deliver(message)
    assert sizes == [[13], [6, 6, 1], [1] * 13]
    assert stage.states() == Counter(received=13)
    stage.work(after=3 * LONG)
    assert stage.states() == Counter(confirmed=13)


def test_the_relay_sends_ids_alone_one_message_a_receiver_while_there_is_room(stage: Outside, context: Context) -> None:
    from workers.app import app
    from workers.relay import Relay

    stage.tell(2)
    stage.order("GZ1", Order.SUSPEND, Order.RESUME)
    with Connection("memory://") as connection:
        queue = app.amqp.queues["effects"].bind(connection.channel())
        queue.declare()
        queue.purge()
        relay = Relay(context)
        assert relay.send_due() == 3
        stage.tell(0)
        with context.database.write() as tx:
            leave.tell(tx, "operation/9", "13800138009", "您好", datetime.now(UTC))
        assert relay.send_due() == 0  # the queue is full, so the effect waits in the database
        first, second = queue.get(no_ack=True), queue.get(no_ack=True)
    assert {first.headers["argsrepr"], second.headers["argsrepr"]} == {
        "(1 effect for provisioning: 3)",
        "(2 effects for sms: 1 2)",
    }
    for message in (first, second):
        whole = json.dumps([message.headers, json.loads(message.body)], ensure_ascii=False)
        assert "138001380" not in whole
        assert "您好" not in whole
        assert "GZ1" not in whole
    assert stage.row("operation/9/sms").state == "due"


def test_an_openings_slip_and_invoice_lie_in_the_printers_tray_as_booked(stage: Outside) -> None:
    counter = at.counter(stage.context.rules.get())
    at.address(stage.context.database)
    done = at.accepted(stage.context.database, opening.open_account, counter, at.application())
    assert stage.work(times=2) == 1
    tray = stage.context.settings.root / "printed"
    invoice_number = str(done.result["invoice"])
    assert {file.name for file in tray.iterdir()} == {f"{done.slip}.pdf", f"{int(invoice_number):08d}.pdf"}
    assert (tray / f"{done.slip}.pdf").read_bytes() == slip(at.slip(stage.context.database, done))
    assert set(Ledger(tray.with_suffix(".tsv")).effects()) == {
        ("print", f"slip/{done.operation_id}"),
        ("print", f"invoice/{int(invoice_number)}"),
    }


def test_a_slip_that_cannot_be_typeset_fails_alone_and_its_neighbours_are_printed(
    stage: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = at.counter(stage.context.rules.get())
    made = [at.opened(stage.context.database, counter, n) for n in (1, 2, 3)]
    with stage.context.database.read() as tx:
        poisoned = tx.execute(select(operation.c.id).order_by(operation.c.id)).scalars().all()[1]

    def set_slip(data: SlipData, *_: Any, **__: Any) -> bytes:
        if data.account == made[1]:
            raise MissingGlyph(folder="fonts", characters="𬭛")
        return slip(data)

    monkeypatch.setattr(effect_receivers, "slip", set_slip)
    stage.work()
    assert stage.states() == Counter(confirmed=5, due=1)
    assert stage.row(f"slip/{poisoned}").failure == "printing: MissingGlyph"

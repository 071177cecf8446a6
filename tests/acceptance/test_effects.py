"""A construction order and its outside effects, through the real relay and workers: each effect once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
import redis

from chaos.processes import children
from dispatch import effects as leave
from dispatch.accounts import opening
from dispatch.domain.account import AccountState
from dispatch.effects import Order
from dispatch.ports.ledger import Ledger
from dispatch.ports.provisioning import SimulatedProvisioning
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.routing import loader
from dispatch.settings import Settings
from dispatch.storage import accounts
from dispatch.storage.database import Database
from dispatch.storage.open_keys import open_cipher
from tests import factories as f
from tests.acceptance.conftest import PHOTO, PROJECT, Home, eventually
from tests.accounts import factories as at

pytestmark = pytest.mark.system

LINES = 30
ROUNDS = (Order.SUSPEND, Order.RESUME, Order.SUSPEND, Order.RESUME)


@pytest.fixture
def books(running: Home) -> Iterator[Database]:
    """The running installation's database."""
    database = Database(f"sqlite:///{running.folder / 'paidan.db'}")
    yield database
    database.dispose()


def unconfirmed(home: Home) -> list[str]:
    return [row["key"] for row in home.read("effects", "--limit", "1000")["unconfirmed"]]


def ledger(home: Home, name: str) -> Ledger:
    return Ledger(home.folder / f"{name}.tsv")


def worker(home: Home, name: str) -> int:
    return int((home.folder / f"run/{name}.ready").read_text())


def test_a_construction_order_goes_from_opening_to_service_and_every_outside_receiver_is_told(
    running: Home, books: Database
) -> None:
    cipher = open_cipher(Settings(home=running.folder), books)
    counter = replace(at.counter(loader.load(PROJECT / "routing_rules.yaml")), cipher=cipher)
    at.address(books, 1)
    done = at.accepted(books, opening.open_account, counter, at.application(1), now=datetime.now(UTC))
    number, order = str(done.result["account"]), str(done.result["construction"])
    eventually(lambda: [row for row in running.read("board", "construction") if row["hop"].startswith(order)])
    huang = ("--as", "huang", "--role", "construction")
    running.done("claim", order, *huang)
    evidence = (
        "--evidence",
        f"device-serial={running.handed_out(order, 'huang')}",
        "--evidence",
        "optical-power=-19.5",
        "--evidence",
        "customer-confirmed=yes",
        "--evidence",
        "speed-test=940",
    )
    running.done("report", order, "--finding", "installed", *evidence, "--photo", str(PHOTO), *huang)
    eventually(lambda: running.read("show", order)["ticket"]["state"] == "closed")
    assert running.read("show", order)["ticket"]["outcome"] == "activated"
    assert at.line(books, number).state == AccountState.IN_SERVICE
    eventually(lambda: not unconfirmed(running))
    line = SimulatedProvisioning(running.folder / "provisioning.db").line(at.line(books, number).id)
    assert line is not None
    assert (line.state, line.number, line.speed) == ("active", number, 300)
    told = [text for _, text in SimulatedSmsGateway(running.folder / "sms.db").inbox()]
    assert len([text for text in told if number in text and order in text and "已开通" in text]) == 1
    printed = {file.name for file in (running.folder / "printed").iterdir()}
    assert printed == {f"{done.slip}.pdf", f"{done.result['invoice']:>08}.pdf"}


def book(books: Database, round_: int, order: Order) -> None:
    """Book an order for every line, and a message to its customer."""
    for n in range(LINES):
        with books.write() as tx:
            line = accounts.find(tx, f"GZ{n}", lock=True)
            assert line is not None
            key = f"storm/{n}/{round_}"
            leave.provision(tx, key, line, order, datetime.now(UTC))
            leave.tell(tx, key, f"138001380{n:02}", f"{n}:{order}", datetime.now(UTC))


def test_each_order_and_message_arrives_once_and_in_order_though_the_broker_is_emptied_and_workers_die(
    running: Home, books: Database
) -> None:
    lines = {f.account(books, f"GZ{n}"): n for n in range(LINES)}
    with redis.Redis.from_url(running.address("broker")) as broker:
        for round_, order in enumerate(ROUNDS):
            book(books, round_, order)
            eventually(partial(_delivered_more_than, running, round_ * LINES))
            broker.flushall()
            before = worker(running, "worker1")
            os.kill(children(before)[0] if round_ % 2 else before, signal.SIGKILL)
            if not round_ % 2:
                eventually(partial(_worker_other_than, running, before))
        eventually(lambda: not unconfirmed(running), 90)
    keys = {f"storm/{n}/{round_}/{order}" for n in range(LINES) for round_, order in enumerate(ROUNDS)}
    orders = [key for _, key in ledger(running, "provisioning").effects() if key.startswith("storm")]
    assert len(orders) == len(set(orders))
    assert set(orders) <= keys
    for n in lines.values():
        mine = [key for key in orders if key.startswith(f"storm/{n}/")]
        assert mine == sorted(mine)  # in the order of booking
    texts = [text for _, text in SimulatedSmsGateway(running.folder / "sms.db").inbox() if text[0].isdigit()]
    assert sorted(texts) == sorted(f"{n}:{order}" for n in range(LINES) for order in ROUNDS)
    system = SimulatedProvisioning(running.folder / "provisioning.db")
    with books.read() as tx:
        states = {system.line(row.id).state for row in accounts.by_numbers(tx, list(lines)).values()}  # type: ignore[union-attr]
    assert states == {"active"}
    for name in ("sms", "provisioning", "ledger"):
        assert ledger(running, name).doubled() == []


def _delivered_more_than(home: Home, count: int) -> bool:
    return delivered(home) > count


def _worker_other_than(home: Home, pid: int) -> bool:
    return worker(home, "worker1") != pid


def delivered(home: Home) -> int:
    return sum(key.startswith("storm") for _, key in ledger(home, "sms").effects())

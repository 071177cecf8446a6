"""Backup, act, restore, act again: each customer gets their messages, line and papers, once.

What counts are the receivers outside, which no restore takes back: the message gateway, the network department's system
and the printer, by their own files and ledgers.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from celery import Celery
from sqlalchemy import make_url, text

from dispatch import backup, messages
from dispatch.accounts import opening, suspension
from dispatch.accounts.operation import OperationAccepted
from dispatch.accounts.suspension import Suspension
from dispatch.domain.numbers import ticket_number
from dispatch.domain.retest import LONGEST
from dispatch.domain.ticket import TicketState
from dispatch.ports.billing import BillingEntry, Booking, EntryKind
from dispatch.ports.ledger import Ledger
from dispatch.ports.line_test import SimulatedLineTester
from dispatch.ports.provisioning import SimulatedProvisioning
from dispatch.routing.prehandling import Script
from dispatch.settings import load_settings
from dispatch.storage import effects, retests
from dispatch.storage.database import Database
from dispatch.storage.epoch import Begun
from dispatch.storage.tables import accounts as b
from dispatch.tickets import handling
from tests import factories as f
from tests.accounts import factories as at
from tests.postgres import programs
from tests.workers.stepped_workers import SteppedWorkers, end_context, new_context
from workers.billing_feed import BillingFeed


class House:
    """An installation with everything outside it."""

    def __init__(self, app: Celery, script: Script, folder: Path) -> None:
        self.app, self.script, self.folder = app, script, folder
        self.settings = load_settings()
        self.stage = self._start()

    def _start(self) -> SteppedWorkers:
        return SteppedWorkers(new_context(), self.app)

    @property
    def database(self) -> Database:
        return self.stage.context.database

    def stop(self) -> None:
        end_context()

    def backup(self, name: str = "kept") -> Path:
        file = self.folder / name
        backup.backup(self.settings, file)
        return file

    def restore(self, file: Path) -> Begun:
        self.stop()
        restored = backup.restore(self.settings, file, datetime.now(UTC), replace=True, without_keys=True)
        self.stage = self._start()
        return restored.epoch

    def deliver(self) -> None:
        """Let the relay and the effects' worker do all that is due; every message comes twice."""
        with self.database.write() as tx:
            due = effects.take_due(tx, datetime.now(UTC), self.settings.lease_span, 1000)
        for sending in due:
            for _ in range(2):
                self.app.tasks["effects.deliver"]([list(sending.pair)])

    def drain(self) -> None:
        while self._is_due():
            self.deliver()

    def read_feed(self) -> None:
        """Let the relay act on what billing tells, and send what that causes."""
        BillingFeed(self.stage.context).read()
        texts = replace(f.messages(), quiet=None)
        with self.database.write() as tx:
            messages.settle(tx, texts, self.settings.zone, datetime.now(UTC), 100)
        self.drain()

    def _is_due(self) -> bool:
        with self.database.read() as tx:
            return effects.is_due(tx, datetime.now(UTC))

    def new_line(self, n: int) -> OperationAccepted:
        """Customer `n` gets a line: opened, prepared, built, in service, suspended for their journey, asked."""
        counter = at.counter(self.stage.rulebook)
        at.address(self.database, n)
        done = at.accepted(self.database, opening.open_account, counter, at.application(n))
        number = str(done.result["account"])
        order = at.order_of(self.database, number)
        self.stage.work("provisioning", times=2)
        self.stage.work("construction", times=2)
        hop_id = f.live_id(self.database, order)
        with self.database.write() as tx:
            now = datetime.now(UTC)
            handling.claim(tx, self.stage.rulebook, handling.Claim(hop_id, f.BUILDER), now)
            f.attach(tx, hop_id)
        fitted = f.fitted(self.database, self.stage.rulebook, f.hop(self.database, hop_id), "installed")
        with self.database.write() as tx:
            report = handling.Report(hop_id, f.BUILDER, "installed", {**f.INSTALLED, **fitted})
            handling.end(tx, self.stage.rulebook, report, now)
        for team in ("activation", "archive"):
            self.stage.work(team, times=2)
        assert f.ticket(self.database, order).state == TicketState.CLOSED
        self.drain()
        asked = Suspension(account=number, reason="arrears", document_number=at.document(n))
        at.accepted(self.database, suspension.suspend, counter, asked, actor=f.SUPERVISOR)
        self.drain()
        return done

    def fault(self, n: int) -> str:
        """Customer `n` reports a fault, which NOC mends; they are asked how it was. Returns the fault's number."""
        number, rulebook = f"GZ-{n}", self.stage.rulebook
        f.account(self.database, number)
        with self.database.write() as tx:
            tx.execute(b.account.update().where(b.account.c.number == number).values(mobile=at.mobile(n)))
        made = f.fault(self.database, rulebook, self.script, number).ticket_id
        hop_id = f.live_id(self.database, made)
        self.stage.work("noc", times=2)
        with self.database.write() as tx:
            now = datetime.now(UTC)
            handling.claim(tx, rulebook, handling.Claim(hop_id, f.NOC), now)
            handling.end(tx, rulebook, handling.Report(hop_id, f.NOC, "fixed", {"cause": "fibre"}), now)
        for team in ("archive", "callback-survey"):
            self.stage.work(team, times=2)
        return ticket_number("fault", made)

    # -- outside -----------------------------------------------------------------------------------

    def messages(self, n: int) -> list[str]:
        """The texts that customer `n` got, in order."""
        with contextlib.closing(sqlite3.connect(self.settings.root / "sms.db")) as gateway:
            got = gateway.execute("SELECT text FROM delivered WHERE number = ? ORDER BY id", (at.mobile(n),))
            return [text for (text,) in got]

    def network(self) -> SimulatedProvisioning:
        return SimulatedProvisioning(self.settings.root / "provisioning.db")

    def papers(self) -> set[str]:
        return {file.stem for file in (self.settings.root / "printed").iterdir()}

    def ledgers(self) -> list[Ledger]:
        return [Ledger(self.settings.root / name) for name in ("sms.tsv", "provisioning.tsv", "printed.tsv")]


@pytest.fixture
def house(
    database: Database, app_of_memory: Celery, script: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[House]:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", make_url(database.url).render_as_string(hide_password=False))
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    made = House(app_of_memory, script, tmp_path)
    yield made
    made.stop()


@pytest.fixture
def app_of_memory(monkeypatch: pytest.MonkeyPatch) -> Celery:
    monkeypatch.setenv("DISPATCH_BROKER_URL", "memory://")
    from workers.app import app

    return app


def test_after_a_restore_the_next_customer_gets_line_messages_and_papers_of_their_own(house: House) -> None:
    kept = house.backup()
    first = house.new_line(1)
    house.restore(kept)
    second = house.new_line(2)
    for done in (first, second):
        assert {done.slip, f"{int(str(done.result['invoice'])):08d}"} <= house.papers()
    assert (first.slip, first.result["invoice"]) != (second.slip, second.result["invoice"])
    for n in (1, 2):
        assert ["开通" in house.messages(n)[0], len(house.messages(n))] == [True, 2]
    line = house.network().line(at.line(house.database, str(second.result["account"])).id)
    assert line is not None
    assert (line.state, line.number) == ("suspended", second.result["account"])
    assert [ledger.doubled() for ledger in house.ledgers()] == [[], [], []]


def test_after_a_restore_the_next_customer_with_a_fault_is_asked_and_hears_another_number(house: House) -> None:
    kept = house.backup()
    numbers = [house.fault(1)]
    house.restore(kept)
    numbers.append(house.fault(2))
    assert len(set(numbers)) == 2
    for n, number in enumerate(numbers, start=1):
        (asked,) = house.messages(n)
        assert number in asked


def test_what_the_backup_holds_unconfirmed_keeps_its_keys_and_is_done_once(house: House) -> None:
    """The line is ordered, the slip printed and the message sent after the backup; the restored rows ask again."""
    counter = at.counter(house.stage.rulebook)
    at.address(house.database)
    done = at.accepted(house.database, opening.open_account, counter, at.application())
    kept = house.backup()
    house.drain()
    house.stage.work("provisioning")
    before = [list(ledger.effects()) for ledger in house.ledgers()]
    house.restore(kept)
    house.drain()
    house.stage.work("provisioning")
    assert [list(ledger.effects()) for ledger in house.ledgers()] == before
    order = at.order_of(house.database, str(done.result["account"]))
    assert [hop.finding for hop in f.journey(house.database, order)] == ["provisioned", None]


def test_a_survey_that_the_backup_holds_is_not_sent_again_and_a_link_that_it_undid_is(house: House) -> None:
    number = house.fault(1)
    kept = house.backup()
    house.fault(2)
    house.restore(kept)
    house.stage.work("callback-survey")
    assert len(house.messages(1)) == 1
    assert number in house.messages(1)[0]
    house.fault(2)
    assert len(house.messages(2)) == 2  # the first link leads nowhere since the restore


def test_arrears_that_a_restore_undid_are_acted_on_again_and_nothing_outside_happens_twice(house: House) -> None:
    """Billing's feed is read again from where the backup had read it; the line and the customer hear nothing twice."""
    f.account(house.database, "GZ-1")
    with house.database.write() as tx:
        tx.execute(b.account.update().values(mobile=at.mobile(1)))
    line = at.line(house.database, "GZ-1").id
    since = datetime(2026, 1, 1, tzinfo=UTC)
    fee = BillingEntry(EntryKind.FEE, 120_00, since, monthly=True)
    house.stage.context.billing.book([Booking("k", line, "GZ-1", (fee,))])
    kept = house.backup()
    for _ in range(2):
        house.read_feed()
        account = at.line(house.database, "GZ-1")
        assert (account.state, account.suspended_for) == ("suspended", "arrears")
        (told,) = house.messages(1)
        assert told.startswith("宽带GZ-1欠费")
        assert [each for each in house.ledgers()[1].effects() if each[0] == "suspend"] == [
            ("suspend", f"billing-event/{line}-1/suspend")
        ]
        house.restore(kept)


def test_two_restores_of_one_backup_give_out_different_numbers(house: House) -> None:
    kept = house.backup()
    told: list[str] = []
    marks: list[str] = []
    for n in (1, 2, 3):
        marks.append(house.restore(kept).mark)
        told.append(house.fault(n))
    assert len(set(told)) == len(set(marks)) == 3
    for earlier, later in itertools.pairwise(told):
        assert int(earlier[1:]) < int(later[1:])
    assert [len(house.messages(n)) for n in (1, 2, 3)] == [1, 1, 1]


def test_a_damaged_database_gives_way_to_its_backup_and_is_kept(house: House) -> None:
    if house.database.kind != "sqlite":
        pytest.skip("a server answers for its own files")
    kept = house.backup()
    house.stop()
    file = Path(make_url(house.database.url).database or "")
    file.write_bytes(b"no database" * 1000)
    assert house.restore(kept).first_ids["ticket"] > 1
    (aside,) = file.parent.glob("*.before-*")
    assert aside.read_bytes() == b"no database" * 1000


def test_ids_of_removed_rows_do_not_come_again(house: House) -> None:
    def refuse() -> int:
        with house.database.write() as tx:
            tx.execute(text(f"INSERT INTO rules_refused (at, faults) VALUES ('{f.NOW:%Y-%m-%d %H:%M:%S}', 'x')"))
            return int(tx.execute(text("SELECT max(id) FROM rules_refused")).scalar_one())

    first = refuse()
    with house.database.write() as tx:
        tx.execute(text("DELETE FROM rules_refused"))
    assert refuse() > first


def test_a_line_that_waited_for_its_test_at_the_backup_is_tested_once_after_the_restore(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise ConnectionRefusedError

    made = f.fault(house.database, house.stage.rulebook, house.script).ticket_id
    with monkeypatch.context() as gone:
        gone.setattr(SimulatedLineTester, "test", away)
        house.stage.work("noc")
    before = house.stage.send_retests("noc", LONGEST)
    kept = house.backup()
    house.stage.deliver("noc.retest", before)
    house.restore(kept)
    assert [act.act for act in f.acts(house.database, made)] == ["open"]
    house.stage.deliver("noc.retest", before)  # the broker had it still
    house.stage.retest("noc", 2 * LONGEST, times=2)
    assert [act.act for act in f.acts(house.database, made)] == ["open", "line test"]
    with house.database.read() as tx:
        assert retests.waiting(tx).hops == 0

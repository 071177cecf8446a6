"""What customers are told, from the act that causes a message to the effect that sends it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from dispatch import messages
from dispatch.accounts import opening, term_ending
from dispatch.accounts.operation import Counter
from dispatch.domain.messages import Event, Messages, MessageState
from dispatch.domain.money import write_yuan
from dispatch.messages import MessagesInForce, Told
from dispatch.reports.messages import told
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings
from dispatch.storage import messages as stored
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.tickets import intake
from dispatch.tickets.intake import FaultReport
from tests import factories as f
from tests.accounts import factories as a
from tests.conftest import PROJECT
from tests.query_plans import plans

CHINA = Settings().zone


def china(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=CHINA)


def settled(database: Database, now: datetime, texts: Messages | None = None) -> list[tuple[str, datetime]]:
    """What the relay sends, and from when on."""
    with database.write() as tx:
        messages.settle(tx, texts or f.messages(), CHINA, now, 100)
    found = a.rows(database, b.effect, b.effect.c.key.startswith("message/"))
    return [(row.payload["text"], row.wake_at) for row in found]


@pytest.fixture
def counter(in_force: Rulebook) -> Counter:
    return a.counter(in_force)


def events(database: Database) -> list[tuple[str, str]]:
    return [(row.event, row.source) for row in a.rows(database, b.message)]


def test_a_reported_fault_is_told_at_once_with_its_number_and_by_when(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    made = f.fault(database, in_force, script, now=china(2, 3))
    assert settled(database, china(2, 3)) == [(f"故障{made.number}已受理，预计3月4日03:00前恢复。", china(2, 3))]
    assert settled(database, china(2, 3)) != []  # once
    (row,) = a.rows(database, b.message)
    assert (row.facts, row.outcome) == ({}, "effect")
    with database.read() as tx:
        (seen,) = told(tx, f"ticket/{made.ticket_id}")
    assert (seen.event, seen.state, seen.at) == (Event.FAULT_ACCEPTED, MessageState.DUE, china(2, 3))


def test_a_fault_solved_on_the_phone_sends_no_message(database: Database, in_force: Rulebook, script: Script) -> None:
    f.account(database)
    report = FaultReport("GZ1", "no-internet", "不能上网", answers=(("account-state", "suspended-by-request"),))
    with database.write() as tx:
        intake.submit(tx, in_force, script, report, f.AGENT_10086, f.NOW)
    assert events(database) == []


def test_an_opened_account_is_told_of_at_9_when_it_is_opened_at_night(database: Database, counter: Counter) -> None:
    a.address(database, 1)
    done = a.accepted(database, opening.open_account, counter, a.application(1), now=china(2, 22))
    number = str(done.result["account"])
    order = a.order_of(database, number)
    assert events(database) == [("opened", f"ticket/{order}")]
    [(said, due)] = settled(database, china(2, 22))
    assert (due, said) == (china(3, 9), f"宽带{number}已受理，施工单C{order:08d}，预计3月9日22:00前开通。")


def test_a_hold_is_told_with_its_end(sqlite: Database, rulebook: Rulebook, script: Script) -> None:
    f.put_in_force(sqlite, rulebook)
    made = f.fault(sqlite, rulebook, script)
    f.held(sqlite, rulebook, made.ticket_id, f.NOC, china(2, 18))
    texts = [said for said, _ in settled(sqlite, china(2, 17))]
    assert texts[1:] == [f"{made.number}暂停处理，3月2日18:00继续。有疑问请拨10086。"]


def test_a_message_that_is_switched_off_stays_in_the_log(sqlite: Database, rulebook: Rulebook, script: Script) -> None:
    f.put_in_force(sqlite, rulebook)
    made = f.fault(sqlite, rulebook, script)
    known = f.messages()
    off = {**known.texts, Event.FAULT_ACCEPTED: replace(known.texts[Event.FAULT_ACCEPTED], on=False)}
    assert settled(sqlite, f.NOW, replace(known, texts=off)) == []
    with sqlite.read() as tx:
        assert [each.state for each in told(tx, f"ticket/{made.ticket_id}")] == [MessageState.OFF]


def test_a_message_goes_to_the_number_that_the_account_has_when_it_is_written(
    sqlite: Database, rulebook: Rulebook, script: Script
) -> None:
    f.put_in_force(sqlite, rulebook)
    f.fault(sqlite, rulebook, script)
    with sqlite.write() as tx:
        tx.execute(update(b.account).values(mobile="13900139000"))
    settled(sqlite, f.NOW)
    assert [row.payload["mobile"] for row in a.rows(sqlite, b.effect)] == ["13900139000"]


def test_every_event_of_the_file_has_an_act_that_sends_it() -> None:
    """In the program's text: `Event.HELD` stands somewhere else than where events are declared."""
    declared = PROJECT / "dispatch" / "domain" / "messages.py"
    texts = [
        file.read_text(encoding="utf-8")
        for folder in ("dispatch", "workers")
        for file in (PROJECT / folder).rglob("*.py")
        if file != declared
    ]
    assert [event for event in Event if not any(f"Event.{event.name}" in text for text in texts)] == []


def test_facts_that_the_event_does_not_have_are_a_mistake(sqlite: Database) -> None:
    with pytest.raises(AssertionError), sqlite.write() as tx:
        messages.tell(tx, f.NOW, Told(Event.DEMAND, "demand/1", {"no": "1"}, mobile="13800138000"))


def test_a_term_that_ends_within_30_days_is_told_once_with_what_follows(database: Database, counter: Counter) -> None:
    yearly = replace(a.PLANS.plans["home-300"], name="yearly-300", term=12)
    a.opened(database, a.offering(counter, yearly), plan="yearly-300", payment=None)
    (plan,) = a.rows(database, b.enrolment)
    assert plan.until is not None
    ends = datetime(plan.until.year, plan.until.month, plan.until.day, 10, tzinfo=CHINA)

    def tell(now: datetime) -> int:
        with database.write() as tx:
            return term_ending.tell_of_ending(tx, CHINA, now, 50)

    assert tell(ends - timedelta(days=31)) == 0
    assert [tell(ends - timedelta(days=30)), tell(ends - timedelta(days=29))] == [1, 0]
    said = settled(database, ends - timedelta(days=29))[-1][0]
    day = f"{plan.until.year}年{plan.until.month}月{plan.until.day}日"
    assert said == f"{plan.terms['title']['zh']}{day}到期，后按{write_yuan(plan.terms['monthly_fee'])}元/月。"


def test_the_relay_finds_what_it_has_to_settle_by_an_index(database: Database) -> None:
    rows = [Told(Event.DEMAND, f"demand/{n}", {}, mobile="13800138000") for n in range(3_000)]
    with database.write() as tx:
        messages.tell(tx, f.NOW, *rows)
        messages.settle(tx, f.messages(), CHINA, f.NOW, 2_990)
        tx.execute(text("ANALYZE"))
    looks: list[tuple[str, Any]] = [
        ("ix_message_to_settle", stored.is_to_settle),
        ("ix_message_to_settle", lambda tx: stored.lock_to_settle(tx, 5)),
        ("ix_message_source", lambda tx: stored.about(tx, "demand/77")),
    ]
    for index, look in looks:
        shown = "\n".join(plans(database, look)[0])
        assert index in shown, shown


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    file = tmp_path / "messages.yaml"
    file.write_bytes((PROJECT / "messages.yaml").read_bytes())
    return file


def edit(file: Path, old: str, new: str) -> None:
    before = file.stat().st_mtime_ns
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    os.utime(file, ns=(before + 1, before + 1))


def test_changed_texts_are_taken_up_and_bad_ones_are_not(texts: Path) -> None:
    in_force = MessagesInForce(Settings(messages=texts, quiet_hours=True))

    def demand() -> str:
        read = in_force.get()
        assert read is not None
        return read.texts[Event.DEMAND].zh

    edit(texts, "请拨10086。\n    en: Your", "请来电。\n    en: Your")
    assert demand() == "您登记的地址可装宽带了，请来电。"
    edit(texts, "version: 1", "version: 9")
    assert (demand(), in_force.refused is not None) == ("您登记的地址可装宽带了，请来电。", True)
    edit(texts, "version: 9", "version: 1")
    assert (demand(), in_force.refused) == ("您登记的地址可装宽带了，请来电。", None)


def test_without_a_good_file_messages_wait(tmp_path: Path) -> None:
    in_force = MessagesInForce(Settings(messages=tmp_path / "none.yaml"))
    assert in_force.get() is None
    assert in_force.refused is not None


def test_quiet_hours_can_be_switched_off_for_a_demonstration(texts: Path) -> None:
    for kept in (True, False):
        read = MessagesInForce(Settings(messages=texts, quiet_hours=kept)).get()
        assert read is not None
        assert (read.quiet is not None) == kept

"""计费事件: billing tells of arrears and of their clearing; the service stops and goes on, whatever order they have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dispatch import messages
from dispatch.accounts import billing_events, suspension
from dispatch.accounts.operation import Counter
from dispatch.domain.billing_event import BillingEvent, BillingEventKind, BillingEventOutcome
from dispatch.errors import KeyReused, NotFound
from dispatch.ports.billing import FedEvent
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables.billing import billing_event
from tests import factories as f
from tests.accounts import factories as c
from tests.accounts.test_pausing import CHINA

O = BillingEventOutcome  # noqa: E741
ARREARS, CLEARED = BillingEventKind.ARREARS, BillingEventKind.CLEARED


def event(database: Database, number: str, seq: int, kind: BillingEventKind, **changes: Any) -> BillingEvent:
    account = c.line(database, number).id
    told = {"id": f"e-{seq}", "account": account, "seq": seq, "kind": kind, "fen": 136_20, "reference": f"R{seq}"}
    return BillingEvent(**{**told, **changes})


def receive(database: Database, *events: BillingEvent) -> list[BillingEventOutcome]:
    outcomes = []
    for each in events:
        with database.write() as tx:
            outcomes.append(billing_events.receive(tx, each, f.NOW))
    return outcomes


def orders(database: Database) -> list[str]:
    """What the network department was told since the line was built."""
    rows = c.rows(database, b.effect, b.effect.c.port == "provisioning")
    return [row.payload["order"] for row in rows if row.payload["order"] in ("suspend", "resume")]


def state(database: Database, number: str) -> tuple[str, str | None]:
    account = c.line(database, number)
    return account.state, account.suspended_for


@pytest.fixture
def counter(rulebook: Rulebook) -> Counter:
    return c.counter(rulebook)


@pytest.fixture
def memory(rulebook: Rulebook) -> Database:
    return f.in_memory(rulebook)


@pytest.fixture
def number(memory: Database, counter: Counter) -> str:
    return c.in_service(memory, counter)


def test_arrears_suspend_the_account_and_the_customer_hears_what_is_owed(
    database: Database, in_force: Rulebook, counter: Counter
) -> None:
    number = c.in_service(database, counter)
    assert receive(database, event(database, number, 1, ARREARS)) == [O.SUSPENDED]

    assert state(database, number) == ("suspended", "arrears")
    assert orders(database) == ["suspend"]
    (row,) = c.rows(database, b.suspension)
    assert (row.kind, row.reason, row.reference, row.set_by) == ("arrears", "arrears", "R1", None)
    with database.write() as tx:
        messages.settle(tx, f.messages(), CHINA, f.NOW, 100)
    texts = [row.payload["text"] for row in c.rows(database, b.effect, b.effect.c.port == "sms")]
    assert f"宽带{number}欠费136.20元已停，缴清复机。" in texts
    (entry,) = c.rows(database, b.audit, b.audit.c.actor == "billing")
    assert (entry.act, entry.reason) == ("suspended by billing", "arrears 136.20 R1")


def test_cleared_lifts_the_arrears_at_once_with_the_payments_reference(
    database: Database, in_force: Rulebook, counter: Counter
) -> None:
    number = c.in_service(database, counter)
    sent = [event(database, number, 1, ARREARS), event(database, number, 2, CLEARED, reference="T20261130")]
    assert receive(database, *sent) == [O.SUSPENDED, O.RESUMED]

    assert state(database, number) == ("in-service", None)
    assert orders(database) == ["suspend", "resume"]
    (row,) = c.rows(database, b.suspension)
    assert (row.lifted_for, row.settled_by, row.lifted_by) == ("cleared", "T20261130", None)
    last = c.rows(database, b.effect, b.effect.c.port == "sms")[-1]
    assert last.payload["text"] == f"您的宽带账号{number}已开机，可以上网。"


def test_cleared_lifts_what_a_supervisor_set_too_but_nothing_else(
    memory: Database, counter: Counter, number: str
) -> None:
    asked = suspension.Suspension(account=number, reason="arrears")
    c.accepted(memory, suspension.suspend, counter, asked, actor=f.SUPERVISOR)
    c.accepted(memory, suspension.suspend, counter, c.lost(number))

    assert receive(memory, event(memory, number, 1, CLEARED)) == [O.LIFTED]

    assert state(memory, number) == ("suspended", "lost-password")
    assert orders(memory) == ["suspend"]
    assert receive(memory, event(memory, number, 2, CLEARED)) == [O.NOTHING]


def test_arrears_of_a_paused_line_are_one_more_suspension_and_no_second_order(
    memory: Database, counter: Counter, number: str
) -> None:
    c.accepted(memory, suspension.suspend, counter, c.lost(number))
    assert receive(memory, event(memory, number, 1, ARREARS)) == [O.SUSPENDED]
    assert orders(memory) == ["suspend"]
    assert {row.kind for row in c.rows(memory, b.suspension)} == {"lost", "arrears"}


def test_the_same_event_acts_once_and_gets_the_same_answer(memory: Database, number: str) -> None:
    first, second = event(memory, number, 1, ARREARS), event(memory, number, 2, CLEARED)
    assert receive(memory, first, first, second, first, second) == [
        O.SUSPENDED, O.SUSPENDED, O.RESUMED, O.SUSPENDED, O.RESUMED,
    ]  # fmt: skip
    assert orders(memory) == ["suspend", "resume"]
    assert len(c.rows(memory, b.message, b.message.c.event == "arrears")) == 1


def test_an_event_of_an_older_number_is_not_acted_upon(memory: Database, number: str) -> None:
    late = event(memory, number, 1, ARREARS)
    assert receive(memory, event(memory, number, 2, CLEARED), late) == [O.NOTHING, O.OLDER]
    assert state(memory, number) == ("in-service", None)


def test_another_event_of_the_same_id_is_refused(memory: Database, number: str) -> None:
    one = event(memory, number, 1, ARREARS)
    receive(memory, one)
    for changes in ({"fen": 1}, {"kind": CLEARED}, {"seq": 2}, {"reference": "x"}):
        with pytest.raises(KeyReused):
            receive(memory, replace(one, **changes))


def test_a_line_that_is_not_in_service_is_left_alone(memory: Database, counter: Counter) -> None:
    building, ended = c.opened(memory, counter, 1), c.in_service(memory, counter, 2)
    c.closed(memory, counter, ended, 2)
    for number in (building, ended):
        before = state(memory, number)
        assert receive(memory, event(memory, number, 1, ARREARS, id=f"of-{number}")) == [O.NOTHING]
        assert state(memory, number) == before


def test_an_account_that_is_not_ours_is_refused_and_in_the_feed_passed_over(memory: Database, number: str) -> None:
    stranger = BillingEvent("e-9", 999_999, 1, ARREARS, 1)
    with pytest.raises(NotFound):
        receive(memory, stranger)
    fed = [FedEvent(7, stranger), FedEvent(8, event(memory, number, 1, ARREARS))]
    with memory.write() as tx:
        billing_events.receive_fed(tx, fed, f.NOW)
    found = sorted((row.position, row.outcome) for row in c.rows(memory, billing_event))
    assert found == [(7, "unknown"), (8, "suspended")]

"""The customers of a demonstration: opened at the counter, built, in service; counted twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispatch.accounts.operation import Counter
from dispatch.demo import moving_in
from dispatch.demo.effect_tally import count_outside
from dispatch.demo.households import Household, households
from dispatch.demo.moving_in import OpeningRefused, move_in
from dispatch.domain.effect import Port
from dispatch.domain.kind import Kind
from dispatch.ports.ledger import Ledger
from dispatch.replay.verdict import judge
from dispatch.routing.plans_file import load
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, effects, resources
from dispatch.storage.database import Database
from tests.accounts import factories as c
from tests.factories import work

PLANS = load(Path(__file__).parents[2] / "marketing_plans.yaml")


@pytest.fixture
def counter(in_force: Rulebook) -> Counter:
    return replace(c.counter(in_force), plans=PLANS)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.tsv")


def moved_in(database: Database, counter: Counter, ledger: Ledger, customers: Sequence[Household]) -> list[str]:
    with database.write() as tx:
        resources.enter_addresses(tx, [each.reach() for each in customers])

    def tend() -> None:
        work(database, counter.rulebook, datetime.now(UTC))

    return move_in(database, counter, ledger, "settle", customers, tend)


def test_every_customer_is_in_service_before_the_faults_come(
    database: Database, counter: Counter, ledger: Ledger
) -> None:
    numbers = moved_in(database, counter, ledger, households(23))
    with database.read() as tx:
        assert [accounts.find(tx, number).state for number in numbers] == ["in-service"] * 23  # type: ignore[union-attr]
    verdict = judge(database, ledger, "settle", Kind.CONSTRUCTION)
    assert (verdict.accepted, verdict.counts.tickets, verdict.counts.archived, verdict.counts.closed) == (23,) * 4
    assert (verdict.lost, verdict.doubled) == ([], [])
    assert set(verdict.hops_by_team) == {"provisioning", "construction", "activation", "archive"}
    assert judge(database, ledger, "settle").counts.tickets == 0  # none of them is a fault


def test_an_order_that_the_database_does_not_have_is_lost(database: Database, counter: Counter, ledger: Ledger) -> None:
    moved_in(database, counter, ledger, households(2))
    ledger.write("accepted/settle", ["C00000099"])
    verdict = judge(database, ledger, "settle", Kind.CONSTRUCTION)
    assert (verdict.lost, verdict.good) == (["C00000099"], False)


def test_a_customer_refused_at_the_counter_ends_the_demonstration(
    database: Database, counter: Counter, ledger: Ledger
) -> None:
    with pytest.raises(OpeningRefused, match="unknown-address"):
        move_in(database, counter, ledger, "settle", households(1), lambda: None)


def test_orders_that_do_not_move_are_reported(
    database: Database, counter: Counter, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_in, "STALLED_SECONDS", -1)
    with database.write() as tx:
        resources.enter_addresses(tx, [Household(1).reach()])
    with pytest.raises(TimeoutError, match="1 construction orders don't move"):
        move_in(database, counter, ledger, "settle", households(1), lambda: None)


def test_outside_effects_are_counted_in_the_receivers_own_ledgers(
    database: Database, counter: Counter, ledger: Ledger, tmp_path: Path
) -> None:
    moved_in(database, counter, ledger, households(1))
    with database.read() as tx:
        printed = [key for port, key, _ in effects.keys(tx) if port == Port.PRINTING]
    assert len(printed) == 2  # a slip and an invoice
    tray = Ledger(tmp_path / "printed.tsv")
    [counted] = count_outside(database, {Port.PRINTING: tray})
    assert (counted.asked, counted.confirmed, counted.done, counted.lost, counted.doubled) == (2, 0, 0, 0, 0)
    with database.write() as tx:
        tx.exec_driver_sql("UPDATE effect SET state = 'confirmed', confirmed_at = made_at, wake_at = NULL")
    tray.write("print", [printed[0], printed[0], "slip/99"])
    [counted] = count_outside(database, {Port.PRINTING: tray})
    assert (counted.asked, counted.confirmed, counted.done, counted.lost, counted.doubled) == (2, 2, 1, 1, 1)

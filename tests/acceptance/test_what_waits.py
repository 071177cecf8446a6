"""Outside effects and an account's check as people see them at the terminal; no process runs meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dispatch import effects as leave
from dispatch.effects import Order
from dispatch.routing import loader, prehandling_file
from dispatch.storage import accounts, effects, hops
from dispatch.storage.database import Database
from tests import factories as f
from tests.acceptance.conftest import PROJECT, Home

OPS = ("--as", "ma", "--role", "ops")


@pytest.fixture
def books(home: Home) -> Iterator[Database]:
    """The database of a new installation."""
    home.done("migrate")
    home.done("effects")  # puts the rules in force
    database = Database(f"sqlite:///{home.folder / 'paidan.db'}")
    yield database
    database.dispose()


@pytest.fixture
def waiting(books: Database) -> Database:
    """An order that was refused, the next one for the same line behind it, and a message to the customer."""
    f.account(books, "GZ1")
    with books.write() as tx:
        line = accounts.find(tx, "GZ1", lock=True)
        assert line is not None
        now = datetime.now(UTC)
        for n, order in enumerate((Order.SUSPEND, Order.RESUME), 1):
            leave.provision(tx, f"operation/{n}", line, order, now)
        leave.tell(tx, "operation/2", "13800138000", "您的宽带已开机", now)
        sent = effects.take_due(tx, now, f.LEASE, 1)
        (pair,) = effects.receive(tx, [each.pair for each in sent], now, f.LEASE)
        effects.quarantine(tx, pair, "provisioning: refused, line-removed")
    return books


def test_the_list_of_effects_says_when_nothing_is_unconfirmed(home: Home, books: Database) -> None:
    assert "every outside effect is confirmed" in home.done("effects")
    assert home.read("effects") == {"counts": [], "unconfirmed": []}


def test_unconfirmed_effects_are_counted_and_listed_without_their_content(home: Home, waiting: Database) -> None:
    found = home.read("effects")
    assert [(each["port"], each["state"], each["count"]) for each in found["counts"]] == [
        ("provisioning", "due", 1),
        ("provisioning", "quarantined", 1),
        ("sms", "due", 1),
    ]
    assert [(each["key"], each["failure"]) for each in found["unconfirmed"]] == [
        ("operation/1/suspend", "provisioning: refused, line-removed"),
        ("operation/2/resume", None),
        ("operation/2/sms", None),
    ]
    shown = home.done("effects")
    assert "Quarantined" in shown
    assert "line-removed" in shown
    assert "13800138000" not in shown + str(found)
    assert "the first 1 only" in home.done("effects", "--limit", "1")


def test_a_permitted_role_makes_a_quarantined_effect_due_again(home: Home, waiting: Database) -> None:
    assert home.call("effects", "release", "1", "--as", "chen", "--role", "clerk")[0] == 5
    assert home.call("effects", "release", "1", "2", *OPS)[0] == 3  # the second is impossible, so neither is released
    assert home.call("effects", "release", "99", *OPS)[0] == 4
    assert home.call("effects", "release", "one", *OPS)[0] == 2
    assert [each["state"] for each in home.read("effects")["unconfirmed"]] == ["quarantined", "due", "due"]
    assert "operation/1/suspend" in home.done("effects", "release", "1", *OPS)
    assert {each["state"] for each in home.read("effects")["unconfirmed"]} == {"due"}


def test_system_supports_board_and_the_journey_show_the_accounts_check(home: Home, waiting: Database) -> None:
    rules = loader.load(PROJECT / "routing_rules.yaml")
    script = prehandling_file.load(PROJECT / "prehandling.yaml", rules.categories)
    now = datetime.now(UTC)
    made = f.fault(waiting, rules, script, "GZ1", now, symptom="account-system")
    with waiting.write() as tx:
        hop_id = hops.find(tx, made.ticket_id)
        assert hop_id is not None
        sent = hops.take_due(tx, now, f.LEASE, 9, ["system-support"])
        hops.receive(tx, [each.pair for each in sent], now, f.LEASE)
        found = {"account": "suspended", "suspended_for": "arrears", "unconfirmed": ["a", "b"], "operations": ["open"]}
        hops.note_found(tx, [(hop_id, found)])
        hops.put_on_board(tx, [hop_id], now, now + timedelta(minutes=30))
    board = home.done("board", "system-support")
    assert "Bill not paid" in board
    assert "2 unconfirmed" in board
    shown = home.done("show", made.number)
    assert "account:" in shown
    assert (
        "account: state Suspended, suspended for Bill not paid, unconfirmed effects a b, last done Open account"
        in " ".join(shown.replace("│", "").split())
    )


def test_a_construction_order_is_not_withdrawn(home: Home, books: Database) -> None:
    rules = loader.load(PROJECT / "routing_rules.yaml")
    number = f"C{f.order(books, rules):08d}"
    status, _, err = home.call("withdraw", number, "--reason", "不装了", "--as", "chen", "--role", "clerk")
    assert status == 3
    assert number in err
    assert home.read("show", number)["ticket"]["state"] == "open"
    status, _, err = home.call("show", "99")
    assert (status, "number 99" in err) == (4, True)


def test_a_team_is_shown_its_findings_in_each_of_its_flows(home: Home, books: Database) -> None:
    assert set(home.read("teams", "construction")[0]["findings"]) == {"construction", "move", "complaint"}
    assert set(home.read("teams", "noc")[0]["findings"]) == {"fault", "complaint"}
    assert set(home.read("teams", "supervisor")[0]["findings"]) == {"fault", "construction", "move", "complaint"}
    assert "(construction)" not in home.done("teams", "noc")

"""A database of the first schema, with tickets in every state, works with this code, and its tickets go on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from dispatch.domain.ticket import LIVE_HOP, HopState
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops
from dispatch.storage.database import SCHEMA, Database
from dispatch.storage.migration import migrate
from dispatch.tickets import handling, timers
from dispatch.tickets.handling import Claim, Report
from tests import factories as f

LATER = f.NOW + timedelta(minutes=5)
STAMP, SOON = (when.strftime("%Y-%m-%d %H:%M:%S.000000") for when in (f.NOW, f.NOW + timedelta(minutes=1)))
STATES: dict[str, dict[str, Any]] = {
    "due": {"wake_at": STAMP},
    "sent": {"wake_at": SOON, "generation": 1, "sent_at": STAMP},
    "received": {"wake_at": SOON, "generation": 2, "steps_done": 1, "sent_at": STAMP, "received_at": STAMP},
    "waiting": {"wake_at": SOON, "generation": 4, "boarded_at": STAMP},
    "claimed": {"wake_at": SOON, "generation": 4, "boarded_at": STAMP, "claimed_at": STAMP, "holder": "zhao"},
    "held": {
        "wake_at": SOON,
        "generation": 4,
        "boarded_at": STAMP,
        "claimed_at": STAMP,
        "held_at": STAMP,
        "holder": "zhao",
    },
    "quarantined": {"generation": 9, "failures": 5, "failure": "noc.line-test: KeyError"},
}
"""The columns of a first-schema hop in each live state."""


@pytest.fixture
def old(database: Database, rulebook: Rulebook) -> Database:
    """One fault at NOC in each state, in the order of STATES; its ticket and its hop have the same id."""
    migrate(database, "base")
    migrate(database, "0001")
    with database.write() as tx:

        def put(table: str, **columns: Any) -> None:
            names = ", ".join(columns)
            tx.execute(text(f"INSERT INTO {table} ({names}) VALUES (:{', :'.join(columns)})"), columns)

        put("rulebook", version=rulebook.version, text=rulebook.text, in_force_from=STAMP)
        facts = json.dumps({"from": "start", "category": "network"})
        for number, (state, columns) in enumerate(STATES.items(), 1):
            put("account", number=f"GZ{number}", area="tianhe", mobile="13800138000", added_at=STAMP, added_by="x")
            put(
                "ticket",
                kind="fault",
                state="open",
                account=f"GZ{number}",
                area="tianhe",
                channel="counter",
                symptom="slow",
                category="network",
                description="慢",
                priority=3,
                script="[]",
                hops=1,
                last_seq=1,
                made_at=STAMP,
            )
            put(
                "hop",
                ticket_id=number,
                seq=1,
                team="noc",
                state=state,
                rule="flows.fault.start[1]",
                **{"facts": facts, "rulebook": rulebook.version, "made_at": STAMP, **columns},
            )
    migrate(database)
    return database


def test_the_upgraded_database_has_every_ticket_where_it_was(old: Database) -> None:
    assert set(STATES) == set(LIVE_HOP)
    assert old.schema() == SCHEMA
    assert [f.live(old, number).state for number in range(1, len(STATES) + 1)] == list(STATES)  # type: ignore[union-attr]


def test_a_message_sent_by_the_old_program_is_received_by_the_new(old: Database, rulebook: Rulebook) -> None:
    with old.write() as tx:
        assert hops.receive(tx, [(2, 1)], f.NOW, f.LEASE) == [(2, 1)]
        assert hops.receive(tx, [(2, 0), (4, 3)], f.NOW, f.LEASE) == []


def test_all_tickets_of_the_old_program_go_on_to_their_ends(old: Database, rulebook: Rulebook) -> None:
    with old.write() as tx:
        timers.fire_due_timers(tx, rulebook, LATER, 100)  # the hold is over
        handling.release(tx, 7, f.SUPERVISOR, LATER)
    f.work(old, rulebook, LATER)
    for hop_id in range(1, len(STATES) + 1):
        row = f.live(old, hop_id)
        assert row is not None
        with old.write() as tx:
            if row.state == HopState.WAITING:
                handling.claim(tx, rulebook, Claim(hop_id, f.NOC), LATER)
            handling.end(tx, rulebook, Report(hop_id, f.NOC, "fixed", {"cause": "configuration"}), LATER)
    f.work(old, rulebook, LATER)
    with old.read() as tx:
        assert set(tx.execute(text("SELECT state FROM ticket")).scalars()) == {"archived"}

"""The campaign in its smallest size, on both kinds of database, and the test of that test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from chaos import campaign, postgres
from chaos.acts import HARMFUL, KILLS
from chaos.sizes import SIZES

pytestmark = pytest.mark.system

TICKETS, LEASE = SIZES["tiny"].tickets, SIZES["tiny"].lease
ON_POSTGRESQL = ("worker.committed", "database", "answer to COMMIT lost", "relay.committed", "web.committed", "web")
ON_SQLITE = ("pool child", "relay.published", "broker emptied", "broker", "worker.before-acknowledgement", "relay")


def is_whole(outcome: campaign.Outcome, acts: Sequence[str]) -> None:
    assert outcome.kills == sum(name in KILLS for name in acts)
    assert outcome.verdict.tickets == TICKETS
    assert (outcome.verdict.lost, outcome.verdict.doubled) == ([], [])
    assert not outcome.recovery.pending


def test_with_processes_and_postgresql_killed_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    with postgres.server() as server:  # of its own: that of the other tests must not die
        is_whole(campaign.run(tmp_path / "home", server, ON_POSTGRESQL, TICKETS, LEASE), ON_POSTGRESQL)


def test_with_processes_killed_and_the_broker_emptied_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    is_whole(campaign.run(tmp_path / "home", None, ON_SQLITE, TICKETS, LEASE), ON_SQLITE)


def test_without_the_lease_sweep_the_same_kills_lose_tickets(tmp_path: Path) -> None:
    spoiled = {"CHAOS_BENT": "no-lease-sweep"}
    outcome = campaign.run(tmp_path / "home", None, HARMFUL, TICKETS, LEASE, bends=spoiled, quiet=10)
    assert outcome.verdict.lost

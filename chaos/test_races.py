"""Two people and one hop, on both kinds of database, and a test that a broken system is detected."""

from __future__ import annotations

from typing import Any

import pytest

from chaos import races
from chaos.sizes import SIZES
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import hops
from dispatch.storage.database import Database
from dispatch.storage.tables import tickets
from tests.factories import put_in_force

COUNT = SIZES["tiny"].races


def test_one_of_two_people_who_want_the_same_hop_wins(database: Database, in_force: Rulebook, script: Script) -> None:
    result = races.run(database, in_force, script, COUNT)
    assert result.races == COUNT
    assert result.odd == []


def test_races_have_two_winners_without_the_locks(
    postgresql: Database, rulebook: Rulebook, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(postgresql, rulebook)
    query = hops._whole

    def unlocked(tx: Any, hop_ids: Any) -> Any:
        return {row.id: row for row in tx.execute(query().where(tickets.hop.c.id.in_(hop_ids)))}

    monkeypatch.setattr(hops, "lock", unlocked)
    assert races.run(postgresql, rulebook, script, COUNT).odd

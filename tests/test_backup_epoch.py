"""After a restore, messages of the undone time are refused, and hops that were in flight are sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from dispatch import backup
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import epoch, hops
from dispatch.storage.database import Database
from dispatch.storage.tables import tickets as t
from dispatch.tickets import next_hop
from tests import factories as f

LATER = f.NOW + timedelta(minutes=5)


def send(database: Database, rulebook: Rulebook, now: Any = f.NOW) -> list[Any]:
    with database.write() as tx:
        return [sent.pair for sent in hops.take_due(tx, now, f.LEASE, 99, list(rulebook.teams))]


def receive(database: Database, pairs: list[Any], now: Any = f.NOW) -> list[Any]:
    with database.write() as tx:
        return hops.receive(tx, pairs, now, f.LEASE)


def restored(database: Database, now: Any = LATER) -> epoch.Begun:
    with database.write() as tx:
        return backup.new_epoch(tx, now)


def test_a_message_under_way_at_the_backup_is_refused_and_its_hop_is_sent_again(
    database: Database, in_force: Rulebook, script: Any
) -> None:
    f.fault(database, in_force, script)
    old = send(database, in_force)
    restored(database)
    assert receive(database, old, LATER) == []
    new = send(database, in_force, LATER)
    assert [pair[0] for pair in new] == [pair[0] for pair in old]
    assert receive(database, new, LATER) == new


def test_a_message_of_the_undone_time_is_refused_by_a_hop_that_was_in_the_backup(
    database: Database, in_force: Rulebook, script: Any
) -> None:
    """The hop was sent after the backup, and is sent as often again after the restore."""
    f.fault(database, in_force, script)
    undone = [(1, generation) for generation in range(1, 50)]
    base = restored(database).base
    (new,) = send(database, in_force)
    assert new == (1, base + 1)
    assert receive(database, undone) == []
    assert receive(database, [new]) == [new]


def test_a_second_restore_begins_above_the_first(database: Database, in_force: Rulebook, script: Any) -> None:
    f.fault(database, in_force, script)
    first, second = restored(database), restored(database)
    assert second.base >= first.base + epoch.GENERATIONS
    assert send(database, in_force, LATER) == [(1, second.base + 1)]


def test_hops_on_a_board_stay_there_and_hops_made_by_a_chain_belong_to_the_epoch(
    database: Database, in_force: Rulebook, script: Any
) -> None:
    made = f.fault(database, in_force, script)
    f.on_board(database, in_force, made.ticket_id)
    base = restored(database).base
    with database.read() as tx:
        assert tx.execute(select(t.hop.c.state)).scalars().all() == ["waiting"]
        (row,) = hops.lock(tx, [f.live_id(database, made.ticket_id)]).values()
    with database.write() as tx:
        passed_on = next_hop.Ending(row, "pass on", f.SUPERVISOR, to="transmission")
        direct = next_hop.DirectlySent(["transmission"], f.LEASE)
        next_hop.write_changes(tx, next_hop.compute_changes(in_force, [passed_on], f.NOW, direct))
    assert f.hop(database, f.live_id(database, made.ticket_id)).generation == base + 1

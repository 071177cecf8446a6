"""A listener for commits survives the database's absence."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dispatch.storage.database import Database
from dispatch.storage.wakeups import BOARDS, Wakeups, came_onto_board


def test_a_cut_listening_connection_is_a_database_error_and_a_new_one_hears_again(
    postgresql: Database,
) -> None:
    wakeups = Wakeups(postgresql, BOARDS)
    assert wakeups.wait(0) is None
    with postgresql.write() as tx:
        cut_off = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = :listening AND datname = :name"
        tx.execute(text(cut_off), {"listening": f"LISTEN {BOARDS}", "name": postgresql.engine.url.database})
    with pytest.raises(DBAPIError):
        wakeups.wait(10)
    wakeups.forget()
    assert wakeups.wait(0) is None
    with postgresql.write() as tx:
        came_onto_board(tx, "noc", [7])
    assert wakeups.wait(10) == frozenset({"noc", "7"})
    wakeups.forget()

"""Processes that die in the middle of an act: whatever statement was their last, none of it may be stored."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from dispatch.storage.database import Database, Tx
from tests.factories import dump

Act = Callable[[Tx], object]


class _Died(Exception):
    pass


def is_all_or_nothing(database: Database, act: Act) -> None:
    """Let the act die before each of its statements in turn and before its commit, and check that nothing is stored;
    then let it finish."""
    before = dump(database)
    statement, begun = 0, [""]
    while statement <= len(begun):  # one more than its statements: dies before the commit
        statement += 1
        begun = _begun_until_death(database, statement, act)
        assert dump(database) == before, f"after {begun}"
    assert statement > 2
    with database.write() as tx:
        act(tx)
    assert dump(database) != before, "the act itself does something"


def _begun_until_death(database: Database, statement: int, act: Act) -> list[str]:
    """Do the act in a process that dies before its nth statement, or else before the commit; return the begun
    statements."""
    begun: list[str] = []

    def count(_c: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        begun.append(sql)
        if len(begun) == statement:
            raise _Died

    event.listen(database.engine, "before_cursor_execute", count)
    try:
        with contextlib.suppress(_Died), database.write() as tx:
            act(tx)
            raise _Died
    finally:
        event.remove(database.engine, "before_cursor_execute", count)
    return begun

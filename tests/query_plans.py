"""The query plans of a database, for tests that a query uses the index made for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from dispatch.storage.database import Database, Tx


def plan(database: Database, act: Callable[[Tx], object]) -> str:
    """Return the plan of the first statement of `act`."""
    return "\n".join(plans(database, act)[0])


def plans(database: Database, act: Callable[[Tx], object]) -> list[list[str]]:
    """Return the plans of all statements of `act`: for each the lines that the database writes."""
    statements: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, _many: bool) -> None:
        statements.append((statement, parameters))

    with database.read() as tx:
        event.listen(tx, "before_cursor_execute", keep)
        act(tx)
        event.remove(tx, "before_cursor_execute", keep)
        explain = "EXPLAIN QUERY PLAN" if database.kind == "sqlite" else "EXPLAIN"
        return [
            [str(tuple(row)) for row in tx.exec_driver_sql(f"{explain} {statement}", parameters)]
            for statement, parameters in statements
        ]

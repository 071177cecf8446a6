"""Migrations on SQLite: change the declaration of tables whose rows stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, text


def redeclare(tx: Connection, before: str, after: str, *, only: Sequence[str] = (), never: Sequence[str] = ()) -> None:
    """Replace a part of the declaration of each table that has it: of those in `only`, else of all but `never`.

    For what changes no stored row, such as a wider CHECK or AUTOINCREMENT, SQLite's manual allows it (ALTER TABLE,
    section 7). To copy the tables would block for minutes, and forget the highest ids ever given out.
    """
    changed = text(
        "UPDATE sqlite_master SET sql = replace(sql, :before, :after) "
        "WHERE type = 'table' AND instr(sql, :before) AND (name IN :names) = :wanted"
    ).bindparams(bindparam("names", list(only or never), expanding=True), wanted=bool(only))
    version = tx.exec_driver_sql("PRAGMA schema_version").scalar_one()
    tx.exec_driver_sql("PRAGMA writable_schema=ON")
    tx.execute(changed, {"before": before, "after": after})
    tx.exec_driver_sql(f"PRAGMA schema_version={version + 1}")  # so that every connection reads the declarations anew
    tx.exec_driver_sql("PRAGMA writable_schema=RESET")

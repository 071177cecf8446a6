"""Many rows go to the database as one JSON document, so that a statement reads the same for one row and for a thousand:
it is put together once, parsed once, and nothing is sent row by row."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    FromClause,
    Insert,
    Row,
    String,
    Table,
    Update,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from dispatch.storage.columns import Document, in_utc, write_json
from dispatch.storage.database import Tx

Rows = Sequence[dict[str, Any]]
"""All with the same columns."""


def insert_rows(tx: Tx, table: Table, rows: Rows) -> None:
    """Columns that the rows don't have get their defaults."""
    if rows:
        tx.execute(_insert(tx.dialect.name, table, tuple(rows[0])), {"given": as_document(tx, rows)})


def insert_numbered(tx: Tx, table: Table, rows: Rows) -> list[int]:
    """The same for a table with an `id`: the new ids, in the order of `rows`. Both databases read a document from its
    beginning to its end, and number what they insert as they go."""
    if not rows:
        return []
    inserting = _insert(tx.dialect.name, table, tuple(rows[0])).returning(table.c.id)
    return sorted(tx.execute(inserting, {"given": as_document(tx, rows)}).scalars())


def update_rows(tx: Tx, table: Table, rows: Rows) -> None:
    """Each row: its `id`, and the columns that change."""
    if rows:
        tx.execute(_update(tx.dialect.name, table, tuple(rows[0])), {"given": as_document(tx, rows)})


def as_document(tx: Tx, rows: Rows | Mapping[str, Rows]) -> str:
    """Rows as one JSON document, times as this database writes them."""
    return write_json(rows, _TEXT_OF[tx.dialect.name])


def read_rows(tx: Tx, table: Table, rows: Rows) -> Sequence[Row[Any]]:
    """Whole rows of a table, taken from such a document, as a statement reads them; in the same order."""
    given = _given(tx.dialect.name, table, tuple(table.c.keys()))
    return tx.execute(select(*given.c), {"given": as_document(tx, rows)}).all()


def among(columns: ColumnElement[Any] | Sequence[ColumnElement[Any]], values: Sequence[Any]) -> ColumnElement[bool]:
    """A column's value is one of these, or the values of several are one of these tuples.

    SQLite is given them one by one: of a list that it can't see it thinks too much, and reads the whole table instead.
    """
    if isinstance(columns, Sequence):
        listed = tuple_(*columns).in_([tuple(value) for value in values])
        return _Among(*columns, bindparam(None, write_json(values), String), listed)
    return _Among(columns, bindparam(None, write_json(values), String), columns.in_(values))


def among_given(columns: ColumnElement[Any] | Sequence[ColumnElement[Any]], name: str) -> ColumnElement[bool]:
    """The same for a statement that is built once: the values come with it, as `listed` puts them, under this name."""
    compared = columns if isinstance(columns, Sequence) else (columns,)
    one_by_one = tuple_(*compared) if isinstance(columns, Sequence) else columns
    listed = one_by_one.in_(bindparam(f"{name}_listed", expanding=True))
    return _Among(*compared, bindparam(name, type_=String), listed)


def listed(tx: Tx, **values: Sequence[Any]) -> dict[str, Any]:
    """The parameters of statements with `among_given`."""
    if tx.dialect.name == "postgresql":
        return {name: write_json(given) for name, given in values.items()}
    return {f"{name}_listed": given for name, given in values.items()}


class _Among(FunctionElement[bool]):
    name = "among"
    inherit_cache = True


@compiles(_Among, "postgresql")
def _among_in_postgresql(element: _Among, compiler: Any, **options: Any) -> str:
    *compared, given, _ = element.clauses
    columns = [compiler.process(each, **options) for each in compared]
    types = [compiler.dialect.type_compiler_instance.process(each.type) for each in compared]
    document = f"CAST({compiler.process(given, **options)} AS JSON)"
    if len(columns) == 1:
        values = f"SELECT CAST(value AS {types[0]}) FROM json_array_elements_text({document})"  # noqa: S608
        return f"{columns[0]} = ANY (ARRAY ({values}))"
    values = ", ".join(f"CAST(value ->> {place} AS {type_})" for place, type_ in enumerate(types))
    return f"({', '.join(columns)}) IN (SELECT {values} FROM json_array_elements({document}))"  # noqa: S608


@compiles(_Among, "sqlite")
def _among_in_sqlite(element: _Among, compiler: Any, **options: Any) -> str:
    *_, listed = element.clauses
    return str(compiler.process(listed, **options))


@functools.cache
def _insert(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    given = _given(dialect, table, columns)
    return insert(table).from_select(columns, select(*(given.c[name] for name in columns)))


@functools.cache
def _update(dialect: str, table: Table, columns: tuple[str, ...]) -> Update:
    given = _given(dialect, table, columns)
    changed = {name: given.c[name] for name in columns if name != "id"}
    return update(table).where(table.c.id == given.c.id).values(changed)


def _given(dialect: str, table: Table, columns: tuple[str, ...]) -> FromClause:
    """The document `given` as rows of these columns of the table."""
    document = bindparam("given", type_=String)
    if dialect == "postgresql":
        typed = [column(name, table.c[name].type) for name in columns]
        return (
            func.json_to_recordset(cast(document, JSON))
            .table_valued(*typed, name="given")
            .render_derived(with_types=True)
        )
    values: list[ColumnElement[Any]] = [_in_sqlite(table.c[name]).label(name) for name in columns]
    return select(*values).select_from(func.json_each(document)).subquery("given")


def _in_sqlite(column: Column[Any]) -> ColumnElement[Any]:
    if column.type is Document:
        return literal_column(f"nullif(value -> '$.{column.name}', 'null')", column.type)
    return literal_column(f"value ->> '$.{column.name}'", column.type)


@functools.lru_cache(16)  # an act's rows have few times between them
def _in_postgresql_text(value: object) -> str:
    return in_utc(value).isoformat()


@functools.lru_cache(16)
def _in_sqlite_text(value: object) -> str:
    """As SQLAlchemy writes it, so that times compare as texts."""
    return in_utc(value).replace(tzinfo=None).isoformat(" ", "microseconds")


_TEXT_OF = {"postgresql": _in_postgresql_text, "sqlite": _in_sqlite_text}

"""Bulk statements: many rows go to the database as one JSON parameter.

So a statement has the same text for one row and for a thousand. SQLAlchemy builds it once, the database parses it once,
and all rows take one round trip.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    Column,
    ColumnElement,
    FromClause,
    Insert,
    String,
    Table,
    Update,
    and_,
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
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate
from sqlalchemy.sql.functions import FunctionElement

from dispatch.storage.column_types import Document, in_utc, write_json
from dispatch.storage.database import Tx
from dispatch.storage.rows import Shape, shaped

Rows = Sequence[dict[str, Any]]
"""Rows to write, all with the same columns."""


def insert_numbered(tx: Tx, table: Table, rows: Rows) -> list[int]:
    """Insert rows and return their ids, in the order of `rows`; missing columns get their defaults.

    Both databases read the document in its order and number rows as they insert them, so sorted ids are in that order.
    """
    if not rows:
        return []
    inserting = _insert_numbered(tx.dialect.name, table, tuple(rows[0]))
    return sorted(tx.execute(inserting, {"given": as_json_document(tx, rows)}).scalars())


def update_rows(tx: Tx, table: Table, rows: Rows) -> None:
    """Update rows. Each row has an `id` and the columns that change."""
    if rows:
        tx.execute(_update(tx.dialect.name, table, tuple(rows[0])), {"given": as_json_document(tx, rows)})


@dataclass(frozen=True, slots=True)
class TableWrite:
    """Rows for a table: new rows, or rows with an `id` and the columns that change."""

    table: Table
    rows: Rows
    new: bool = False


def write_together(tx: Tx, *writings: TableWrite) -> list[int]:
    """Write to tables in this order, on PostgreSQL in one statement; returns the ids of the last write's rows."""
    some = [each for each in writings if each.rows]
    if not some:
        return []
    if tx.dialect.name == "postgresql":
        shape = tuple((each.table, tuple(each.rows[0]), each.new) for each in some)
        given = {f"given_{n}": as_json_document(tx, each.rows) for n, each in enumerate(some)}
        ids = sorted(tx.execute(_together(shape), given).scalars())
    else:
        ids = [_write(tx, each) for each in some][-1]
    return ids if writings[-1].rows else []


def _write(tx: Tx, writing: TableWrite) -> list[int]:
    if writing.new:
        return insert_numbered(tx, writing.table, writing.rows)
    update_rows(tx, writing.table, writing.rows)
    return [row["id"] for row in writing.rows]


def as_json_document(tx: Tx, rows: Rows | Mapping[str, Rows]) -> str:
    """Rows as one JSON document, with times in this database's format."""
    return write_json(rows, _TEXT_OF[tx.dialect.name])


def read_rows(tx: Tx, shape: type[Shape], table: Table, rows: Rows) -> Sequence[Shape]:
    """Turn `rows` into what a SELECT of the whole table would deliver, in the same order."""
    given = _given(tx.dialect.name, table, tuple(table.c.keys()))
    return shaped(shape, tx.execute(select(*given.c), {"given": as_json_document(tx, rows)})).all()


def in_list(compared: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """The condition: the column's value is one of these.

    SQLite gets the values as separate parameters: its planner overestimates a list hidden in one parameter and scans
    the table.
    """
    return _Among(compared, bindparam(None, write_json(values), String), compared.in_(values))


def in_list_parameter(compared: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """`in_list` for a statement that is built once: `list_parameters` makes its parameters, under this name."""
    return _Among(compared, bindparam(name, type_=String), compared.in_(bindparam(f"{name}_listed", expanding=True)))


def list_parameters(tx: Tx, **values: Sequence[Any]) -> dict[str, Any]:
    """The parameters of statements with `in_list_parameter`."""
    if tx.dialect.name == "postgresql":
        return {name: write_json(list(given)) for name, given in values.items()}
    return {f"{name}_listed": given for name, given in values.items()}


def in_pairs_parameter(key: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition: two columns hold one of the pairs of `pairs_parameters`. Keys are unique."""
    keys = key.in_(bindparam("keys_listed", expanding=True))  # SQLite can't look up a pair in an index
    one_by_one = and_(keys, tuple_(key, value).in_(bindparam("pairs_listed", expanding=True)))
    return _Paired(key, value, bindparam("pairs", type_=String), one_by_one)


def pairs_parameters(tx: Tx, pairs: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """The parameters of statements with `in_pairs_parameter`."""
    if tx.dialect.name == "postgresql":
        return {"pairs": write_json(dict(pairs))}
    return {"keys_listed": [key for key, _ in pairs], "pairs_listed": [tuple(pair) for pair in pairs]}


class _Among(FunctionElement[bool]):
    name = "among"
    inherit_cache = True


class _Paired(FunctionElement[bool]):
    name = "paired"
    inherit_cache = True


@compiles(_Among, "postgresql")
def _among_in_postgresql(element: _Among, compiler: Any, **options: Any) -> str:
    column, given, _ = element.clauses
    type_ = compiler.dialect.type_compiler_instance.process(column.type)
    document = f"CAST({compiler.process(given, **options)} AS JSON)"
    values = f"SELECT CAST(value AS {type_}) FROM json_array_elements_text({document})"  # noqa: S608
    return f"{compiler.process(column, **options)} = ANY (ARRAY ({values}))"


@compiles(_Paired, "postgresql")
def _paired_in_postgresql(element: _Paired, compiler: Any, **options: Any) -> str:
    """Find the rows by key, with the index, then compare each row's value with its key's in a document that is parsed
    once. As a list of pairs, every row would be compared with all of them."""
    key, value, given, _ = element.clauses
    key_type, value_type = (compiler.dialect.type_compiler_instance.process(each.type) for each in (key, value))
    key_text, value_text, document = (compiler.process(each, **options) for each in (key, value, given))
    document = f"(SELECT CAST({document} AS JSONB))"
    keys = f"SELECT CAST(key AS {key_type}) FROM jsonb_object_keys({document}) AS key"  # noqa: S608
    found = f"CAST({document} ->> CAST({key_text} AS TEXT) AS {value_type})"
    return f"({key_text} = ANY (ARRAY ({keys})) AND {value_text} = {found})"


@compiles(_Among, "sqlite")
@compiles(_Paired, "sqlite")
def _in_sqlite_one_by_one(element: FunctionElement[bool], compiler: Any, **options: Any) -> str:
    *_, one_by_one = element.clauses
    return str(compiler.process(one_by_one, **options))


@functools.cache
def _insert(
    dialect: str, table: Table, columns: tuple[str, ...], document: str = "given", after: CTE | None = None
) -> Insert:
    given = _given(dialect, table, columns, document)
    return insert(table).from_select(columns, select(*(given.c[name] for name in columns)).where(*_once_done(after)))


@functools.cache
def _insert_numbered(dialect: str, table: Table, columns: tuple[str, ...]) -> ReturningInsert[Any]:
    return _insert(dialect, table, columns).returning(table.c.id)


@functools.cache
def _update(
    dialect: str, table: Table, columns: tuple[str, ...], document: str = "given", after: CTE | None = None
) -> Update:
    given = _given(dialect, table, columns, document)
    changed = {name: given.c[name] for name in columns if name != "id"}
    return update(table).where(table.c.id == given.c.id, *_once_done(after)).values(changed)


@functools.cache
def _together(shape: tuple[tuple[Table, tuple[str, ...], bool], ...]) -> ReturningInsert[Any] | ReturningUpdate[Any]:
    """One statement of CTEs that run one after the other, the Nth with the document `given_N`."""
    after: CTE | None = None
    for n, (table, columns, new) in enumerate(shape):
        part = (_insert if new else _update)("postgresql", table, columns, f"given_{n}", after).returning(table.c.id)
        after = part.cte()
    return part


def _once_done(after: CTE | None) -> list[ColumnElement[bool]]:
    """A condition that makes a part of the statement run after the CTE `after`, by counting its rows: PostgreSQL runs
    data-modifying CTEs in any order otherwise."""
    return [] if after is None else [select(func.count()).select_from(after).scalar_subquery() >= 0]


def _given(dialect: str, table: Table, columns: tuple[str, ...], document: str = "given") -> FromClause:
    """The document with this parameter name, as rows with these columns of the table."""
    text = bindparam(document, type_=String)
    if dialect == "postgresql":
        typed = [column(name, table.c[name].type) for name in columns]
        return (
            func.json_to_recordset(cast(text, JSON)).table_valued(*typed, name=document).render_derived(with_types=True)
        )
    values: list[ColumnElement[Any]] = [_in_sqlite(table.c[name]).label(name) for name in columns]
    return select(*values).select_from(func.json_each(text)).subquery(document)


def _in_sqlite(column: Column[Any]) -> ColumnElement[Any]:
    if column.type is Document:
        return literal_column(f"nullif(value -> '$.{column.name}', 'null')", column.type)
    return literal_column(f"value ->> '$.{column.name}'", column.type)


@functools.lru_cache(16)  # one act's rows have few distinct times
def _in_postgresql_text(value: object) -> str:
    return in_utc(value).isoformat()


@functools.lru_cache(16)
def _in_sqlite_text(value: object) -> str:
    """The time in SQLAlchemy's format, so that times compare as texts."""
    return in_utc(value).replace(tzinfo=None).isoformat(" ", "microseconds")


_TEXT_OF = {"postgresql": _in_postgresql_text, "sqlite": _in_sqlite_text}

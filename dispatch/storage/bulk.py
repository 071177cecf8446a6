"""Many rows go to the database as one JSON document, so that a statement reads the same for one row and for a thousand:
it is put together once, parsed once, and nothing is sent row by row."""

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
"""All with the same columns."""


def insert_numbered(tx: Tx, table: Table, rows: Rows) -> list[int]:
    """New rows' ids, in the order of `rows`; columns that these don't have get their defaults. Both databases read a
    document from its beginning to its end, and number what they insert as they go."""
    if not rows:
        return []
    inserting = _insert_numbered(tx.dialect.name, table, tuple(rows[0]))
    return sorted(tx.execute(inserting, {"given": as_document(tx, rows)}).scalars())


def update_rows(tx: Tx, table: Table, rows: Rows) -> None:
    """Each row: its `id`, and the columns that change."""
    if rows:
        tx.execute(_update(tx.dialect.name, table, tuple(rows[0])), {"given": as_document(tx, rows)})


@dataclass(frozen=True, slots=True)
class TableWrite:
    """Rows for a table: `new` ones, or each with its `id` and the columns that change."""

    table: Table
    rows: Rows
    new: bool = False


def write_together(tx: Tx, *writings: TableWrite) -> list[int]:
    """In this order, and in one statement where the database can. The ids of the last one's rows, in their order."""
    some = [each for each in writings if each.rows]
    if not some:
        return []
    if tx.dialect.name == "postgresql":
        shape = tuple((each.table, tuple(each.rows[0]), each.new) for each in some)
        given = {f"given_{n}": as_document(tx, each.rows) for n, each in enumerate(some)}
        ids = sorted(tx.execute(_together(shape), given).scalars())
    else:
        ids = [_write(tx, each) for each in some][-1]
    return ids if writings[-1].rows else []


def _write(tx: Tx, writing: TableWrite) -> list[int]:
    if writing.new:
        return insert_numbered(tx, writing.table, writing.rows)
    update_rows(tx, writing.table, writing.rows)
    return [row["id"] for row in writing.rows]


def as_document(tx: Tx, rows: Rows | Mapping[str, Rows]) -> str:
    """Rows as one JSON document, times as this database writes them."""
    return write_json(rows, _TEXT_OF[tx.dialect.name])


def read_rows(tx: Tx, shape: type[Shape], table: Table, rows: Rows) -> Sequence[Shape]:
    """Whole rows of a table, taken from such a document, as a statement reads them; in the same order."""
    given = _given(tx.dialect.name, table, tuple(table.c.keys()))
    return shaped(shape, tx.execute(select(*given.c), {"given": as_document(tx, rows)})).all()


def among(compared: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """A column's value is one of these.

    SQLite is given them one by one: of a list that it can't see it thinks too much, and reads the whole table instead.
    """
    return _Among(compared, bindparam(None, write_json(values), String), compared.in_(values))


def among_given(compared: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """The same for a statement that is built once: the values come with it, as `listed` puts them, under this name."""
    return _Among(compared, bindparam(name, type_=String), compared.in_(bindparam(f"{name}_listed", expanding=True)))


def listed(tx: Tx, **values: Sequence[Any]) -> dict[str, Any]:
    """The parameters of statements with `among_given`."""
    if tx.dialect.name == "postgresql":
        return {name: write_json(list(given)) for name, given in values.items()}
    return {f"{name}_listed": given for name, given in values.items()}


def paired_as_given(key: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[bool]:
    """Two columns hold one of the pairs that come with the statement, as `paired` puts them; no key comes twice."""
    keys = key.in_(bindparam("keys_listed", expanding=True))  # SQLite finds no row by a pair
    one_by_one = and_(keys, tuple_(key, value).in_(bindparam("pairs_listed", expanding=True)))
    return _Paired(key, value, bindparam("pairs", type_=String), one_by_one)


def paired(tx: Tx, pairs: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """The parameters of statements with `paired_as_given`."""
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
    """The keys alone find the rows by their index. Each row then looks its own value up, in a document that is read
    once: compared as a list of pairs, every row would be held against all of them."""
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
    """One after the other, each of its document `given_N`."""
    after: CTE | None = None
    for n, (table, columns, new) in enumerate(shape):
        part = (_insert if new else _update)("postgresql", table, columns, f"given_{n}", after).returning(table.c.id)
        after = part.cte()
    return part


def _once_done(after: CTE | None) -> list[ColumnElement[bool]]:
    """PostgreSQL may do the parts of a statement in any order, but who counts what another part has done comes after
    it."""
    return [] if after is None else [select(func.count()).select_from(after).scalar_subquery() >= 0]


def _given(dialect: str, table: Table, columns: tuple[str, ...], document: str = "given") -> FromClause:
    """The document of this name as rows of these columns of the table."""
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


@functools.lru_cache(16)  # an act's rows have few times between them
def _in_postgresql_text(value: object) -> str:
    return in_utc(value).isoformat()


@functools.lru_cache(16)
def _in_sqlite_text(value: object) -> str:
    """As SQLAlchemy writes it, so that times compare as texts."""
    return in_utc(value).replace(tzinfo=None).isoformat(" ", "microseconds")


_TEXT_OF = {"postgresql": _in_postgresql_text, "sqlite": _in_sqlite_text}

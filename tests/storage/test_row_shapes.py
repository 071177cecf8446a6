"""Every query delivers the fields that its Protocol declares, with those types and nulls. mypy can't see that, for
SQLAlchemy makes a row's attributes at run time."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from sqlalchemy import JSON, Column, ColumnElement, CursorResult, Join, Label, true
from sqlalchemy.exc import NoResultFound

from dispatch import storage
from dispatch.domain.title import same
from dispatch.errors import NotFound
from dispatch.reports import lists
from dispatch.storage import account_rows, key_ring, plan_rows, rows
from dispatch.storage.column_types import Instant
from dispatch.storage.database import Database
from dispatch.storage.field_cipher import FieldCipher, index_id
from dispatch.storage.key_ring import KeyRing
from dispatch.storage.outbox import Pair

CIPHER = FieldCipher({"k1": bytes(32)}, "k1", bytes(32))

VALUES: dict[Any, Any] = {
    int: 1,
    str: "",
    datetime: datetime(2026, 11, 2, 9, tzinfo=UTC),
    date: date(2026, 11, 2),
    Collection[int]: [1],
    Mapping[str, object]: {},
    Sequence[int]: [1],
    Sequence[str]: [""],
    Collection[str]: [""],
    Sequence[Pair]: [(1, 1)],
    FieldCipher: CIPHER,
    KeyRing: KeyRing("k1", index_id(CIPHER.index_key), 1, ()),
    ColumnElement[bool]: true(),
}
"""The arguments of a query, by parameter type; those that may be None are left out."""

NOT_QUERIES = ("bulk.read_rows", "case_store.store", "plan_changes.schedule")
"""The first is given the shape, the second declares a part of any table's columns, the third inserts a row."""

NEVER_NULL = (
    *((rows.BoardLine, "boarded_at"), (rows.HeldHop, "holder")),
    *((rows.BadGrade, "grade"), (rows.BadGrade, "answered_at"), (plan_rows.EndingTerm, "until")),
    (account_rows.EndingPause, "until"),
)
"""Nullable columns that a query's condition makes non-null: a hop on a board has its boarding time, one in hand its
holder."""


def queries() -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield the public functions that declare the shape of a statement's rows."""
    names = [each.name for each in pkgutil.iter_modules(storage.__path__)]
    for module in (*(importlib.import_module(f"{storage.__name__}.{name}") for name in names), lists):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            short = f"{module.__name__.rpartition('.')[2]}.{name}"
            if function.__module__ != module.__name__ or function is rows.shaped or short in NOT_QUERIES:
                continue
            if "shaped(" in inspect.getsource(function):
                yield short, function


QUERIES = dict(queries())


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_delivers_the_rows_it_declares(sqlite: Database, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    query = QUERIES[name]
    declared: list[tuple[type, CursorResult[Any]]] = []

    def shaped(shape: type, result: CursorResult[Any]) -> CursorResult[Any]:
        declared.append((shape, result))
        return result

    monkeypatch.setitem(query.__globals__, "shaped", shaped)
    with sqlite.write() as tx:
        key_ring.register(tx, CIPHER, same("the keys"))
        with contextlib.suppress(NoResultFound, NotFound):
            found = query(tx, **arguments(query))
            if isinstance(found, Iterator):
                list(found)
        ((shape, result),) = declared
        compiled: Any = result.context.compiled
        delivered = {column.key: column for column in compiled.statement.selected_columns}
        may_miss = outer_joined(compiled.compile_state.froms)
    fields = get_type_hints(shape)
    assert set(delivered) == set(fields), name
    for field, hint in fields.items():
        column = delivered[field].element if isinstance(delivered[field], Label) else delivered[field]
        kinds = {get_origin(each) or each for each in (get_args(hint) if type(None) in get_args(hint) else (hint,))}
        kind = datetime if isinstance(column.type, Instant) else column.type.python_type
        assert isinstance(column.type, JSON) or kind in kinds, f"{name}: {shape.__name__}.{field} is a {kind}"
        if isinstance(column, Column) and (shape, field) not in NEVER_NULL:
            nullable = bool(column.nullable) or column.table in may_miss
            assert (type(None) in kinds) == nullable, f"{name}: {shape.__name__}.{field}, null or not"


def arguments(query: Callable[..., object]) -> Mapping[str, object]:
    hints = get_type_hints(query)
    needed = [each for each in inspect.signature(query).parameters.values() if each.default is each.empty]
    return {
        each.name: None if type(None) in get_args(hints[each.name]) else VALUES[hints[each.name]] for each in needed[1:]
    }


def outer_joined(parts: Sequence[object]) -> list[object]:
    """Return the tables that are outer-joined."""
    joins = [part for part in parts if isinstance(part, Join)]
    inner = [table for join in joins for table in outer_joined([join.left, join.right])]
    return inner + [join.right for join in joins if join.isouter]

"""Parts of all tables: the metadata, column types, and constraints on known words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware time in UTC. SQLite has no time zones, so there it is stored without its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = in_utc(value)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """PostgreSQL delivers times in the session's zone, which is UTC, so they need no conversion."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


def write_json(value: object, default: Callable[[Any], object] | None = None) -> str:
    """JSON as it is stored in document columns. `default` converts what JSON doesn't have, times included."""
    return orjson.dumps(value, default, orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS).decode()


read_json = orjson.loads


def in_utc(value: object) -> datetime:
    """The time in UTC. Raises TypeError for anything but a datetime, ValueError for one without a zone."""
    if not isinstance(value, datetime):
        raise TypeError(f"no column holds a {type(value).__name__}")
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    return value.astimezone(UTC)


Id = BigInteger().with_variant(Integer, "sqlite")
Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class ascii_lower(FunctionElement[str]):  # noqa: N801 — it reads as an SQL function
    """`lower` for the letters A to Z alone: the same on both databases and under every locale of PostgreSQL."""

    name = "ascii_lower"
    type = String()
    inherit_cache = True


@compiles(ascii_lower, "sqlite")
def _ascii_lower_in_sqlite(element: ascii_lower, compiler: Any, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"


@compiles(ascii_lower, "postgresql")
def _ascii_lower_in_postgresql(element: ascii_lower, compiler: Any, **options: Any) -> str:
    return f'lower({compiler.process(element.clauses, **options)} COLLATE "C")'


def sql_list(values: Iterable[str]) -> str:
    """`'a', 'b'`: constants of this program for an SQL IN list."""
    return ", ".join(f"'{value}'" for value in values)


def constants(values: Iterable[str]) -> list[ColumnElement[str]]:
    """Constants for SQLAlchemy's `in_`, which would expand a list of values anew at each execution."""
    return [literal_column(f"'{value}'") for value in values]


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """A partial index: of the rows that meet `where`."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def words_constraint(column: str, values: Iterable[str]) -> CheckConstraint:
    """A constraint: the column holds one of these words."""
    return CheckConstraint(f"{column} IN ({sql_list(values)})", name=f"{column}_known")

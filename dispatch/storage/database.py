"""The engine and its transactions. One `with database.write() as tx` is one act."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from dispatch.domain.title import Wording
from dispatch.errors import MissingPart, SchemaOutdated
from dispatch.storage import postgresql
from dispatch.storage.column_types import read_json, write_json
from dispatch.storage.database_faults import EXHAUSTED, FULL, READ_ONLY, UNREADABLE, DatabaseFault, fault_of_driver
from dispatch.storage.writers_queue import WritersQueue

SCHEMA = "0043"
"""The newest migration. The program works on this schema only."""

PATIENCE_SECONDS, REBUILD_PATIENCE_SECONDS, PROBE_PATIENCE_SECONDS = 5.0, 60.0, 0.5
"""Time for which a turn to write is waited for on SQLite: by a change, a migration, a question."""
CONNECTIONS = 20
"""The connection pool's size: opening a connection takes longer than a request."""
RESTED_SECONDS = 1
"""A connection that was unused for longer is pinged before use, since its server may be gone."""

Tx = Connection

_COMMON: dict[str, Any] = {"hide_parameters": True, "json_serializer": write_json, "json_deserializer": read_json}


class Database:
    """One database, SQLite or PostgreSQL."""

    def __init__(self, url: str, *, plans_by_index_only: bool = False, read_only: bool = False) -> None:
        """`read_only`: nothing on the disk is changed, not even by opening an SQLite file.

        `plans_by_index_only` is for processes that look rows up by key only, thousands of times: PostgreSQL then
        plans each statement once and by index, even if its statistics still say that the table is small."""
        parsed = make_url(url)
        self.url = url
        self.refused: DatabaseFault | None = None
        """A fault that only a change meets, such as a full disk; None after a change that the database took."""
        self._queue: WritersQueue | None = None
        self.kind = parsed.get_backend_name()
        match self.kind:
            case "sqlite" if read_only:
                self.engine = create_engine(_read_only_file(parsed), **_COMMON)
                _begin_reads(self.engine)
            case "sqlite":
                if parsed.database:
                    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    self._queue = WritersQueue(Path(f"{parsed.database}-queue"))
                self.engine = create_engine(parsed, connect_args={"timeout": PATIENCE_SECONDS}, **_COMMON)
                _prepare_sqlite(self.engine)
            case "postgresql":
                arguments = postgresql.connect_arguments(parsed)
                self.engine = create_engine(parsed, connect_args=arguments, pool_size=CONNECTIONS, **_COMMON)
                postgresql.prepare(self.engine, plans_by_index_only)
                _ask_the_rested(self.engine)
                _quote_no_rows(self.engine)
            case _:
                raise MissingPart(
                    part=Wording(f"对 {self.kind} 数据库的支持", f"a database of kind {self.kind}"),
                    remedy=Wording(
                        "请用 sqlite:/// 或 postgresql+psycopg://", "use sqlite:/// or postgresql+psycopg://"
                    ),
                )
        self._mind_faults()

    @property
    def single_writer(self) -> bool:
        """Return whether the database lets only one transaction write at a time, whatever its rows, as SQLite does."""
        return self.kind == "sqlite"

    @contextmanager
    def write(self, patience: float = PATIENCE_SECONDS) -> Iterator[Tx]:
        """A transaction that commits at the end of the block, and rolls back when the block raises.

        `patience`: seconds for which SQLite's queue of writers is waited for, and then its lock, which another program
        may hold; then the database is LOCKED.
        """
        with self._turn(patience), self._connected(patience) as tx, tx.begin():
            yield tx
        self.refused = None

    def require_writable(self) -> None:
        """Ask whether the database takes changes; on SQLite in its turn, on PostgreSQL without a change.

        Raises DatabaseUnavailable, DatabaseBusy, and SQLAlchemy's errors.
        """
        if self.kind == "sqlite":
            with self.trial(PROBE_PATIENCE_SECONDS) as tx:  # nothing is written before a commit
                tx.execute(text("UPDATE alembic_version SET version_num = version_num"))
        else:
            with self.autocommit_read() as tx:
                found = tx.execute(text("SELECT current_setting('transaction_read_only')")).scalar_one()
            if found == "on":
                self.engine.dispose()  # new connections may find the new primary
                raise READ_ONLY.error()
        if self.refused is not None:  # until a heartbeat, every few seconds, is taken
            raise self.refused.error()

    def _mind_faults(self) -> None:
        """Throw connections away that met a fault which another connection may not meet, and remember the fault."""

        @event.listens_for(self.engine, "handle_error")
        def _mind(context: ExceptionContext) -> None:
            fault = fault_of_driver(context.original_exception)
            if fault is None:
                return
            if fault.reconnects:
                context.is_disconnect = True
            if fault in (FULL, UNREADABLE, EXHAUSTED):
                self.refused = fault

    @contextmanager
    def trial(self, patience: float = PATIENCE_SECONDS) -> Iterator[Tx]:
        """A transaction for a dry run: it is always rolled back. `patience` as in `write`."""
        with self._turn(patience), self._connected(patience) as tx:
            whole = tx.begin()
            try:
                yield tx
            finally:
                whole.rollback()

    @contextmanager
    def rebuild(self) -> Iterator[Tx]:
        """A transaction that may rebuild tables, as SQLite's migrations must. SQLite then checks foreign keys at the
        end instead of at each statement."""
        if self.kind != "sqlite":
            with self.write() as tx:
                yield tx
            return
        with self._turn(REBUILD_PATIENCE_SECONDS), self.engine.connect() as tx:
            driver: Any = tx.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")  # has no effect once a transaction has begun
            try:
                with tx.begin():
                    yield tx
                    broken = tx.exec_driver_sql("PRAGMA foreign_key_check").all()
                    assert not broken, f"broken foreign keys: {broken[:3]}"
            finally:
                driver.execute("PRAGMA foreign_keys=ON")

    def _connected(self, patience: float) -> Connection:
        connection = self.engine.connect()
        return connection.execution_options(patience=patience) if self.kind == "sqlite" else connection

    def _turn(self, patience: float) -> AbstractContextManager[None]:
        return contextlib.nullcontext() if self._queue is None else self._queue.turn(patience)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A read-only transaction. On SQLite it doesn't wait for the writer."""
        with self.engine.connect().execution_options(read_only=True) as tx, tx.begin():
            yield tx

    @contextmanager
    def autocommit_read(self) -> Iterator[Tx]:
        """A read of a few statements whose answers fit into memory. PostgreSQL runs each in autocommit: READ COMMITTED
        gives every statement its own snapshot anyway, and BEGIN and COMMIT would cost a round trip each."""
        options = {"read_only": True} if self.kind == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
        with self.engine.connect().execution_options(**options) as tx, tx.begin():
            yield tx

    def require_schema(self) -> None:
        """Raises SchemaOutdated unless the database has this program's schema."""
        found = self.schema()
        if found != SCHEMA:
            raise SchemaOutdated(
                found=Wording(f" {found} 版", found) if found else Wording("空", "empty"), wanted=SCHEMA
            )

    def schema(self) -> str | None:
        """The database's migration; None before the first."""
        with self.read() as tx:
            if not inspect(tx).has_table("alembic_version"):
                return None
            return tx.execute(text("SELECT version_num FROM alembic_version")).scalar()

    def dispose(self) -> None:
        self.engine.dispose()


def _read_only_file(url: URL) -> URL:
    """The URL of an SQLite file that is opened for reading. Without a write-ahead log nobody is at work on the file,
    and SQLite must be told so, or it would make one. Source: SQLite, "Read-Only WAL-Mode Databases"."""
    file = Path(url.database or "")
    query = {"mode": "ro", "uri": "true"}
    if not Path(f"{file}-wal").exists():
        query["immutable"] = "1"
    return URL.create("sqlite", database=f"file:{quote(str(file.absolute()))}", query=query)


def _begin_reads(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(tx: Connection) -> None:
        tx.exec_driver_sql("BEGIN")


def _ask_the_rested(engine: Engine) -> None:
    """Ping a connection before use when it was idle in the pool for a while. A ping costs as much as a statement, so
    connections used a moment ago are not pinged: a busy worker would ping before every message."""

    @event.listens_for(engine, "checkin")
    def _rest(_driver: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ask(driver: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - record.info.get("rests_since", float("inf")) < RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(driver)
        except engine.dialect.loaded_dbapi.Error as gone:
            raise InvalidatePoolError() from gone


def _quote_no_rows(engine: Engine) -> None:
    """Keep customers' data out of error texts, which may end up in a log.

    `hide_parameters` hides a statement's parameters; this cuts off PostgreSQL's DETAIL, which quotes the row.
    """

    @event.listens_for(engine, "handle_error")
    def _shorten(context: ExceptionContext) -> None:
        original, raised = context.original_exception, context.sqlalchemy_exception
        for error in filter(None, (original, raised)):
            error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:]) if error.args else ()


def _prepare_sqlite(engine: Any) -> None:
    """Set WAL, full durability, and BEGIN IMMEDIATE, so that writers queue at BEGIN instead of failing half-way."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions: `_begin` does
        cursor = connection.cursor()
        # recursive_triggers: without it REPLACE deletes rows without firing the append-only triggers
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",
            f"busy_timeout={PATIENCE_SECONDS * 1000:.0f}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(tx: Connection) -> None:
        options = tx.get_execution_options()
        patience, known = options.get("patience", PATIENCE_SECONDS), tx.connection.info
        if patience != known.get("patience", PATIENCE_SECONDS):
            tx.exec_driver_sql(f"PRAGMA busy_timeout={patience * 1000:.0f}")
            known["patience"] = patience
        tx.exec_driver_sql("BEGIN" if options.get("read_only", False) else "BEGIN IMMEDIATE")

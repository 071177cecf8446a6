"""PostgreSQL's own programs, `pg_dump`, `pg_restore` and `psql`, on the database that the URL names.

They get all of the URL, whatever options it has, as a libpq service in a file that exists in memory only: nothing of it
stands in the list of processes or on a disk. Source: PostgreSQL, "The Connection Service File".

They must be of the server's version. An older `pg_dump` refuses a newer server. A newer one dumps an older server, but
what it wrote can't be restored there: `pg_restore` of 17 and later sets `transaction_timeout`, which servers before 17
don't know, and an older `pg_restore` can't read the file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from psycopg import pq
from sqlalchemy import URL, text

from dispatch.domain.title import Wording
from dispatch.errors import BackupFailed, MissingPart
from dispatch.storage.database import Database

NO_DUMP = Wording("它不是 pg_dump 所做的备份", "it is not a backup that pg_dump made")
DEBIANS = Path("/usr/lib/postgresql")
"""Where Debian and Ubuntu keep the programs of each version, side by side."""
_SERVICE = "paidan"
_QUIET = "SET client_min_messages = warning"  # so that the first line told is the fault


def run(words: Sequence[str], url: URL) -> None:
    """Run a program with its arguments. Raises MissingPart, BackupFailed."""
    with _service(url) as (environment, file), TemporaryFile() as wrong:
        with _started(words, url, environment, file, stdout=subprocess.DEVNULL, stderr=wrong) as running:
            running.wait()
        if running.returncode:
            raise BackupFailed(what=words[0], why=_first_line(wrong))


def lines(words: Sequence[str], url: URL) -> Iterator[str]:
    """The lines that a program prints, one after the other: a table may be large. Raises as `run` does."""
    with _service(url) as (environment, file):
        quiet: dict[str, Any] = {"stderr": subprocess.DEVNULL, "encoding": "utf-8"}
        with _started(words, url, environment, file, stdout=subprocess.PIPE, **quiet) as running:
            assert running.stdout is not None
            yield from running.stdout
    if running.returncode:
        raise BackupFailed(what=words[0], why=NO_DUMP)


def restore(source: Path, url: URL, drops: Sequence[str]) -> None:
    """Restore a dump in one transaction, after the statements `drops`, by which the tables that are there give way.

    On failure, and when this process dies, the database is as before. Raises MissingPart, BackupFailed.
    """
    words = ["pg_restore", "--no-owner", *(("--clean", "--if-exists") if drops else ()), "--file=-", str(source)]
    reads = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    with _service(url) as (environment, file), TemporaryFile() as wrong_dump, TemporaryFile() as wrong_sql:
        dump = _started(words, url, environment, file, stdout=subprocess.PIPE, stderr=wrong_dump)
        with dump:
            database = _started(
                reads, url, environment, file, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=wrong_sql
            )
            assert dump.stdout is not None
            assert database.stdin is not None
            with suppress(BrokenPipeError):  # psql ended, and has said why
                database.stdin.write("".join(f"{each};\n" for each in (_QUIET, "BEGIN", *drops)).encode())
                shutil.copyfileobj(dump.stdout, database.stdin)
                if dump.wait() == 0:  # a dump that breaks off is never committed
                    database.stdin.write(b"COMMIT;\n")
            with suppress(BrokenPipeError):
                database.stdin.close()
            dump.stdout.close()
            database.wait()
        if database.returncode:  # the dump's program may have died of it
            raise BackupFailed(what="psql", why=_first_line(wrong_sql))
        if dump.returncode:
            raise BackupFailed(what="pg_restore", why=_first_line(wrong_dump))


def _first_line(told: IO[bytes]) -> str:
    told.seek(0)
    return (told.read().decode(errors="replace").strip().splitlines() or ["?"])[0]


def _started(
    words: Sequence[str], url: URL, environment: Mapping[str, str], file: int, **more: Any
) -> subprocess.Popen[Any]:
    command = [_of_servers_version(words[0], url), *words[1:]]
    return subprocess.Popen(command, env=environment, pass_fds=[file], **more)


def _of_servers_version(program: str, url: URL) -> str:
    """The path of the program of the server's major version: Debian's, else the one on the PATH. Raises MissingPart."""
    server = _major_of_server(url)
    debians = DEBIANS / str(server) / "bin" / program
    found = str(debians) if debians.exists() else shutil.which(program)
    if found is None or _major_of_program(found) != server:
        remedy = Wording(
            f"请安装 PostgreSQL {server} 的客户端程序（postgresql-client-{server}），与服务器的版本相同",
            f"install the client programs of PostgreSQL {server} (postgresql-client-{server}), "
            "of the same version as the server",
        )
        raise MissingPart(part=f"{program} {server}", remedy=remedy)
    return found


def _major_of_server(url: URL) -> int:
    database = Database(url.render_as_string(hide_password=False))
    try:
        with database.read() as tx:
            return int(tx.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    finally:
        database.dispose()


def _major_of_program(path: str) -> int:
    """The major version in an answer such as `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`."""
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    number = told.partition("(PostgreSQL) ")[2].partition(".")[0]
    return int(number) if number.isdecimal() else 0


@contextmanager
def _service(url: URL) -> Iterator[tuple[Mapping[str, str], int]]:
    """The environment of such a program, and the open file that it must inherit."""
    given = _parameters(url) | _place(url)
    environment = {**os.environ, "PGSERVICE": _SERVICE}
    if (password := given.pop("password", None)) is not None:  # a service file trims blanks at the end of a line
        environment["PGPASSWORD"] = password
    file = os.memfd_create(_SERVICE)
    try:
        entries = "".join(f"{name}={value}\n" for name, value in given.items())
        os.write(file, f"[{_SERVICE}]\n{entries}".encode())
        yield {**environment, "PGSERVICEFILE": f"/proc/self/fd/{file}"}, file
    finally:
        os.close(file)


def _place(url: URL) -> dict[str, str]:
    """The host to which our own connections go, of several in the URL: the programs pass over one that only reads."""
    if url.query.get("target_session_attrs") != "read-write":
        return {}
    database = Database(url.render_as_string(hide_password=False))
    try:
        with database.read() as tx:
            driver: Any = tx.connection.driver_connection
            return {"host": driver.info.host, "port": str(driver.info.port), "target_session_attrs": "any"}
    finally:
        database.dispose()


def _parameters(url: URL) -> dict[str, str]:
    """libpq's parameters as the driver gets them from the URL, with our own option for the session."""
    dialect: Any = url.get_dialect()()
    known = {each.keyword.decode() for each in pq.Conninfo.get_defaults()}
    given = {name: value for name, value in dialect.create_connect_args(url)[1].items() if name in known}
    # the catalogue's queries of pg_dump would be compiled as ours would (`storage.postgresql`)
    options = f"{given.get('options') or os.environ.get('PGOPTIONS', '')} -c jit=off"
    return {**{name: str(value) for name, value in given.items()}, "options": options.strip()}

"""PostgreSQL's own programs, `pg_dump` and `pg_restore`, on the database that the URL names.

They get all of the URL, whatever options it has, as a libpq service in a file that exists in memory only: nothing of it
stands in the list of processes or on a disk. Source: PostgreSQL, "The Connection Service File".
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import pq
from sqlalchemy import URL

from dispatch.domain.title import Wording
from dispatch.errors import BackupFailed, MissingPart

NO_DUMP = Wording("它不是 pg_dump 所做的备份", "it is not a backup that pg_dump made")
_SERVICE = "paidan"


def run(words: Sequence[str], url: URL) -> None:
    """Run a program with its arguments. Raises MissingPart, BackupFailed."""
    with _service(url) as (environment, file):
        try:
            done = subprocess.run(
                words, env=environment, pass_fds=[file], capture_output=True, text=True, errors="replace", check=False
            )
        except FileNotFoundError:
            raise _missing(words[0]) from None
    if done.returncode:
        told = done.stderr.strip().splitlines() or ["?"]
        raise BackupFailed(what=words[0], why=told[0])


def lines(words: Sequence[str], url: URL) -> Iterator[str]:
    """The lines that a program prints, one after the other: a table may be large. Raises as `run` does."""
    with _service(url) as (environment, file):
        try:
            running = subprocess.Popen(
                words,
                env=environment,
                pass_fds=[file],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
            )
        except FileNotFoundError:
            raise _missing(words[0]) from None
        with running:
            assert running.stdout is not None
            yield from running.stdout
    if running.returncode:
        raise BackupFailed(what=words[0], why=NO_DUMP)


def _missing(program: str) -> MissingPart:
    remedy = Wording(
        "请安装 PostgreSQL 客户端程序（postgresql-client），版本不低于服务器",
        "install PostgreSQL's client programs (postgresql-client), of the server's version or newer",
    )
    return MissingPart(part=program, remedy=remedy)


@contextmanager
def _service(url: URL) -> Iterator[tuple[Mapping[str, str], int]]:
    """The environment of such a program, and the open file that it must inherit."""
    given = _parameters(url)
    environment = {**os.environ, "PGSERVICE": _SERVICE}
    if (password := given.pop("password", None)) is not None:  # a service file trims blanks at the end of a line
        environment["PGPASSWORD"] = password
    file = os.memfd_create(_SERVICE)
    try:
        text = "".join(f"{name}={value}\n" for name, value in given.items())
        os.write(file, f"[{_SERVICE}]\n{text}".encode())
        yield {**environment, "PGSERVICEFILE": f"/proc/self/fd/{file}"}, file
    finally:
        os.close(file)


def _parameters(url: URL) -> dict[str, str]:
    """libpq's parameters as the driver gets them from the URL, with our own option for the session."""
    dialect: Any = url.get_dialect()()
    known = {each.keyword.decode() for each in pq.Conninfo.get_defaults()}
    given = {name: value for name, value in dialect.create_connect_args(url)[1].items() if name in known}
    # the catalogue's queries of pg_dump would be compiled as ours would (`storage.postgresql`)
    options = f"{given.get('options') or os.environ.get('PGOPTIONS', '')} -c jit=off"
    return {**{name: str(value) for name, value in given.items()}, "options": options.strip()}

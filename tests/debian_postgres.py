"""Debian's PostgreSQL for tests, as its package leaves it: just-in-time compilation on, no setting changed.

`dispatch` must work with the servers that operators have, not only with the newest one, which the other tests use.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from dispatch.runtime.child_process import die_with_parent
from tests.deploy.compose import free_port

VERSIONS = Path("/usr/lib/postgresql")
USER = "postgres"
"""Debian's user for the server, which refuses to run as root."""
START_SECONDS = 60


def programs(version: int | None = None) -> Path | None:
    """Return the folder of Debian's server programs of this major version, or of the newest; None if there is none."""
    found = [each for each in VERSIONS.glob("[0-9]*") if (each / "bin/postgres").exists()]
    chosen = [each for each in found if version is None or each.name == str(version)]
    return max(chosen, key=lambda each: int(each.name)) / "bin" if chosen else None


class DebianPostgres:
    """A server as a child process that listens on loopback; `url` opens its database `postgres` as its superuser."""

    def __init__(
        self, data: Path, port: int, password: str, options: Sequence[str] = (), bin: Path | None = None
    ) -> None:
        bin = bin or programs()
        assert bin is not None, f"no server in {VERSIONS}"
        self.bin, self.data, self.port, self.password, self.options = bin, data, port, password, tuple(options)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        made = URL.create("postgresql+psycopg", USER, self.password, "127.0.0.1", self.port, database)
        return made.render_as_string(hide_password=False)

    def initdb(self) -> None:
        """Make the data folder."""
        password = self.data.parent / f"{self.data.name}.password"
        _write_private(password, self.password)
        try:
            self.run(
                "initdb",
                "-D",
                str(self.data),
                "-U",
                USER,
                "-A",
                "scram-sha-256",
                "--pwfile",
                str(password),
                "-E",
                "UTF8",
            )
        finally:
            password.unlink()

    def start(self) -> None:
        """Start the server and wait until it answers. Raises RuntimeError with the end of its log."""
        listening = ("-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.data))
        log_file = self.data.parent / f"{self.data.name}.log"
        with log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.bin / "postgres"), "-D", str(self.data), *listening, *self.options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=_user(),
                group=_group(),
                extra_groups=[] if _user() else None,
                cwd="/",
                preexec_fn=die_with_parent,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Debian's PostgreSQL does not start: {log_file.read_text()[-1000:]}")
            time.sleep(0.05)

    def answers(self) -> bool:
        asking = [str(self.bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asking, check=False).returncode == 0

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: `fast` ends the sessions, `immediate` is like a crash."""
        if self.process is not None and self.process.poll() is None:
            self.run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")
            self.process.wait(30)

    def sql(self, statement: str) -> str:
        """Run a statement as the superuser; return psql's plain answer."""
        return self.run("psql", "-X", "-A", "-t", "-c", statement, self.url.replace("+psycopg", "")).strip()

    def standby(self, data: Path, port: int) -> DebianPostgres:
        """Make a hot standby of this server in another folder; it is not started. Files lie beside this server's."""
        source = self.url.replace("+psycopg", "")
        self.run("pg_basebackup", "-d", source, "-D", str(data), "-R", "-X", "stream", "-c", "fast")
        return DebianPostgres(data, port, self.password, self.options, self.bin)

    def promote(self) -> None:
        """Make this standby a primary."""
        self.run("pg_ctl", "-D", str(self.data), "-w", "promote")

    def run(self, program: str, *words: str) -> str:
        """Run one of the server's programs as its user; return what it prints."""
        return subprocess.run(
            [str(self.bin / program), *words],
            user=_user(),
            group=_group(),
            extra_groups=[] if _user() else None,
            cwd="/",
            check=True,
            capture_output=True,
            text=True,
        ).stdout


@contextmanager
def debian_server(
    port: int | None = None, options: Sequence[str] = (), version: int | None = None
) -> Iterator[DebianPostgres]:
    """Run a new server of Debian's package while the block does. `options` are words for the server, such as
    `"-c", "wal_level=logical"`. Raises RuntimeError where the package isn't installed."""
    bin = programs(version)
    if bin is None:
        raise RuntimeError(f"Debian's PostgreSQL is not installed: no server in {VERSIONS}")
    # Not in pytest's own folder: started as root, the server is another user.
    folder = Path(tempfile.mkdtemp(prefix="paidan-debian-"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    made = DebianPostgres(folder / "data", port or free_port(), secrets.token_hex(16), options, bin)
    try:
        made.initdb()
        made.start()
        try:
            yield made
        finally:
            made.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> int | None:
    return pwd.getpwnam(USER).pw_uid if os.geteuid() == 0 else None


def _group() -> int | None:
    return pwd.getpwnam(USER).pw_gid if os.geteuid() == 0 else None


def _write_private(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
    if os.geteuid() == 0:
        shutil.chown(file, USER, USER)

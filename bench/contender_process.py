"""One contender with its workers up, driven by lines on its standard input (see `bench.load`)."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import servers
from bench.servers import Server

ROOT = Path(__file__).parent.parent
OURS = [str(ROOT / ".venv" / "bin" / "python"), "-m", "bench.ours"]
"""Ours runs in the product's own virtual environment, as it is installed everywhere."""

Ask = Callable[[str], dict[str, Any]]
"""Send one line and return its answer."""


@contextlib.contextmanager
def session(command: list[str], postgresql: Server | None, database: str | None, **more: str) -> Iterator[Ask]:
    """Start the contender on an empty broker, and on this URL's database if there is one.

    Raises RuntimeError with the contender's last output when it dies.
    """
    with contextlib.ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="paidan-bench-")))
        broker = held.enter_context(servers.broker(folder / "broker"))
        environment = {
            "BENCH_BROKER": broker.url,
            "BENCH_FOLDER": str(folder),
            "BENCH_SERVERS": f"{broker.pid} {postgresql.pid}" if postgresql else f"{broker.pid}",
            "DISPATCH_BROKER_URL": broker.url,
            "DISPATCH_HOME": str(folder / "home"),
            "DISPATCH_QUIET_HOURS": "false",
            **more,
        }
        if database:
            environment["BENCH_DATABASE"] = database
            environment["DISPATCH_DATABASE_URL"] = servers.with_driver(database)
        log = held.enter_context((folder / "contender.log").open("w+"))
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=servers.clean_environment(**environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def answer() -> str:
            line = stdout.readline()
            if not line:
                log.seek(0)
                raise RuntimeError(f"{' '.join(command)} ended:\n{log.read()[-3000:]}")
            return line

        def ask(act: str) -> dict[str, Any]:
            stdin.write(act + "\n")
            stdin.flush()
            found: dict[str, Any] = json.loads(answer())
            return found

        try:
            answer()  # ready
            yield ask
        finally:
            stdin.close()
            process.wait(60)

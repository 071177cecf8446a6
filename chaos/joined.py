"""An installation run by `dispatch up` on a database and a broker that others run, as an operator has it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from chaos.processes import children
from dispatch.defaults import PROJECT
from dispatch.ports.ledger import Ledger
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.routing import loader, prehandling_file
from dispatch.rules_in_force import RulesInForce
from dispatch.runtime.child_process import die_with_parent
from dispatch.settings import PREFIX, Settings
from dispatch.storage.database import Database
from dispatch.storage.field_cipher import new_keys
from dispatch.storage.migration import migrate

READY_SECONDS, STOP_SECONDS = 90, 60
LEASE_SECONDS = 5
_MIGRATING = threading.Lock()
"""Alembic keeps what it migrates in its modules: one thread at a time may do it."""


class Joined:
    """A running installation. `broker` is its environment's part that names the broker; none means the embedded one."""

    def __init__(self, home: Path, database_url: str | None, broker: Mapping[str, str]) -> None:
        self.home = home
        home.mkdir(mode=0o700)
        field_keys, index_key = new_keys()
        own = {"HOME": str(home), "LEASE": str(LEASE_SECONDS), "LANG": "en", "WEB_PORT": "0", "FLOWER_PORT": "0"}
        own |= {"WORKERS": "2", "QUIET_HOURS": "false", "FIELD_KEYS": field_keys, "INDEX_KEY": index_key}
        if database_url:
            own["DATABASE_URL"] = database_url
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self.environment = {**kept, **{f"{PREFIX}{name}": value for name, value in own.items()}, **broker}
        secret = SecretStr(database_url) if database_url else None
        self.settings = Settings(
            home=home, lease=LEASE_SECONDS, flower_port=0, web_port=0, quiet_hours=False, database_url=secret
        )
        self.database, self.load_database = Database(self.settings.database), Database(self.settings.database)
        with _MIGRATING:
            migrate(self.database)
        self.rulebook = loader.load(self.settings.rules)
        self.script = prehandling_file.load(self.settings.prehandling, self.rulebook.categories)
        RulesInForce(self.settings.rules, self.database).get()
        self.ledger = Ledger(self.settings.ledger)
        self.sms = SimulatedSmsGateway(home / "sms.db")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Wait until every process answers. Raises AssertionError with what was said instead."""
        with (self.home / "up.out").open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dispatch", "up"],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,
            )
        deadline = time.monotonic() + READY_SECONDS
        while "ready: http" not in self.said():
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def said(self) -> str:
        return (self.home / "up.out").read_text(errors="replace")

    @property
    def web_url(self) -> str:
        return (self.settings.run / "web.url").read_text().strip()

    def bad(self) -> list[str]:
        """Return what `dispatch doctor` finds bad in the running installation."""
        words = [sys.executable, "-m", "dispatch", "doctor", "--json"]
        told = subprocess.run(words, cwd=PROJECT, env=self.environment, capture_output=True, text=True, check=False)
        return [
            f"doctor: {each['check']} {each['found']}" for each in json.loads(told.stdout) if each["verdict"] == "bad"
        ]

    def kill_embedded_broker(self) -> None:
        """Kill -9 the broker that `dispatch up` runs itself; its supervisor starts it again."""
        assert self._process
        for pid in children(self._process.pid):
            with contextlib.suppress(OSError):
                if "valkey" in Path(f"/proc/{pid}/exe").readlink().name:
                    os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """Stop everything in order. Raises AssertionError when that fails."""
        self.database.dispose()
        self.load_database.dispose()
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        assert status == 0, f"status {status}: {self.said()[-2000:]}"


@contextmanager
def joined(home: Path, database_url: str | None, broker: Mapping[str, str]) -> Iterator[Joined]:
    """Run an installation while the block does."""
    made = Joined(home, database_url, broker)
    try:
        made.start()
        yield made
    finally:
        made.stop()

"""`dispatch up --demo` for tests: started, its users read from its output, and stopped in order with no process
left."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.acceptance.conftest import PROJECT, Home, eventually

API = "/api/v1"


@dataclass
class Demo:
    """A running demonstration. `rules`: its own copy of the rules. `users`: (name, password) by role."""

    home: Home
    rules: Path
    url: str = ""
    users: dict[str, tuple[str, str]] = field(default_factory=dict)

    @contextmanager
    def signed_in(self, role: str) -> Iterator[httpx2.Client]:
        """A client with a session of the role's user."""
        name, password = self.users[role]
        with httpx2.Client(base_url=self.url, timeout=30) as client:
            answer = client.post(f"{API}/session", json={"name": name, "password": password})
            assert answer.status_code in (200, 201), (role, answer.text)
            client.headers["X-CSRF-Token"] = answer.json()["csrf"]
            yield client

    def get(self, role: str, path: str) -> Any:
        with self.signed_in(role) as client:
            answer = client.get(f"{API}{path}")
            assert answer.status_code == 200, answer.text
            return answer.json()


@contextmanager
def demonstration(folder: Path) -> Iterator[Demo]:
    rules = Path(shutil.copy(PROJECT / "routing_rules.yaml", folder.parent / "rules.yaml"))
    process = Home(folder, settings={"DISPATCH_RULES": str(rules), "DISPATCH_SURVEY_UNDO": "8"}).start("up", "--demo")
    shown = Demo(Home(folder / "up-demo", settings={"DISPATCH_RULES": str(rules)}), rules)
    try:
        assert process.stdout
        for line in process.stdout:
            if user := re.fullmatch(r"user (\S+) (\S+) (\S+)\n", line):
                shown.users[user[1]] = (user[2], user[3])
            if ready := re.fullmatch(r"ready: (http://\S+)\n", line):
                shown.url = ready[1]
                break
        assert shown.url, process.communicate(timeout=60)
        yield shown
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
        eventually(lambda: not shown.home.processes(), 10)

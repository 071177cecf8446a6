"""`make bench-web`: reports and whole lives a second through the REST API, with eight clients, on PostgreSQL.

The system is `dispatch up` without Flower: web, relay, two workers, broker. A life is a report and four visits that
people claim and report (NOC, installer, transmission, installer again), up to the archive. That makes nine requests
that change something, and before every claim one request that waits until the hop is on the board.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

from pwdlib import PasswordHash

from bench import servers
from dispatch.access import sessions, users
from dispatch.domain.line_state import LineState, line_state
from dispatch.domain.roles import Actor, Grant, Role
from dispatch.ports.line_test import SimulatedLineTester
from dispatch.runtime.logs import configure_logs
from dispatch.runtime.supervisor import Stack
from dispatch.settings import load_settings
from dispatch.storage import accounts
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate

CLIENTS = 8
SECONDS = 10.0
CONSOLE = Actor("console", Role.OPS)
VISITS: tuple[tuple[Role, str, dict[str, Any]], ...] = (
    (Role.NOC, "outside-plant", {"test-result": "收光 -31 dBm"}),
    (Role.INSTALLER, "line-fault", {"location": "天河路 12 号人井"}),  # with a photo
    (Role.TRANSMISSION, "fixed", {"cause": "fibre"}),
    (Role.INSTALLER, "fixed-on-site", {"cause": "power", "optical-power": -18.6, "customer-confirmed": True}),
)
PHOTO = b"\xff\xd8\xff\xe0" + bytes(50_000)


FAULTY = [
    number
    for number, test in SimulatedLineTester().test([f"GZ{n:08d}" for n in range(2000)]).items()
    if line_state(test) is not LineState.NORMAL
]
"""Accounts whose line is out of order: of a good one no outside-plant fault is taken."""


class Client:
    """A client that keeps its connection open, with a token for each role."""

    def __init__(self, url: str, tokens: dict[Role, str]) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self.tokens = tokens
        self.times: list[float] = []

    def ask(self, role: Role, method: str, path: str, body: object = None, **more: str) -> dict[str, Any]:
        """Send a request with `more` headers. Raises RuntimeError with the problem if the answer isn't a success."""
        headers = {"Authorization": f"Bearer {self.tokens[role]}", "Content-Type": "application/json", **more}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body)
        if isinstance(body, bytes):
            headers["Content-Type"] = "image/jpeg"
        begun = time.perf_counter()
        self.connection.request(method, f"/api/v1{path}", content, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        self.times.append(time.perf_counter() - begun)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        found: dict[str, Any] = json.loads(text)
        return found

    def create(self) -> str:
        """Report a fault of this client's line; return the ticket's number."""
        asked = {
            "account": FAULTY[time.monotonic_ns() % len(FAULTY)],
            "symptom": "no-internet",
            "description": "断网, 光猫红灯",
            "category": "network",
            "despite_duplicate": True,
        }
        return str(self.ask(Role.CLERK, "POST", "/faults", asked)["ticket"])

    def live(self) -> None:
        """Take one ticket through its whole life, to its archive."""
        hop = f"{self.create()}-1"
        for role, finding, evidence in VISITS:
            while self.ask(role, "GET", f"/hops/{hop}", Prefer="wait=10")["hop"]["state"] != "waiting":
                pass
            self.ask(role, "POST", f"/hops/{hop}/claim", {})
            if finding == "line-fault":
                self.ask(role, "POST", f"/hops/{hop}/photos", PHOTO)
            done = self.ask(role, "POST", f"/hops/{hop}/report", {"finding": finding, "evidence": evidence})
            hop = done["next"]["hop"]


def rate(
    clients: list[Client], act: Callable[[Client], object], tend: Callable[[], None]
) -> tuple[float, float, float]:
    """Return the acts a second of all clients, and p50 and p99 of their single requests in milliseconds."""
    done, broken = [0] * len(clients), []
    until = time.monotonic() + SECONDS
    for each in clients:
        each.times.clear()

    def work(number: int) -> None:
        try:
            while time.monotonic() < until:
                act(clients[number])
                done[number] += 1
        except Exception as wrong:
            broken.append(wrong)

    begun = time.monotonic()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        tend()
        time.sleep(0.1)
    if broken:
        raise broken[0]
    took = time.monotonic() - begun
    cuts = quantiles([each for client in clients for each in client.times], n=100)
    return sum(done) / took, cuts[49] * 1000, cuts[98] * 1000


def prepare(database: Database) -> dict[Role, str]:
    """Insert lines in service, and a user with a token for each role."""
    migrate(database)
    now, tokens = datetime.now(UTC), {}
    kept = PasswordHash.recommended().hash(secrets.token_hex(16))  # nobody signs in
    with database.write() as tx:
        accounts.enter_existing(tx, [(f"GZ{n:08d}", "tianhe", f"138{n:08d}") for n in range(2000)], CONSOLE, now)
        for role in (Role.CLERK, *{role for role, _, _ in VISITS}):
            made = users.add(tx, f"bench-{role}", kept, [Grant(role)], CONSOLE, now)
            tokens[role] = sessions.make_token(tx, made.id, made.name, "bench", timedelta(days=1), CONSOLE, now)
    return tokens


def main() -> None:
    configure_logs(UTC)
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="paidan-bench-")))
        postgresql = held.enter_context(servers.postgresql(folder))
        url = held.enter_context(servers.database(postgresql, "web"))
        os.environ |= {
            "DISPATCH_HOME": str(folder / "home"),
            "DISPATCH_QUIET_HOURS": "false",
            "DISPATCH_DATABASE_URL": servers.with_driver(url),
            "DISPATCH_WEB_PORT": "0",
        }
        settings = load_settings()
        database = Database(settings.database)
        tokens = prepare(database)
        stack = Stack(settings, flower=False)
        stack.start()
        held.callback(stack.stop)
        clients = [Client(stack.web_url, tokens) for _ in range(CLIENTS)]
        clients[0].live()  # warm
        created, p50, p99 = rate(clients, Client.create, stack.tend)
        print(f"creations: {created:.0f} a second, p50 {p50:.1f} ms, p99 {p99:.1f} ms", flush=True)
        lived, p50, p99 = rate(clients, Client.live, stack.tend)
        print(f"whole lives: {lived:.1f} a second, p50 {p50:.1f} ms, p99 {p99:.1f} ms a request", flush=True)
        print(f"web: {created:.0f} creations a second, {lived:.1f} whole lives a second, {CLIENTS} clients")
        database.dispose()


if __name__ == "__main__":
    main()

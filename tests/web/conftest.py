"""The web over a database of either kind: one application for all tests, and a client for each user."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.testclient import TestClient

from dispatch.access import sessions, users
from dispatch.access.secrets import csrf_token
from dispatch.domain.roles import Grant, Role
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.tickets.intake import AcceptedReport
from dispatch.web import server_events
from dispatch.web.app import create_app
from dispatch.web.installation import Installation
from tests import factories as f
from tests.users import CONSOLE, cheap_hasher, user

API = "/api/v1"


class Web:
    """The application over one database. `now` is the time of its clock."""

    def __init__(
        self,
        app: Any,
        database: Database,
        rulebook: Rulebook,
        script: Script,
        portal: BlockingPortal | None = None,
    ) -> None:
        self.portal = portal
        self.app, self.database, self.rulebook, self.script = app, database, rulebook, script
        self.now: datetime = f.NOW
        self.installation = Installation(Settings(), database, cheap_hasher(), clock=lambda: self.now)
        # Reading the files again for each test would take longer than most tests.
        vars(self.installation).update(rulebook=lambda: rulebook, script=lambda: script)
        app.state.installation = self.installation

    def client(self, **headers: str) -> TestClient:
        """Return a client that isn't signed in. Programs read English; pages have their own switch."""
        sent = {"Accept-Language": "en", **headers}
        made = TestClient(self.app, headers=sent, raise_server_exceptions=False, base_url="http://testserver")
        made.portal = self.portal
        return made

    def guest(self, address: str = "192.0.2.1") -> TestClient:
        """Return a client that isn't signed in, at this address."""
        made = TestClient(
            self.app,
            headers={"Accept-Language": "en"},
            raise_server_exceptions=False,
            base_url="http://testserver",
            client=(address, 50000),
        )
        made.portal = self.portal
        return made

    def token(self, name: str) -> str:
        with self.database.write() as tx:
            return sessions.make_token(tx, users.get(tx, name).id, name, "test", timedelta(days=1), CONSOLE, self.now)

    def program(self, name: str, *grants: Grant | Role) -> TestClient:
        """Return a client with a token of this user, who is created when grants are given."""
        if grants:
            user(self.database, name, *grants)
        return self.client(Authorization=f"Bearer {self.token(name)}")

    def browser(self, name: str, *grants: Grant | Role) -> TestClient:
        """Return a client with a session of this user and the CSRF token of its pages."""
        if grants:
            user(self.database, name, *grants)
        with self.database.write() as tx:
            secret = sessions.open_session(tx, users.get(tx, name).id, self.now)
        client = self.client(**{"X-CSRF-Token": csrf_token(secret)})
        client.cookies.set("paidan_session", secret)
        return client

    def fault(self, number: str = "GZ1", **report: Any) -> AcceptedReport:
        return f.fault(self.database, self.rulebook, self.script, number, **report)

    def on_board(self, number: str = "GZ1", **report: Any) -> str:
        """Make a fault on NOC's board; return its number."""
        made = self.fault(number, **report)
        f.on_board(self.database, self.rulebook, made.ticket_id)
        return made.number


@pytest.fixture(scope="session")
def application(sqlite_template: Path) -> Any:
    """The application, made once because that takes longer than a test; each test has its own installation."""
    return create_app(Installation(Settings(), Database(f"sqlite:///{sqlite_template}"), cheap_hasher()))


@pytest.fixture(autouse=True)
def _ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the thread that waits for changes wake often: each application that a test starts stops only when it wakes,
    which otherwise takes up to a second."""
    monkeypatch.setattr(server_events, "WAIT", 0.02)
    monkeypatch.setattr(server_events, "POLL", 0.01)


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """One event loop shared by all requests: a client by itself starts a thread and a loop for each."""
    with start_blocking_portal() as made:
        yield made


@pytest.fixture
def web(application: Any, database: Database, in_force: Rulebook, script: Script, portal: BlockingPortal) -> Web:
    """The web on both kinds of database."""
    return Web(application, database, in_force, script, portal)


@pytest.fixture
def small_web(application: Any, sqlite: Database, rulebook: Rulebook, script: Script, portal: BlockingPortal) -> Web:
    """The web on SQLite alone, for tests that don't depend on the database."""
    f.put_in_force(sqlite, rulebook)
    return Web(application, sqlite, rulebook, script, portal)

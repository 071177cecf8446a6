"""Every route × every kind of credentials: the answer to each is in one table, and a new route is in it at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, update
from starlette.requests import Request
from starlette.testclient import TestClient

from dispatch.access import sessions, users
from dispatch.access.secrets import csrf_token
from dispatch.domain.roles import Role
from dispatch.errors import RequestForged
from dispatch.settings import Settings
from dispatch.storage.tables import access as w
from dispatch.web import server_events
from dispatch.web.credentials import Visitor
from dispatch.web.policy import Audience
from tests import factories as f
from tests.users import CONSOLE, user
from tests.web.conftest import Web
from tests.web.every_route import ROUTES, Route, ask, code_of, nothing_written

IN = None
OUT = "not-signed-in"
FORGED = "request-forged"

# credentials                   anybody's, users' GET, users' change, the machine's
TABLE = {
    "none":                          (IN, OUT, OUT,    OUT),
    "token":                         (IN, IN,  IN,     OUT),
    "token, made up":                (IN, OUT, OUT,    OUT),
    "token, expired":                (IN, OUT, OUT,    OUT),
    "token, revoked":                (IN, OUT, OUT,    OUT),
    "token, user disabled":          (IN, OUT, OUT,    OUT),
    "token of the installation":     (IN, OUT, OUT,    IN),
    "basic":                         (IN, OUT, OUT,    OUT),
    "session":                       (IN, IN,  IN,     OUT),
    "session, no CSRF token":        (IN, IN,  FORGED, OUT),
    "session, CSRF token empty":     (IN, IN,  FORGED, OUT),
    "session, CSRF token of another": (IN, IN, FORGED, OUT),
    "session, made up":              (IN, OUT, OUT,    OUT),
    "session, idle for an hour":     (IN, OUT, OUT,    OUT),
    "session, older than a shift":   (IN, OUT, OUT,    OUT),
    "session, signed out":           (IN, OUT, OUT,    OUT),
    "session, user disabled":        (IN, OUT, OUT,    OUT),
    "session, token made up":        (IN, OUT, OUT,    OUT),
}  # fmt: skip
"""The code that refuses a request with these credentials, or IN where another check goes on: role, area, state. A token
counts more than a session that comes with it."""

OF_THE_INSTALLATION = "a-token-of-the-installation"
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


def _credentials(web: Web) -> dict[str, Callable[[], TestClient]]:
    """What makes a client for each row of the table; made one after another, some of them end what others use."""

    def bearer(token: str) -> TestClient:
        return web.client(Authorization=f"Bearer {token}")

    def user_disabled(client: TestClient) -> TestClient:
        with web.database.write() as tx:
            users.disable(tx, "gone", CONSOLE, web.now)
        return client

    def token_revoked() -> TestClient:
        client = web.program("everybody")
        with web.database.write() as tx:
            tx.execute(update(w.api_token).values(revoked_at=web.now))
        return client

    def session(**changed: object) -> TestClient:
        client = web.browser("everybody")
        if changed:
            with web.database.write() as tx:
                tx.execute(update(w.session).values(**changed))
        return client

    def signed_out() -> TestClient:
        client = web.browser("everybody")
        with web.database.write() as tx:
            tx.execute(delete(w.session))
        return client

    def csrf(given: str | None) -> TestClient:
        client = web.browser("everybody")
        del client.headers["X-CSRF-Token"]
        if given is not None:
            client.headers["X-CSRF-Token"] = given
        return client

    def made_up_session() -> TestClient:
        client = web.client(**{"X-CSRF-Token": csrf_token("guess")})
        client.cookies.set("paidan_session", "guess")
        return client

    def token_expired() -> TestClient:
        client = web.program("everybody")
        with web.database.write() as tx:
            tx.execute(update(w.api_token).values(expires_at=web.now))
        return client

    def with_made_up_token() -> TestClient:
        client = web.browser("everybody")
        client.headers["Authorization"] = "Bearer paidan_guess"
        return client

    return {
        "none": web.client,
        "token": lambda: web.program("everybody"),
        "token, made up": lambda: bearer("paidan_guess"),
        "token, expired": token_expired,
        "token, revoked": token_revoked,
        "token, user disabled": lambda: user_disabled(web.program("gone")),
        "token of the installation": lambda: bearer(OF_THE_INSTALLATION),
        "basic": lambda: web.client(Authorization="Basic Y2hlbjp4"),
        "session": session,
        "session, no CSRF token": lambda: csrf(None),
        "session, CSRF token empty": lambda: csrf(""),
        "session, CSRF token of another": lambda: csrf(csrf_token("another")),
        "session, made up": made_up_session,
        "session, idle for an hour": lambda: session(seen_at=web.now - sessions.IDLE),
        "session, older than a shift": lambda: session(expires_at=web.now),
        "session, signed out": signed_out,
        "session, user disabled": lambda: user_disabled(web.browser("gone")),
        "session, token made up": with_made_up_token,
    }


def _column(route: Route) -> int:
    if route.policy.who in (Audience.ANYBODY, Audience.SIGNED):  # a signature lets in, no user's credentials do
        return 0
    if route.policy.who is Audience.MACHINE:
        return 3
    return 2 if route.method in CHANGING else 1


def _refusal(answer: object) -> str | None:
    code = code_of(answer)
    return code if code in (OUT, FORGED) else None


@pytest.mark.parametrize("credentials", TABLE)
def test_every_route_asks_for_credentials_as_the_table_says(
    small_web: Web, credentials: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user holds every role everywhere, so that nothing but the credentials can refuse them."""
    for name in ("everybody", "gone"):
        user(small_web.database, name, *[role for role in Role if role not in (Role.CUSTOMER, Role.WORKER)])
    small_web.program("other", Role.NOC)
    f.account(small_web.database, "GZ2")
    small_web.on_board()
    small_web.installation.settings = Settings(metrics_token=SecretStr(OF_THE_INSTALLATION))
    client = _credentials(small_web)[credentials]()
    database = small_web.database
    monkeypatch.setattr(database, "write", lambda: nothing_written(database))
    monkeypatch.setattr(server_events, "LONGEST_STREAM", 0.0)
    wrong = []
    for route in ROUTES:
        answer, due = ask(client, route), TABLE[credentials][_column(route)]
        if _refusal(answer) != due or (due is not None and answer.status_code != {OUT: 401, FORGED: 403}[due]):
            wrong.append(f"{route}: {answer.status_code} {code_of(answer)}, due is {due or 'to be let in'}")
    assert not wrong, "\n".join(wrong)


def test_every_changing_verb_that_the_api_uses_is_in_the_table() -> None:
    used = {route.method for route in ROUTES}
    assert used <= {"GET", "HEAD"} | CHANGING
    assert {"POST", "PUT", "DELETE"} <= used, "CSRF on these is asserted because routes have them"


@pytest.mark.parametrize(("method", "is_asked"), [*((each, True) for each in sorted(CHANGING)), ("GET", False)])
def test_a_session_needs_its_csrf_token_for_every_verb_that_changes_something(
    small_web: Web, method: str, is_asked: bool
) -> None:
    """PATCH too, which no route has yet."""
    cookie = f"paidan_session={small_web.browser('chen', Role.CLERK).cookies['paidan_session']}"
    scope = {"type": "http", "method": method, "headers": [(b"cookie", cookie.encode())], "state": {}}
    visitor = Visitor(small_web.installation, Request(scope), small_web.now)
    with small_web.database.read() as tx, pytest.raises(RequestForged) if is_asked else nullcontext():
        visitor.identify(tx)

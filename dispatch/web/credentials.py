"""The sender of a request: identified by a token, or by a session with proof that its own page sent the request."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import structlog
from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from dispatch.access import sessions
from dispatch.access.request_origin import RequestOrigin
from dispatch.access.secrets import is_csrf_token
from dispatch.access.sessions import Caller
from dispatch.errors import NotSignedIn, RequestForged
from dispatch.runtime import metrics
from dispatch.storage import sessions as session_rows
from dispatch.storage.database import Tx
from dispatch.storage.database_faults import database_fault
from dispatch.web.installation import Installation

log = structlog.get_logger()

CSRF_HEADER = "X-CSRF-Token"
NOTE_SECONDS = 0.2
"""Time for which a reader may be kept up so that the use of their session is noted."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass
class Visitor:
    """The sender of one request. The answer gets `headers` and `cookies`."""

    installation: Installation
    request: Request
    now: datetime
    caller: Caller | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.request.client.host if self.request.client else ""

    @property
    def origin(self) -> RequestOrigin:
        """Where the request comes from, for sign-ins and for the access log."""
        browser = self.request.headers.get("user-agent", "")
        return RequestOrigin(self.address, browser, self.device_secret, self.session_secret)

    @property
    def session_secret(self) -> str | None:
        return self.request.cookies.get(self._name("session"))

    @property
    def device_secret(self) -> str | None:
        return self.request.cookies.get(self._name("device"))

    @property
    def oidc_secret(self) -> str | None:
        """The secret that the browser keeps while its user is at the identity provider."""
        return self.request.cookies.get(self._name("oidc"))

    @property
    def bearer(self) -> str | None:
        """The bearer token, or None. Raises NotSignedIn for credentials of another kind."""
        given = self.request.headers.get("authorization")
        if given is None:
            return None
        scheme, _, secret = given.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise NotSignedIn()
        return secret.strip()

    def identify(self, tx: Tx) -> Caller:
        """The caller. Raises NotSignedIn; RequestForged when a session's change doesn't come from its own page."""
        if (bearer := self.bearer) is not None:
            caller = sessions.by_token(tx, bearer, self.now)
        elif (secret := self.session_secret) is not None:
            caller = sessions.by_session(tx, secret, self.now)
            given = self.request.headers.get(CSRF_HEADER, "")
            if self.request.method not in SAFE and not is_csrf_token(given, secret):
                raise RequestForged()
        else:
            raise NotSignedIn()
        self.request.state.user_id = caller.user_id
        return caller

    def note_refused_token(self) -> None:
        """Write into the access log, now and then, that a token was refused. Only after the request's transaction."""
        secret = self.request.headers.get("authorization", "").partition(" ")[2].strip()
        if secret:
            seldom = self.installation.door.seldom
            sessions.note_refused_token(self.installation.database, seldom, secret, self.origin, self.now)

    def require_machine(self) -> None:
        """Require the installation's own token. Raises NotSignedIn, always when the settings have no token."""
        if not metrics.may_read(self.installation.settings.metrics_token, self.bearer):
            raise NotSignedIn()

    def note_seen(self, caller: Caller) -> None:
        """Note now and then that the session is in use, in a transaction of its own. Who only reads isn't kept from it
        by a database that takes no changes, nor made to wait for one that is busy."""
        if caller.session is None or caller.seen_lately(self.now) or not self.installation.noting.acquire(False):
            return
        try:
            with self.installation.database.write(NOTE_SECONDS) as tx:
                session_rows.note_session_used(tx, caller.session, self.now)
        except SQLAlchemyError as refused:
            if (fault := database_fault(refused)) is None:
                raise
            log.info("use of the session not noted", fault=fault.name)
        finally:
            self.installation.noting.release()

    def set_cookie(self, name: str, value: str, seconds: int) -> None:
        """Set a cookie for so many seconds; 0 makes the browser forget it."""
        self.cookies.append((self._name(name), value, seconds))

    def finish(self, response: Response) -> Response:
        for name, value in self.headers.items():
            response.headers[name] = value
        for name, value, seconds in self.cookies:
            response.set_cookie(
                name,
                value,
                max_age=seconds,
                path="/",
                secure=self.installation.settings.https,
                httponly=True,
                samesite="lax",
            )
        return response

    def _name(self, cookie: str) -> str:
        """With the prefix `__Host-` the browser accepts the cookie from this host alone, over https."""
        return f"__Host-paidan_{cookie}" if self.installation.settings.https else f"paidan_{cookie}"

"""The frame of every request: an id, security headers, one line in the log, and an answer to unexpected errors.

The log has ids and routes, never paths or bodies: a path may hold a survey's token, a body a customer's data.
"""

from __future__ import annotations

import secrets
import time
import traceback
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatch.runtime import metrics
from dispatch.web.problems import MEDIA_TYPE, OF_HTTP, respond

log = structlog.get_logger()

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # whoever has a survey's address may answer it
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def content_policy(nonce: str) -> str:
    """The content security policy: scripts only as files of this host; inline styles carry the page's nonce."""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "style-src-attr 'unsafe-inline'",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class RequestGuard:
    """The outermost middleware. It sets `request_id`, and `nonce` for a page's styles, in `scope["state"]`."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self.app = app
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["request_id"], state["nonce"] = str(uuid.uuid4()), secrets.token_urlsafe(16)
        began, answer = time.perf_counter(), _Answer(scope, receive, send, self._add_headers)
        try:
            await self.app(scope, answer.receive, answer.send)
        except Exception as broken:
            log.error(
                "unexpected", request=state["request_id"], error=type(broken).__name__, place=place_of_error(broken)
            )
            if answer.status != 500:  # the answer broke off; no other log has the error
                raise ConnectionAbortedError("the answer broke off") from None
        finally:
            # A long stream is not slow, neither is a request that asked to wait, nor we when the client is.
            took = (answer.started_at or time.perf_counter()) - began - state.get("waited", 0.0) - answer.received_in
            operation = getattr(scope.get("route"), "operation_id", None)
            metrics.API.labels(operation or "none", f"{answer.status // 100}xx").observe(took)
            log.info(
                "request",
                request=state["request_id"],
                method=scope["method"],
                operation=operation,
                status=answer.status,
                ms=round(took * 1000),
                user=state.get("user_id"),
            )

    def _add_headers(self, headers: MutableHeaders, state: dict[str, Any]) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Security-Policy", content_policy(state["nonce"]))
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Request-Id"] = state["request_id"]
        if self.https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")


class _Answer:
    """Add our headers, and turn the framework's refusal of a large body into a problem document."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, add_headers: Callable[[MutableHeaders, dict[str, Any]], None]
    ) -> None:
        self.scope, self._receive, self._send, self._add_headers = scope, receive, send, add_headers
        self.status = 0
        self.started_at: float | None = None
        self.received_in = 0.0
        """Seconds for which the request's body was awaited."""
        self._replaced = False

    async def receive(self) -> Message:
        began = time.perf_counter()
        message = await self._receive()
        if self.started_at is None:  # afterwards it only waits for the client to go away
            self.received_in += time.perf_counter() - began
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            self.status, self.started_at = message["status"], time.perf_counter()
            self._add_headers(headers, self.scope["state"])
            if self.status == 413 and headers.get("content-type") != MEDIA_TYPE:
                self._replaced = True
                problem = respond(Request(self.scope), 413, *OF_HTTP[413])
                self._add_headers(problem.headers, self.scope["state"])
                await problem(self.scope, self.receive, self._send)
        if not self._replaced:
            await self._send(message)


def place_of_error(broken: BaseException) -> str:
    """The place in our own code where the error arose, without its text, which may quote rows."""
    ours = [frame for frame in traceback.extract_tb(broken.__traceback__) if "/dispatch/" in frame.filename]
    return " < ".join(f"{frame.filename.rpartition('/dispatch/')[2]}:{frame.lineno}" for frame in reversed(ours[-4:]))

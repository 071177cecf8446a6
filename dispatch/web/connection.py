"""One connection of a visitor: what its client is at, and for how long it may be.

uvicorn gives a client as long as it likes. Here every connection is looked at now and then: what its client is at
follows from what has come and gone.
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from dispatch.web.connection_guard import ClosingReason, ConnectionGuard
from dispatch.web.problems import refused_connection

LONGEST_HEAD = 65_536
"""Bytes of a head, of trailers, or of anything else that is no body."""


class GuardedConfig(Config):
    """A server whose connections are guarded. `options` are uvicorn's."""

    def __init__(self, app: Any, guard: ConnectionGuard, **options: Any) -> None:
        super().__init__(app, http=GuardedConnection, ws="none", timeout_keep_alive=guard.limits.idle, **options)
        self.guard = guard


class ConnectionStage(Enum):
    """What a connection is at."""

    HEAD = auto()
    """The head of a request is awaited: of the first since the connection was opened, of a further one since its first
    byte."""
    BODY = auto()
    """A request's body is coming in."""
    WORK = auto()
    """A request is at work here, or has been answered in part: a stream of events stays here."""
    SENDING = auto()
    """Parts of an answer wait for the client to take them, also after the connection was closed."""
    REST = auto()
    """A request was answered before it was whole; the rest of it is thrown away."""
    IDLE = auto()
    """A further request may come."""
    CLOSED = auto()


class GuardedConnection(HttpToolsProtocol):
    """uvicorn's connection, with limits."""

    def __init__(
        self,
        config: GuardedConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.guard = config.guard
        self.address = ""
        self._begun = self._incoming = False
        """Whether the first byte of a request has come, and whether its head is whole and its body isn't."""
        self._requests = self._received = self._resumed = 0
        """Requests begun, bytes received, and times that the client had taken nearly all that waited for it."""
        self._unread = 0
        """Bytes received since a head, a piece of a body or a whole request was last understood."""
        self._seen: tuple[object, ...] = ()
        self._since = self._mark = 0.0

    # -- what happens ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self.guard.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.guard.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        self._unread += len(data)
        super().data_received(data)
        if self._unread > LONGEST_HEAD and not self.transport.is_closing():
            self._close(ClosingReason.LONG_HEAD, 431)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 — uvicorn's words
        """What can't be read as HTTP ends the connection, with the answer of every other error."""
        if not (self._is_at_work and self.cycle.response_started):
            self._answer(400)
        self.transport.close()

    def resume_writing(self) -> None:
        self._resumed += 1
        super().resume_writing()

    def on_message_begin(self) -> None:
        self._begun = True
        self._requests += 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._begun, self._incoming, self._unread = False, True, 0
        self.guard.works(self)
        if self._head_length() > LONGEST_HEAD:  # a head that came at once: `data_received` saw it when it was whole
            self.guard.note(ClosingReason.LONG_HEAD)
            self.app = _refusal(431)
        elif not self._names_its_host():
            self.app = _refusal(400)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._incoming, self._unread = False, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.stage in (ConnectionStage.IDLE, ConnectionStage.REST):
            self.guard.waits(self)

    # -- what the guard does ----------------------------------------------------------------------------------

    def give_way(self) -> None:
        if self._begun:
            self._answer(503)
        self.transport.close()

    def refuse_requests(self) -> None:
        self.app = _refusal(503)

    def look(self, now: float) -> None:
        stage, limits = self.stage, self.guard.limits
        seen = stage, self._requests, self._resumed
        if seen != self._seen:
            self._seen, self._since, self._mark = seen, now, self._moved(stage)
            if stage is ConnectionStage.IDLE:
                self.guard.waits(self)  # also who has taken a long answer since it was complete
            return
        took = now - self._since
        match stage:
            case ConnectionStage.HEAD if took >= limits.head:
                self._close(ClosingReason.SLOW_HEAD, 408 if self._begun else None)
            case ConnectionStage.BODY if took >= limits.window and self._is_slow(stage, now):
                self._close(ClosingReason.SLOW_BODY, None if self.cycle.response_started else 408)
            case ConnectionStage.SENDING if took >= limits.window and self._is_slow(stage, now):
                self.guard.note(ClosingReason.SLOW_READER)
                self.transport.abort()
            case ConnectionStage.REST | ConnectionStage.IDLE if took >= limits.idle:
                self.transport.close()
            case ConnectionStage.CLOSED if took >= limits.idle:
                self.transport.abort()

    @property
    def stage(self) -> ConnectionStage:
        if self.transport.get_write_buffer_size():
            return ConnectionStage.SENDING
        if self.transport.is_closing():
            return ConnectionStage.CLOSED
        if self._is_at_work:
            return ConnectionStage.BODY if self._incoming and not self._makes_client_wait else ConnectionStage.WORK
        if self._incoming:
            return ConnectionStage.REST
        return ConnectionStage.HEAD if self._begun or not self._requests else ConnectionStage.IDLE

    @property
    def _is_at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _makes_client_wait(self) -> bool:
        """Return whether the client may not send on yet: it is not the client, then, who is slow."""
        return self.flow.read_paused or self.cycle.waiting_for_100_continue

    def _head_length(self) -> int:
        """Bytes of the head that was just read, as short as it could have been written."""
        line = len(self.parser.get_method()) + len(self.url) + len("  HTTP/1.1\r\n")
        return line + sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers) + len("\r\n")

    def _names_its_host(self) -> bool:
        """Return whether the head names one host, as HTTP/1.1 wants. Source: RFC 9112, 3.2."""
        hosts = sum(name == b"host" for name, _ in self.headers)
        return hosts == 1 or (hosts == 0 and self.parser.get_http_version() == "1.0")

    def _moved(self, stage: ConnectionStage) -> int:
        """Bytes that have gone the way that this stage is about."""
        return -self.transport.get_write_buffer_size() if stage is ConnectionStage.SENDING else self._received

    def _is_slow(self, stage: ConnectionStage, now: float) -> bool:
        """Return whether too little came, or was taken, since the last look; if not, a new window begins."""
        moved = self._moved(stage)
        if moved - self._mark < self.guard.limits.slowest * (now - self._since):
            return True
        self._since, self._mark = now, moved
        return False

    def _close(self, reason: ClosingReason, status: int | None) -> None:
        """Close the connection, with an answer of this status. A request under way learns that its client is gone."""
        self.guard.note(reason)
        self.guard.leave(self)
        if status is not None and not (self._is_at_work and self.cycle.response_started):
            self._answer(status)
        if self._is_at_work:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _answer(self, status: int) -> None:
        headers = dict(self.headers or ())
        told = refused_connection(status, headers.get(b"accept-language", b"").decode("latin-1"))
        lines = [STATUS_LINE[status]]
        for name, value in [*self.server_state.default_headers, *told.raw_headers]:
            lines += [name, b": ", value, b"\r\n"]
        self.transport.write(b"".join([*lines, b"\r\n", bytes(told.body)]))


def _refusal(status: int) -> ASGIApp:
    """An application that answers every request with this status, after which the connection is closed."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        told = refused_connection(status, dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1"))
        await told(scope, receive, send)

    return refuse

"""The server of a web process: uvicorn's, which looks after its connections and ends its streams."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from dispatch.web.connection import GuardedConfig
from dispatch.web.connection_guard import ConnectionGuard

BACKLOG = 512
"""Connections that the system keeps until they are taken."""
TICKS = 10
"""uvicorn's ticks, of a tenth of a second, from one look at all connections to the next."""


class Server(uvicorn.Server):
    """Serves an ASGI application. `ending` is called before the server waits for requests that are under way."""

    def __init__(
        self, app: Any, guard: ConnectionGuard, *, proxies: str = "", ending: Callable[[], None] = lambda: None
    ) -> None:
        config = GuardedConfig(
            app,
            guard,
            log_level=logging.WARNING,
            access_log=False,  # its lines contain whole paths, and so the tokens of surveys
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            backlog=BACKLOG,
            timeout_graceful_shutdown=10,
        )
        super().__init__(config)
        self.guard, self.ending = guard, ending

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS == 0:
            self.guard.look()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.ending()
        await super().shutdown(sockets)

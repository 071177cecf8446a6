"""The methods that an address takes: HEAD wherever GET answers, and a true list in `Allow`.

HEAD is no route of its own, since each would be one more operation in the OpenAPI description.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


class HeadAsGet:
    """A middleware that answers HEAD with the status and headers of GET. What would follow them, such as a stream of
    events, is told that the client is gone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        inner = {**scope, "method": "GET"}  # the server still has to know that it was HEAD
        answer = _HeadersAlone(receive, send)
        try:
            await self.app(inner, answer.receive, answer.send)
        finally:
            if "route" in inner:
                scope["route"] = inner["route"]  # for the log and the metrics


class _HeadersAlone:
    """One answer without its body."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._asked = False
        self._answered = asyncio.Event()

    async def receive(self) -> Message:
        """The request's body, and then that the client is gone, as soon as the headers are sent."""
        if not self._asked:
            self._asked = True
            return await self._receive()
        await self._answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._send(message)
            await self._send({"type": "http.response.body", "body": b""})
            self._answered.set()


def allowed_methods(request: Request) -> str:
    """The value of `Allow` for the address of this request; empty when there is no such address."""
    whole = request.scope.get("app_root_path", request.scope.get("root_path", ""))  # also inside of a mounted folder
    taken: set[str] = set()
    for route in request.app.routes:
        methods = ("GET",) if isinstance(route, Mount) else METHODS  # a folder of static files takes GET alone
        taken.update(each for each in methods if _takes(route, {**request.scope, "root_path": whole, "method": each}))
    if taken:
        taken |= {"OPTIONS", *({"HEAD"} if "GET" in taken else ())}
    return ", ".join(sorted(taken))


def _takes(route: Any, scope: Scope) -> bool:
    return bool(route.matches(scope)[0] is Match.FULL)

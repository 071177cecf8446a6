"""JSON read strictly: a key that stands twice in one object is refused, since readers differ in which value counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dispatch.domain.title import Wording

LONGEST_SHOWN = 40


class MalformedBody(HTTPException):
    """A body that can't be read, with what is wrong in both languages."""

    def __init__(self, said: Wording) -> None:
        super().__init__(400, said.en)
        self.said = said


def read(content: bytes | str, **options: Any) -> Any:
    """The JSON's value. Raises MalformedBody for a key that stands twice, ValueError for what is no JSON."""
    return json.loads(content, object_pairs_hook=_object, **options)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)[:LONGEST_SHOWN]
        raise MalformedBody(Wording(f"JSON 中的键 {twice} 出现两次", f"The key {twice} stands twice in the JSON."))
    return made


class _StrictRequest(Request):
    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = read(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route whose body is read by `read`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly

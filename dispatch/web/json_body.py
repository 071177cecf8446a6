"""A request's JSON as it was sent, for what reads it by a model of its own: it allows what a command's JSON allows.

A route's body of FastAPI's is read as Python's own kinds, in which a date, say, is no text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from dispatch.domain.title import Wording, WrongValue

Json = dict[str, Any]


async def _read(request: Request) -> Json:
    """Raises RequestValidationError for what is no object of JSON."""
    try:
        found = json.loads(await request.body() or b"{}", parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise invalid([((), Wording("不是 JSON", "that is no JSON"))]) from None
    if not isinstance(found, dict):
        raise invalid([((), Wording("请求应为对象 {…}", "the request must be an object {…}"))])
    return found


Sent = Annotated[Json, Depends(_read)]
"""An endpoint's parameter of this kind is the request's JSON."""


def invalid(faults: Sequence[tuple[tuple[str | int, ...], Wording]]) -> RequestValidationError:
    """To be raised: where the request isn't of the documented form, and what is wrong there."""
    return RequestValidationError(
        [
            {
                "loc": ("body", *path),
                "msg": said.en,
                "type": "value_error",
                "ctx": {"error": WrongValue(said.zh, said.en)},
            }
            for path, said in faults
        ]
    )


def described(model: type[BaseModel], without: str, instead: Mapping[str, Json]) -> Json:
    """The body as OpenAPI describes it: the model's fields but for one, some put in another way."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})
    schema["properties"] = {
        name: instead.get(name, about) for name, about in schema["properties"].items() if name != without
    }
    return {"required": True, "content": {"application/json": {"schema": _inlined(schema, parts)}}}


def _inlined(schema: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(schema, dict):
        name = schema.get("$ref", "").rpartition("/")[2]
        own = {key: _inlined(each, parts) for key, each in schema.items() if key != "$ref"}
        return {**_inlined(parts[name], parts), **own} if name else own
    return [_inlined(each, parts) for each in schema] if isinstance(schema, list) else schema


def _no_number(word: str) -> float:
    raise ValueError(word)
